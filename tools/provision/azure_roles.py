"""Azure roles of the app's and the relay's identity, as far as they are switched off by now.

A deployment adds and changes, and takes nothing away (Azure Resource Manager's incremental mode): a
role that was given for a feature would stay when the feature is switched off. Taken away is only
what these templates gave to these two identities, which its name proves: each of them is
``guid(scope, principal, role)``, and nobody else makes that name.

What is switched off is said by the choices in azd's environment, which every deployment puts out. A
choice that is not there at all was never deployed or not fetched: nothing is taken by it.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple
from uuid import UUID, uuid5

from shared.odata import odata_literal
from shared.permissions.azure import LOG_ANALYTICS_READER
from shared.permissions.deployment import Holder
from tools.provision.cloud import ARM, SUBSCRIPTION, Cloud, CloudError, Denied, Json, Missing

VERSION = "2022-04-01"
NAMESPACE = UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")
"""Of Bicep's ``guid()``: a version 5 UUID of its arguments with hyphens between them (Microsoft's
reference of Bicep's string functions)."""
IDENTITIES = {
    Holder.APP: "TOURNIQUET_IDENTITY_PRINCIPAL_ID",
    Holder.RELAY: "TOURNIQUET_RELAY_PRINCIPAL_ID",
}
ELSEWHERE = ("SENTINEL_WORKSPACE_ID", "FIREWALL_POLICY_ID")
"""What may be in another subscription."""
CHOICES = ("DURABLE_BACKEND", "BLOCK_AT_FIREWALL", "FIREWALL_POLICY_ID", "SENTINEL_WORKSPACE_ID")
DEPLOYED = "TOURNIQUET_DEPLOYED_CHOICES"
REMEMBERED = "ROLE_SUBSCRIPTIONS"
PLACEHOLDER = "192.0.2.1"
"""The one address of an IP group that blocks nobody (firewall.bicep)."""
_ASSIGNMENTS = "/providers/Microsoft.Authorization/roleAssignments"
_SENTINEL_RESPONDER = "3e150937-b8fe-4cfb-8069-0eaf05ecd056"
_TASK_HUB_CONTRIBUTOR = "0ad04412-c4d5-4796-b79c-f76d14c8d402"
_EVENT_SENDER = "d5a91429-5739-47e2-a06b-3470a27159e7"


def _uses_scheduler(cloud: Cloud, _: str) -> bool:
    return cloud.value("DURABLE_BACKEND") == "azureManaged"


def _blocks(cloud: Cloud, _: str) -> bool:
    return cloud.value("BLOCK_AT_FIREWALL").lower() == "true"


def _is_policy(cloud: Cloud, scope: str) -> bool:
    chosen = cloud.value("FIREWALL_POLICY_ID")
    made = scope.rpartition("/")[2].startswith("afwp-tourniquet-")
    return _blocks(cloud, scope) and (_same(scope, chosen) if chosen else made)


def _is_workspace(cloud: Cloud, scope: str) -> bool:
    chosen = cloud.value("SENTINEL_WORKSPACE_ID")
    current = chosen or cloud.value("TOURNIQUET_TELEMETRY_WORKSPACE_ID")
    return not current or _same(scope, current)


def _same(one: str, other: str) -> bool:
    return one.rstrip("/").lower() == other.rstrip("/").lower()


class Role(NamedTuple):
    """A role that is not given always, or on another resource after a change.

    Attributes:
        holder: who is given it.
        name: what people call it.
        role: the id of a built-in role; of a custom one, how its name begins.
        kind: the type of resource that it is given on.
        chosen_by: the choices that decide it, by their names in azd's environment.
        is_on: whether these give it on this resource.
    """

    holder: Holder
    name: str
    role: str
    kind: str
    chosen_by: tuple[str, ...]
    is_on: Callable[[Cloud, str], bool]


