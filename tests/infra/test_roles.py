"""Azure roles: what infra/ gives is what the tables say, no more and no less."""

import json
from collections.abc import Mapping

import pytest

from shared.permissions import GRANTS, Grant
from tests.infra.conftest import INFRA, Seed
from tests.unit.source_files import ROOT
from tools.bicep.roles import Assignment, assignments
from tools.bicep.syntax import BicepFile, Call, Name, walk
from tools.infra import roles


def test_infra_gives_what_the_tables_say_and_nothing_else(
    bicep: Mapping[str, BicepFile],
) -> None:
    assert roles.given(bicep) == roles.in_the_tables()
    assert roles.check(bicep) == []


@pytest.mark.parametrize("one", GRANTS, ids=lambda one: f"{one.holder}-{one.role}")
def test_each_id_is_azures_own(one: Grant) -> None:
    known = json.loads((ROOT / "tests/data/permissions/azure_roles.json").read_text("utf-8"))
    assert one.role_id is None or known[one.role] == one.role_id


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
    assert roles.check(files)


FIREWALL, VAULT = "modules/firewall.bicep", "modules/vault.bicep"
WRITE = "          'Microsoft.Network/ipGroups/write'\n"
READS = "resource readsSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {"


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            "main.bicep",
            "appPrincipalId: identities.outputs.appPrincipalId",
            "appPrincipalId: identities.outputs.relayPrincipalId",
            "is in no table",
        ),
        (VAULT, "principalType: 'ServicePrincipal'", "principalType: 'User'", "of the type"),
        (VAULT, READS, READS.replace("= {", "= if (recover) {"), "must be given always"),
        (
            "main.bicep",
            "firewall.bicep' = if (blockAtFirewall) {",
            "firewall.bicep' = {",
            "must be given only if blockAtFirewall",
        ),
        (
            "main.bicep",
            "firewall.bicep' = if (blockAtFirewall) {",
            "firewall.bicep' = if (enableAlerts) {",
            "must be given only if blockAtFirewall",
        ),
        (FIREWALL, WRITE, f"{WRITE}          'microsoft.network/azureFirewalls/write'\n", "table"),
        (
            FIREWALL,
            f"        actions: [\n          'Microsoft.Network/ipGroups/read'\n{WRITE}        ]",
            "        actions: concat(more, ['Microsoft.Network/ipGroups/read'])",
            "not all written out",
        ),
        (FIREWALL, WRITE, f"{WRITE}          groupName\n", "not all written out"),
        (
            VAULT,
            "principalId: appPrincipalId",
            "principalId: empty(suffix) ? appPrincipalId : deployerPrincipalId",
            "cannot be read",
        ),
    ],
)
def test_a_role_of_somebody_else_or_at_another_time_is_noticed(
    seed: Seed, file: str, old: str, new: str, said: str
) -> None:
    files = seed(file, old, new)
    assert not any(one.problems for one in files.values())
    assert said in "\n".join(roles.check(files))


def test_a_missing_role_is_named(seed: Seed) -> None:
    text = (INFRA / "modules/vault.bicep").read_text("utf-8")
    start, end = text.index("resource readsSecrets"), text.index("resource setsSecrets")
    said = roles.check(seed("modules/vault.bicep", text[start:end], ""))
    assert "infra: keyVaultSecretsUser for the app's identity on the vault is missing" in said
    assert "infra/roles.json: nobody is given keyVaultSecretsUser" in said


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
