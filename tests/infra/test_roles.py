"""Azure roles: what infra/ gives is what the tables say, no more and no less."""

import json
import re
from collections.abc import Mapping

import pytest

from shared.permissions import GRANTS, NEEDS, Grant, Section
from shared.permissions.deployment import Holder
from tests.infra.conftest import Seed
from tests.unit.source_files import ROOT
from tools.bicep.roles import Assignment, assignments, built_in_roles
from tools.bicep.syntax import BicepFile, Call, Name, walk

HOLDERS = {
    "appPrincipalId": Holder.APP,
    "relayPrincipalId": Holder.RELAY,
    "identityPrincipalId": Holder.RELAY,
    "topic": Holder.TOPIC,
    "sentinelPrincipalId": Holder.SENTINEL,
    "deployerPrincipalId": Holder.DEPLOYER,
}
SCOPES = {
    ("modules/host-storage.bicep", "account"): "the host's storage account",
    ("modules/durable-scheduler.bicep", "hub"): "the task hub",
    ("modules/monitoring.bicep", "insights"): "Application Insights",
    ("modules/vault.bicep", "vault"): "the vault",
    ("modules/sentinel-workspace.bicep", "workspace"): "the workspace",
    ("modules/relay.bicep", "site"): "the app",
    ("modules/relay.bicep", ""): "the resource group",
    ("modules/event-topic.bicep", "undelivered"): "the container for undelivered events",
    ("modules/evidence-storage.bicep", "cases"): "the case container",
    ("modules/evidence-storage.bicep", "evidence"): "the evidence container",
    ("modules/firewall.bicep", "blocked"): "that IP group only",
    ("modules/firewall-rule.bicep", "policy"): "the firewall policy",
}
COVERED = {"Microsoft Sentinel Reader"}
"""Roles of the table that another one on the same scope includes."""
ACTION = re.compile(r"Microsoft\.[\w/]+")
type Given = tuple[Holder, str | tuple[str, ...], str]


def given(files: Mapping[str, BicepFile]) -> set[Given]:
    return {
        (HOLDERS[one.holder], one.role, SCOPES[one.file, one.name]) for one in assignments(files)
    }


def in_the_tables() -> set[Given]:
    needs: set[Given] = {
        (Holder.APP, one.role_id or actions(f"{one.permission} {one.also}"), one.scope)
        for one in NEEDS
        if one.section is Section.AZURE and not one.by_hand and one.permission not in COVERED
    }
    return needs | {(one.holder, one.role_id or actions(one.role), one.scope) for one in GRANTS}


def actions(text: str) -> tuple[str, ...]:
    """The actions of a custom role, of which those after the first may be shortened by dots."""
    found = ACTION.findall(text)
    start = found[0].rpartition("/blobs/")[0]
    found += [f"{start}{one}" for one in re.findall(r"`\.\.\.(/blobs/[\w/]+)`", text)]
    return tuple(sorted(found))


def test_infra_gives_what_the_tables_say_and_nothing_else(
    bicep: Mapping[str, BicepFile],
) -> None:
    assert given(bicep) == in_the_tables()


@pytest.mark.parametrize("one", GRANTS, ids=lambda one: f"{one.holder}-{one.role}")
def test_each_id_is_azures_own(one: Grant) -> None:
    roles = json.loads((ROOT / "tests/data/permissions/azure_roles.json").read_text("utf-8"))
    assert one.role_id is None or roles[one.role] == one.role_id


def test_no_role_is_known_to_infra_that_it_does_not_give(bicep: Mapping[str, BicepFile]) -> None:
    assert set(built_in_roles().values()) == {
        role for _, role, _ in given(bicep) if isinstance(role, str)
    }


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("modules/vault.bicep", "principalId: appPrincipalId", "principalId: deployerPrincipalId"),
        ("modules/evidence-storage.bicep", "scope: evidence\n", "scope: account\n"),
        ("modules/evidence-storage.bicep", "scope: cases\n", "scope: evidence\n"),
        ("modules/firewall.bicep", "'Microsoft.Network/ipGroups/write'\n", "\n"),
        ("modules/firewall.bicep", "ipGroups/write'", "ipGroups/delete'"),
        ("modules/host-storage.bicep", "roles.storageTableDataContributor)\n  }", "roles.no)\n  }"),
        (
            "modules/monitoring.bicep",
            "'Microsoft.Authorization/roleDefinitions', roles.monitoringMetricsPublisher",
            "'Microsoft.Authorization/roleDefinitions', roles.storageBlobDataOwner",
        ),
    ],
)
def test_a_role_that_is_missing_or_too_wide_is_noticed(
    seed: Seed, file: str, old: str, new: str
) -> None:
    files = seed(file, old, new)
    assert not any(one.problems for one in files.values())
    try:
        found: set[Given] | None = given(files)
    except (KeyError, ValueError):
        found = None
    assert found != in_the_tables()


def test_what_is_switched_off_is_not_deployed_and_so_grants_nothing(
    bicep: Mapping[str, BicepFile],
) -> None:
    modules = bicep["main.bicep"].modules
    switches = {"firewall": "blockAtFirewall", "firewallRule": "blockAtFirewall"}
    switches |= {"scheduler": "usesScheduler", "sentinelRules": "deployDetections"}
    for name, switch in switches.items():
        condition = modules[name].condition
        assert isinstance(condition, Name)
        assert condition.name == switch


def test_nobody_is_named_when_nobody_was_given(bicep: Mapping[str, BicepFile]) -> None:
    for file, name in (("vault", "setsSecrets"), ("relay", "sentinelRuns")):
        condition = bicep[f"modules/{file}.bicep"].resources[name].condition
        assert condition is not None
        assert "empty" in {one.name for one in walk(condition) if isinstance(one, Call)}


def test_the_automation_rule_waits_for_the_right_to_run_the_relay(
    bicep: Mapping[str, BicepFile],
) -> None:
    rule = bicep["modules/sentinel-rules.bicep"].resources["callsRelay"].condition
    assert isinstance(rule, Name)
    given = bicep["main.bicep"].modules["sentinelRules"].body.get("params", rule.name)
    assert given is not None
    assert {one.name for one in walk(given) if isinstance(one, Name)} == {"sentinelPrincipalId"}


def test_custom_roles_are_told_from_built_in_ones(bicep: Mapping[str, BicepFile]) -> None:
    custom: list[Assignment] = [one for one in assignments(bicep) if not isinstance(one.role, str)]
    assert {one.name for one in custom} == {"evidence", "blocked", "policy", "site"}