_on_workspace = partial(
    Role,
    kind="Microsoft.OperationalInsights/workspaces",
    chosen_by=("SENTINEL_WORKSPACE_ID",),
    is_on=_is_workspace,
)
ROLES = (
    Role(
        Holder.APP,
        "Durable Task Data Contributor",
        _TASK_HUB_CONTRIBUTOR,
        "Microsoft.DurableTask/schedulers/taskHubs",
        ("DURABLE_BACKEND",),
        _uses_scheduler,
    ),
    Role(
        Holder.APP,
        "writing the IP group",
        "Tourniquet IP group writer ",
        "Microsoft.Network/ipGroups",
        ("BLOCK_AT_FIREWALL",),
        _blocks,
    ),
    Role(
        Holder.APP,
        "reading the firewall's rules",
        "Tourniquet firewall rule reader ",
        "Microsoft.Network/firewallPolicies",
        ("BLOCK_AT_FIREWALL", "FIREWALL_POLICY_ID"),
        _is_policy,
    ),
    _on_workspace(Holder.APP, "Log Analytics Reader", LOG_ANALYTICS_READER),
    _on_workspace(Holder.APP, "Microsoft Sentinel Responder", _SENTINEL_RESPONDER),
    _on_workspace(Holder.RELAY, "Microsoft Sentinel Responder", _SENTINEL_RESPONDER),
)
PUBLISHERS = "EVENT_PUBLISHER_IDS"


def take_back_deployed(cloud: Cloud) -> Iterator[str]:
    """Do it, unless a choice is another than the app was deployed with and goes by.

    Raises:
        Denied: as `take_back`.
        CloudError: as `take_back`.
    """
    deployed = cloud.value(DEPLOYED)
    if deployed and deployed.lower() != ";".join(map(cloud.value, CHOICES)).lower():
        yield f"left: Azure roles, as {', '.join(CHOICES)} are not as deployed: `azd provision`"
    else:
        yield from take_back(cloud)


def take_back(cloud: Cloud) -> Iterator[str]:
    """Take away what is switched off; yield what was done, and what people may want to do.

    Raises:
        Denied: the deployer may not read or delete role assignments somewhere; the rest is done.
        CloudError: Azure refused otherwise.
    """
    cloud.remember(REMEMBERED, ",".join(_subscriptions(cloud)))
    refused: list[Denied] = []
    for one in _parts(cloud):
        try:
            yield from one
        except Denied as error:
            refused.append(error)
    if refused:
        raise refused[0]


def _parts(cloud: Cloud) -> Iterator[Iterable[str]]:
    """Yield what has to do with one another's right: who lacks one may have the next."""
    for subscription in _subscriptions(cloud):
        for holder in IDENTITIES:
            yield _held(cloud, holder, subscription)
    yield _publishers(cloud)


def _held(cloud: Cloud, holder: Holder, subscription: str) -> Iterator[str]:
    principal = cloud.value(IDENTITIES[holder])
    if principal:
        url = f"{ARM}/subscriptions/{subscription}{_ASSIGNMENTS}"
        # Read to the end first: pages shift while assignments go.
        for one in list(_list(cloud, url, f"&$filter=principalId eq {odata_literal(principal)}")):
            yield from _look_at(cloud, holder, one)


def assignment_name(scope: str, principal: str, role_id: str) -> str:
    """Return the name that the templates give to the assignment of a role."""
    return str(uuid5(NAMESPACE, f"{scope}-{principal}-{role_id}"))


def _look_at(cloud: Cloud, holder: Holder, assignment: Json) -> Iterator[str]:
    about = assignment["properties"]
    # Never another's, whatever the service lists.
    if about["principalId"] != cloud.value(IDENTITIES[holder]):
        return
    scope = str(about["scope"])
    role = _role_of(cloud, holder, scope, str(about["roleDefinitionId"]))
    if role is None or role.is_on(cloud, scope):
        return
    unknown = [one for one in role.chosen_by if not cloud.knows(one)]
    if unknown:
        yield f"left: {role.name} on {scope}: azd's environment does not say {', '.join(unknown)}"
        return
    if not _is_ours(assignment):
        yield f"left: {role.name} on {scope}, which somebody else gave to {holder}"
        return
    try:
        cloud.send("delete", f"{ARM}{assignment['id']}?api-version={VERSION}")
    except Missing:
        return
    except Denied:
        raise
    except CloudError as error:
        # A lock on the resource, which keeps nobody from deploying.
        yield f"{role.name} on {scope} could not be taken away: {error}"
        return
    yield f"taken away: {role.name} on {scope}: not needed"
    if role.kind == "Microsoft.Network/ipGroups":
        yield from _still_blocked(cloud, scope)


