"""Azure roles: what the Bicep files give is what the tables of permissions say, and no more."""

import re
from collections.abc import Iterator, Mapping

from shared.permissions import GRANTS, NEEDS, Section
from shared.permissions.deployment import Holder
from tools.bicep.roles import assignments, built_in_roles
from tools.bicep.syntax import BicepFile

HOLDERS = {
    "identities.outputs.appPrincipalId": Holder.APP,
    "identities.outputs.relayPrincipalId": Holder.RELAY,
    "topic.identity.principalId": Holder.TOPIC,
    "sentinelPrincipalId": Holder.SENTINEL,
    "principalId": Holder.DEPLOYER,
    "trim(publisher)": Holder.PUBLISHER,
}
"""Who is meant by what main.bicep gives to a module, or by a resource of its own."""
WHEN = {
    ("modules/durable-scheduler.bicep", Holder.APP): "usesScheduler",
    ("modules/firewall.bicep", Holder.APP): "blockAtFirewall",
    ("modules/firewall-rule.bicep", Holder.APP): "blockAtFirewall",
    ("modules/vault.bicep", Holder.DEPLOYER): "!empty(deployerPrincipalId)",
    ("modules/relay.bicep", Holder.SENTINEL): "!empty(sentinelPrincipalId)",
}
"""When a role is given that is not always: what is switched off grants nothing."""
SCOPES = {
    ("modules/host-storage.bicep", "account"): "the host's storage account",
    ("modules/durable-scheduler.bicep", "hub"): "the task hub",
    ("modules/monitoring.bicep", "insights"): "Application Insights",
    ("modules/vault.bicep", "vault"): "the vault",
    ("modules/sentinel-workspace.bicep", "workspace"): "the workspace",
    ("modules/relay.bicep", "site"): "the app",
    ("modules/relay.bicep", ""): "the resource group",
    ("modules/event-topic.bicep", "undelivered"): "the container for undelivered events",
    ("modules/event-topic.bicep", "topic"): "the Event Grid topic",
    ("modules/evidence-storage.bicep", "cases"): "the case container",
    ("modules/evidence-storage.bicep", "evidence"): "the evidence container",
    ("modules/firewall.bicep", "blocked"): "that IP group only",
    ("modules/firewall-rule.bicep", "policy"): "the firewall policy",
}
"""How the tables call what a role is assigned on, by file and resource."""
COVERED = {"Microsoft Sentinel Reader"}
"""Roles of the table that another one on the same scope includes."""
_ACTION = re.compile(r"Microsoft\.[\w/]+")
type Given = tuple[Holder, str | tuple[str, ...], str]


def check(files: Mapping[str, BicepFile]) -> list[str]:
    """Return which roles are missing, and which nobody asked for."""
    try:
        deployed = given(files)
    except (KeyError, ValueError) as error:
        return [f"infra: a role assignment cannot be read: {error}"]
    asked = in_the_tables()
    problems = list(_conditions(files))
    problems += [f"infra: {_say(one)} is missing" for one in asked - deployed]
    problems += [f"infra: {_say(one)} is in no table" for one in deployed - asked]
    known = {role for _, role, _ in deployed if isinstance(role, str)}
    unused = {name for name, role in built_in_roles().items() if role not in known}
    problems += [f"infra/roles.json: nobody is given {name}" for name in unused]
    return sorted(problems)


def given(files: Mapping[str, BicepFile]) -> set[Given]:
    """Return what the Bicep files give: holder, role, scope.

    Raises:
        KeyError: a holder or scope is not among the known ones.
        ValueError: an assignment is written so that it cannot be read.
    """
    return {
        (HOLDERS[one.holder], one.role, SCOPES[one.file, one.name]) for one in assignments(files)
    }


def _conditions(files: Mapping[str, BicepFile]) -> Iterator[str]:
    for one in assignments(files):
        holder = HOLDERS[one.holder]
        wanted = WHEN.get((one.file, holder), "")
        kind = "deployerPrincipalType" if holder is Holder.DEPLOYER else "'ServicePrincipal'"
        if one.kind != kind:
            yield f"infra/{one.file}: {holder} must be of the type {kind}"
        if one.condition != wanted:
            when = f"only if {wanted}" if wanted else "always"
            yield f"infra/{one.file}: a role for {holder} must be given {when}"


def in_the_tables() -> set[Given]:
    """Return what ``shared/permissions`` asks for."""
    needs: set[Given] = {
        (Holder.APP, one.role_id or actions(f"{one.permission} {one.also}"), one.scope)
        for one in NEEDS
        if one.section is Section.AZURE and not one.by_hand and one.permission not in COVERED
    }
    return needs | {(one.holder, one.role_id or actions(one.role), one.scope) for one in GRANTS}


def actions(text: str) -> tuple[str, ...]:
    """Return the actions of a custom role; those after the first may be shortened by dots."""
    found = _ACTION.findall(text)
    start = found[0].rpartition("/blobs/")[0]
    found += [f"{start}{one}" for one in re.findall(r"`\.\.\.(/blobs/[\w/]+)`", text)]
    return tuple(sorted(found, key=str.lower))


def _say(one: Given) -> str:
    holder, role, scope = one
    names = {role_id: name for name, role_id in built_in_roles().items()}
    what = names.get(role, role) if isinstance(role, str) else ", ".join(role)
    return f"{what} for {holder} on {scope}"
