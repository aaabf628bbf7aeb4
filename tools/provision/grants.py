"""Application permissions and directory role of the app's identity, from the table of permissions.

Granted is what ``shared/permissions`` says for the features that are on, and nothing else: what an
earlier run granted and is not needed any more is taken away, unless azd's environment does not even
have the choice that it hangs on. While the app only observes, what changes something is not
granted.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from shared.models.case import OperatingMode
from shared.odata import odata_literal
from shared.permissions import DIRECTORY_ROLES, NEEDS, DirectoryRole, Section
from shared.policy import observes
from shared.settings import Settings
from tools.provision.cloud import GRAPH, Cloud, Json, Missing

APIS = {
    Section.GRAPH: "00000003-0000-0000-c000-000000000000",
    Section.DEFENDER: "fc780465-2017-40d4-a0c5-307022471b92",
}
"""Application ids of Microsoft's own APIs, the same in every tenant."""
TRIES, PAUSE_SECONDS = 12, 10.0
ROLE_CHOICE = "DIRECTORY_ROLE"
MODE = "TOURNIQUET_MODE"
CHOICES = (MODE, ROLE_CHOICE, "TOURNIQUET_DEFENDER_ENABLED", "TOURNIQUET_NAMED_LOCATION_ID")
"""What decides a grant; every deployment puts them out, so that a refresh brings them back."""
ROLE_CHOICES = ("user", "privileged", "none")


@dataclass(frozen=True)
class Wanted:
    """What the identity is to hold."""

    app_roles: dict[Section, dict[str, str]]
    """By API: names of application permissions by their id."""
    directory_roles: tuple[DirectoryRole, ...]


def deployed_settings() -> Settings:
    """Return the settings as provisioning gives them to the app: without a mode it observes."""
    settings = Settings()
    if settings.mode is None:
        settings = settings.model_copy(update={"mode": OperatingMode.OBSERVE})
    return settings


def wanted(settings: Settings, role_choice: str = "") -> Wanted:
    """Return what the features that are on need.

    Raises:
        ValueError: the choice of a directory role is none of ``ROLE_CHOICES``.
    """
    choice = role_choice or ROLE_CHOICES[0]
    if choice not in ROLE_CHOICES:
        raise ValueError(f"{ROLE_CHOICE} must be one of {', '.join(ROLE_CHOICES)}")
    only_observes = observes(settings)
    app_roles = {
        section: {
            need.role_id: need.permission
            for need in NEEDS
            if need.section is section
            and need.role_id
            and need.is_on(settings)
            and not need.by_hand
            and not (only_observes and need.changes)
        }
        for section in APIS
    }
    least, more = DIRECTORY_ROLES
    roles = {"user": (least,), "privileged": (more,), "none": ()}[choice]
    return Wanted(app_roles, () if only_observes else roles)


def grant(
    cloud: Cloud, principal_id: str, needed: Wanted, *, pause: float = PAUSE_SECONDS
) -> Iterator[str]:
    """Make the identity hold what is needed; yield what was done.

    Raises:
        Denied: the deployer is no Privileged Role Administrator.
        CloudError: Graph refused otherwise, or does not know the identity after two minutes.
    """
    _wait_for(cloud, principal_id, pause)
    held = _all(cloud, f"{GRAPH}/servicePrincipals/{principal_id}/appRoleAssignments")
    for section, api in APIS.items():
        roles = needed.app_roles[section]
        known = {need.role_id for need in NEEDS if need.section is section}
        resource = _service_principal(cloud, api) if roles or held else ""
        if not resource:
            if roles:
                yield f"this tenant has no {section}, so that nothing is granted there"
            continue
        ours = {one["appRoleId"]: one["id"] for one in held if one["resourceId"] == resource}
        for role_id, name in roles.items():
            if role_id not in ours:
                _assign(cloud, principal_id, resource, role_id)
                yield f"granted: {name} ({section})"
        for role_id in sorted((ours.keys() & known) - roles.keys()):
            unknown = _unknown(cloud, section, role_id)
            if unknown:
                yield _left(f"{_name_of(role_id)} ({section})", unknown)
                continue
            cloud.send(
                "delete",
                f"{GRAPH}/servicePrincipals/{principal_id}/appRoleAssignments/{ours[role_id]}",
            )
            yield f"taken away: {_name_of(role_id)} ({section}): not needed"
    yield from _directory_roles(cloud, principal_id, needed.directory_roles)


def _unknown(cloud: Cloud, section: Section, role_id: str) -> list[str]:
    """Return the choices by which the permission may be needed, and which nobody knows here."""
    needs = [one for one in NEEDS if one.section is section and one.role_id == role_id]
    needs = [one for one in needs if not one.by_hand]
    choices = {MODE for one in needs if one.changes}
    choices |= {f"TOURNIQUET_{one.setting.upper()}" for one in needs if one.setting}
    return sorted(one for one in choices if not cloud.knows(one))


def _left(what: str, unknown: list[str]) -> str:
    return f"left: {what}: azd's environment does not say {', '.join(unknown)}"


def _wait_for(cloud: Cloud, principal_id: str, pause: float) -> None:
    """Wait until Graph knows the identity, which was perhaps made a minute ago."""
    for left in reversed(range(TRIES)):
        try:
            cloud.get(f"{GRAPH}/servicePrincipals/{principal_id}?$select=id")
            return
        except Missing:
            if not left:
                raise
            time.sleep(pause)


def _assign(cloud: Cloud, principal_id: str, resource: str, role_id: str) -> None:
    body = {"principalId": principal_id, "resourceId": resource, "appRoleId": role_id}
    cloud.send("post", f"{GRAPH}/servicePrincipals/{principal_id}/appRoleAssignments", body)


def _name_of(role_id: str) -> str:
    return next(need.permission for need in NEEDS if need.role_id == role_id)


def _directory_roles(
    cloud: Cloud, principal_id: str, roles: tuple[DirectoryRole, ...]
) -> Iterator[str]:
    place = f"{GRAPH}/roleManagement/directory/roleAssignments"
    held = {
        one["roleDefinitionId"]: one["id"]
        for one in _all(cloud, f"{place}?$filter=principalId eq {odata_literal(principal_id)}")
    }
    names = {one.template_id: one.name for one in DIRECTORY_ROLES}
    for role in roles:
        if role.template_id not in held:
            body = {
                "principalId": principal_id,
                "roleDefinitionId": role.template_id,
                "directoryScopeId": "/",
            }
            cloud.send("post", place, body)
            yield f"granted: the directory role {role.name}"
    unknown = [one for one in (MODE, ROLE_CHOICE) if not cloud.knows(one)]
    for template_id in sorted(held.keys() & names.keys() - {one.template_id for one in roles}):
        if unknown:
            yield _left(f"the directory role {names[template_id]}", unknown)
            continue
        cloud.send("delete", f"{place}/{held[template_id]}")
        yield f"taken away: the directory role {names[template_id]}: not needed"


def _service_principal(cloud: Cloud, app_id: str) -> str:
    """Return the id of an API in this tenant; empty where the service was never switched on."""
    try:
        found = cloud.get(f"{GRAPH}/servicePrincipals(appId={odata_literal(app_id)})?$select=id")
    except Missing:
        return ""
    return str(found["id"])


def _all(cloud: Cloud, url: str) -> list[Json]:
    found: list[Json] = []
    while url:
        page = cloud.get(url)
        found += page.get("value", [])
        url = page.get("@odata.nextLink", "")
    return found