def _role_of(cloud: Cloud, holder: Holder, scope: str, definition: str) -> Role | None:
    kind = kind_of(scope)
    for one in ROLES:
        if one.holder is holder and one.kind.lower() == kind.lower():
            if _last(definition) == one.role:
                return one
            if one.role.endswith(" ") and _name_of(cloud, definition).startswith(one.role):
                return one
    return None


def kind_of(scope: str) -> str:
    """Return the type of a resource, from its id; empty for what is no resource."""
    _, found, path = scope.rpartition("/providers/")
    provider, *parts = path.split("/")
    return "/".join([provider, *parts[::2]]) if found else ""


def _name_of(cloud: Cloud, definition: str) -> str:
    found = cloud.get(f"{ARM}{definition}?api-version={VERSION}")
    return str(found["properties"]["roleName"])


def _is_ours(assignment: Json) -> bool:
    about = assignment["properties"]
    scopes = {str(about["scope"]), str(assignment["id"]).rpartition(_ASSIGNMENTS)[0]}
    names = {
        assignment_name(scope, about["principalId"], _last(about["roleDefinitionId"]))
        for scope in scopes
    }
    return str(assignment["name"]).lower() in names


def _still_blocked(cloud: Cloud, group: str) -> Iterator[str]:
    about = cloud.get(f"{ARM}{group}?api-version=2024-10-01").get("properties", {})
    left = [one for one in about.get("ipAddresses", []) if one != PLACEHOLDER]
    if left:
        yield (
            f"the IP group still denies {len(left)} addresses, which nobody lifts now: empty it, "
            f"or leave {PLACEHOLDER} in it: {group}"
        )


def _publishers(cloud: Cloud) -> Iterator[str]:
    """Say who may still publish events; who that is belongs to others, so that nothing is taken."""
    topic, group = cloud.value("TOURNIQUET_EVENT_TOPIC"), cloud.value("AZURE_RESOURCE_GROUP")
    if not topic or not cloud.knows(PUBLISHERS):
        return
    chosen = {one.strip().lower() for one in cloud.value(PUBLISHERS).split(",")}
    place = f"/subscriptions/{cloud.value(SUBSCRIPTION)}/resourceGroups/{group}"
    scope = f"{place}/providers/Microsoft.EventGrid/topics/{topic}"
    for one in _list(cloud, f"{ARM}{scope}{_ASSIGNMENTS}"):
        about = one["properties"]
        here = _same(str(about["scope"]), scope) and _is_ours(one)
        sends = _last(about["roleDefinitionId"]) == _EVENT_SENDER
        if here and sends and str(about["principalId"]).lower() not in chosen:
            yield (
                f"{about['principalId']} may still publish events and is not in "
                f"{PUBLISHERS}: `az role assignment delete --ids {one['id']}`"
            )


def _subscriptions(cloud: Cloud) -> list[str]:
    known = {cloud.value(SUBSCRIPTION), *cloud.value(REMEMBERED).split(",")}
    known |= {cloud.value(one).partition("/subscriptions/")[2].split("/")[0] for one in ELSEWHERE}
    return sorted(one.lower() for one in known if one)


def _list(cloud: Cloud, url: str, chosen: str = "") -> Iterator[Json]:
    url = f"{url}?api-version={VERSION}{chosen}"
    try:
        while url:
            page = cloud.get(url)
            yield from page.get("value", [])
            url = page.get("nextLink", "")
    except Missing:
        # A subscription or topic that is gone, and its role assignments with it.
        return


def _last(resource_id: str) -> str:
    return resource_id.rpartition("/")[2].lower()
