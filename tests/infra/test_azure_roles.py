"""Azure roles of features that are switched off are taken away, and nobody else's are."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from shared.permissions.deployment import Holder
from tests.infra.azure import (
    GROUP,
    NOTHING_CHOSEN,
    OWN_WORKSPACE,
    RELAY,
    SUBSCRIPTION,
    Azure,
    held,
)
from tests.infra.cloud import PRINCIPAL, FakeCloud
from tests.unit.source_files import ROOT
from tools.bicep.roles import Assignment, assignments, built_in_roles
from tools.bicep.syntax import BicepFile
from tools.infra import roles
from tools.provision import __main__ as hooks
from tools.provision import azure_roles, grants
from tools.provision.azure_roles import ROLES, Role, kind_of, take_back
from tools.provision.cloud import CloudError, Denied, Json, Missing
from tools.provision.preview import Preview

OTHER = "00000000-0000-0000-0000-000000000009"
ELSEWHERE = f"/subscriptions/{OTHER}/resourceGroups/of-the-soc/providers"
ANOTHERS_WORKSPACE = f"{ELSEWHERE}/Microsoft.OperationalInsights/workspaces/sentinel"
IP_GROUP = f"{GROUP}/Microsoft.Network/ipGroups/ipg-tourniquet-blocked-x"
OWN_POLICY = f"{GROUP}/Microsoft.Network/firewallPolicies/afwp-tourniquet-x"
TOPIC = f"{GROUP}/Microsoft.EventGrid/topics/evgt-tourniquet-x"
HUB = f"{GROUP}/Microsoft.DurableTask/schedulers/dts-x/taskHubs/tourniquet"
VAULT = f"{GROUP}/Microsoft.KeyVault/vaults/kv-test"
BUILT_IN = built_in_roles()
RESPONDER, READER = BUILT_IN["sentinelResponder"], BUILT_IN["logAnalyticsReader"]
ALL_ON = {"DURABLE_BACKEND": "azureManaged", "BLOCK_AT_FIREWALL": "true"}


def everything() -> list[Json]:
    """What a deployment with every feature holds, and two roles that are always given."""
    return [
        held(HUB, BUILT_IN["durableTaskDataContributor"]),
        held(IP_GROUP, "c-1"),
        held(OWN_POLICY, "c-2"),
        held(OWN_WORKSPACE, READER),
        held(OWN_WORKSPACE, RESPONDER),
        held(OWN_WORKSPACE, RESPONDER, RELAY),
        held(VAULT, BUILT_IN["keyVaultSecretsUser"]),
        held(VAULT, BUILT_IN["keyVaultSecretsOfficer"], OTHER),
    ]


def scopes(cloud: Azure) -> set[tuple[str, str]]:
    return {(one["properties"]["scope"], one["properties"]["principalId"]) for one in cloud.held}


def test_what_is_on_is_kept() -> None:
    cloud = Azure(*everything(), **ALL_ON)
    assert list(take_back(cloud)) == []
    assert len(cloud.held) == len(everything())


@pytest.mark.parametrize(
    ("switched", "gone"),
    [
        ({"DURABLE_BACKEND": "azureStorage"}, {HUB}),
        ({"DURABLE_BACKEND": ""}, {HUB}),
        ({"BLOCK_AT_FIREWALL": "false"}, {IP_GROUP, OWN_POLICY}),
        ({"BLOCK_AT_FIREWALL": ""}, {IP_GROUP, OWN_POLICY}),
        ({"FIREWALL_POLICY_ID": f"{ELSEWHERE}/Microsoft.Network/firewallPolicies/p"}, {OWN_POLICY}),
        ({"SENTINEL_WORKSPACE_ID": ANOTHERS_WORKSPACE}, {OWN_WORKSPACE}),
    ],
)
def test_what_is_switched_off_is_taken_away_once(switched: dict[str, str], gone: set[str]) -> None:
    cloud = Azure(*everything(), **{**ALL_ON, **switched})
    said = list(take_back(cloud))
    removed = [one for one in everything() if one not in cloud.held]
    assert {one["properties"]["scope"] for one in removed} == gone
    assert [one for one in said if one.startswith("taken away: ")] == said
    assert len(said) == len(removed)
    assert list(take_back(cloud)) == []


@pytest.mark.parametrize(
    ("unknown", "kept"),
    [
        (["DURABLE_BACKEND"], {HUB}),
        (["BLOCK_AT_FIREWALL"], {IP_GROUP, OWN_POLICY}),
        (["FIREWALL_POLICY_ID"], {OWN_POLICY}),
        (["SENTINEL_WORKSPACE_ID"], {ANOTHERS_WORKSPACE.replace(OTHER, SUBSCRIPTION)}),
        (list(NOTHING_CHOSEN), None),
    ],
)
def test_nothing_is_taken_by_a_choice_that_is_not_known(
    unknown: list[str], kept: set[str] | None
) -> None:
    """On another machine, after `azd env refresh` of templates that did not put them out."""
    earlier = ANOTHERS_WORKSPACE.replace(OTHER, SUBSCRIPTION)
    sometimes = [one for one in everything() if OWN_WORKSPACE not in one["id"]][:3]
    there = [*sometimes, held(earlier, READER), held(earlier, RESPONDER, RELAY)]
    cloud = Azure(*there)
    for name in unknown:
        del cloud.values[name]
    said = "\n".join(take_back(cloud))
    left = {scope for scope, _ in scopes(cloud)}
    assert left == ({one["properties"]["scope"] for one in there} if kept is None else kept)
    assert all(name in said for name in unknown if name != azure_roles.PUBLISHERS)


def test_who_may_publish_is_not_judged_by_a_choice_that_is_not_known() -> None:
    cloud = Azure(held(TOPIC, BUILT_IN["eventGridDataSender"], "chosen"))
    del cloud.values[azure_roles.PUBLISHERS]
    assert list(take_back(cloud)) == []


def test_every_choice_is_put_out_so_that_a_refresh_brings_it_back(
    bicep: Mapping[str, BicepFile],
) -> None:
    choices = {name for one in ROLES for name in one.chosen_by}
    choices |= {azure_roles.PUBLISHERS, *grants.CHOICES}
    assert choices <= bicep["main.bicep"].outputs.keys()


def test_a_workspace_in_another_subscription_is_found_after_the_change() -> None:
    cloud = Azure(held(ANOTHERS_WORKSPACE, READER), SENTINEL_WORKSPACE_ID=ANOTHERS_WORKSPACE)
    assert list(take_back(cloud)) == []
    cloud.values["SENTINEL_WORKSPACE_ID"] = ""
    (said,) = take_back(cloud)
    assert ANOTHERS_WORKSPACE in said
    assert cloud.held == []


def test_ids_are_compared_whatever_their_letters() -> None:
    cloud = Azure(*everything(), **ALL_ON, SENTINEL_WORKSPACE_ID=f"{OWN_WORKSPACE.upper()}/")
    assert list(take_back(cloud)) == []


def test_what_others_gave_and_what_others_hold_is_left() -> None:
    by_hand = held(ANOTHERS_WORKSPACE.replace(OTHER, SUBSCRIPTION), READER, name="by-hand")
    known = held(f"{GROUP}/Microsoft.Storage/storageAccounts/x", "another-role")
    of_others = held(IP_GROUP, "c-1", OTHER)
    cloud = Azure(by_hand, known, of_others)
    (said,) = take_back(cloud)
    assert "somebody else gave" in said
    assert cloud.held == [by_hand, known, of_others]


def test_addresses_that_stay_blocked_are_said() -> None:
    cloud = Azure(held(IP_GROUP, "c-1"))
    cloud.addresses += ["203.0.113.7", "203.0.113.9"]
    _, said = take_back(cloud)
    assert "still denies 2 addresses" in said


def test_who_may_still_publish_is_said_and_not_taken() -> None:
    sender = BUILT_IN["eventGridDataSender"]
    held_by = {one: held(TOPIC, sender, one) for one in ("left-out", "chosen")}
    by_hand = held(TOPIC, sender, "by-hand", name="of-a-person")
    cloud = Azure(*held_by.values(), by_hand, EVENT_PUBLISHER_IDS=" CHOSEN ,another")
    (said,) = take_back(cloud)
    assert f"az role assignment delete --ids {held_by['left-out']['id']}" in said
    assert len(cloud.held) == 3


def test_an_assignment_that_somebody_deletes_meanwhile_is_no_error() -> None:
    class Late(Azure):
        def send(self, method: str, url: str, body: Json | None = None) -> Json:
            raise Missing(url)

    assert list(take_back(Late(held(HUB, BUILT_IN["durableTaskDataContributor"])))) == []


GRAPH_KNOWS: dict[str, Any] = {
    rf"servicePrincipals/{PRINCIPAL}\?": {"id": PRINCIPAL},
    r"servicePrincipals": {"id": "sp", "value": []},
    r"graph.microsoft.com.*directory": {"value": []},
}


def test_a_preview_says_the_same_and_changes_nothing() -> None:
    cloud = Azure(*everything())
    cloud.things |= GRAPH_KNOWS
    said = list(hooks.preview(cloud))
    assert cloud.sent == []
    assert len(cloud.held) == len(everything())
    assert azure_roles.REMEMBERED not in cloud.values
    assert any(one.startswith("would be granted: User.Read.All") for one in said)
    taken = [one for one in said if one.startswith("would be taken away: ")]
    assert taken == [f"would be {one}" for one in take_back(cloud)]
    assert len(taken) == 3
    with pytest.raises(CloudError, match="no preview of"):
        Preview(cloud).command("provider", "register")


def test_what_will_be_taken_away_is_said_before_provisioning() -> None:
    cloud = Azure(*everything())
    cloud.things |= {
        **GRAPH_KNOWS,
        "Microsoft.KeyVault": {"value": []},
        "applications": {"value": [], "web": {}},
    }
    cloud.values["SIGN_IN"] = "false"
    said = list(hooks.before(cloud))
    assert len([one for one in said if one.startswith("would be taken away: ")]) == 3
    assert not [one for one in said if "granted: " in one]
    assert len(cloud.held) == len(everything())


@pytest.mark.parametrize("problem", [Denied("Forbidden"), Missing("gone")])
def test_who_may_not_look_provisions_nevertheless(problem: Exception) -> None:
    cloud = FakeCloud({f"servicePrincipals/{PRINCIPAL}": problem}, SIGN_IN="false")
    assert not [one for one in hooks.before(cloud) if one.startswith("would be")]


def test_the_hook_takes_back_after_provisioning() -> None:
    cloud = Azure(*everything())
    cloud.things |= GRAPH_KNOWS
    said = list(hooks.permissions(cloud))
    assert len([one for one in said if one.startswith("taken away: ")]) == 3
    assert {IP_GROUP, OWN_POLICY, HUB}.isdisjoint(scope for scope, _ in scopes(cloud))


def test_who_may_is_said_where_the_deployer_may_not() -> None:
    refused = FakeCloud({"Authorization/roleAssignments": Denied("Forbidden"), **GRAPH_KNOWS})
    said = "\n".join(hooks.permissions(refused))
    assert "User Access Administrator" in said


def is_conditional(one: Assignment) -> bool:
    return bool(one.condition) or one.file == "modules/sentinel-workspace.bicep"


def test_every_role_that_the_templates_give_only_sometimes_is_known(
    bicep: Mapping[str, BicepFile],
) -> None:
    """A row for each role of the two identities that has a condition, or another's resource."""
    sometimes = [one for one in assignments(bicep) if is_conditional(one)]
    given = [one for one in sometimes if roles.HOLDERS[one.holder] in azure_roles.IDENTITIES]
    found = {
        (roles.HOLDERS[one.holder], one.scope, one.role if isinstance(one.role, str) else "")
        for one in given
    }
    assert found == {
        (one.holder, one.kind, "" if one.role.endswith(" ") else one.role) for one in ROLES
    }


def test_names_are_those_that_the_templates_make(bicep: Mapping[str, BicepFile]) -> None:
    """``guid(scope, principal, role)``: what proves that nobody else gave it."""
    text = "".join((ROOT / "infra" / one).read_text("utf-8") for one in bicep)
    names = re.findall(r"roleAssignments@\S+ = .*\n  name: guid\((\w+)\.id, (\w+), (\S+)\)", text)
    principals = {"appPrincipalId", "relayPrincipalId", "identityPrincipalId"}
    ours = [one for one in names if one[1] in principals]
    assert len(ours) == 14
    assert all(role.startswith("roles.") or role.endswith(".name") for _, _, role in ours)
    assert "name: guid(topic.id, trim(publisher), roles.eventGridDataSender)" in text
    for role in (one.role for one in ROLES if one.role.endswith(" ")):
        assert f"roleName: '{role}${{suffix}}'" in text
    assert "'afwp-tourniquet-${suffix}'" in text
    assert "ipAddresses: ['192.0.2.1']" in text


@pytest.mark.parametrize(
    ("scope", "kind"),
    [
        (HUB, "Microsoft.DurableTask/schedulers/taskHubs"),
        (VAULT, "Microsoft.KeyVault/vaults"),
        (f"/subscriptions/{SUBSCRIPTION}", ""),
        (f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg", ""),
    ],
)
def test_a_resources_type_is_in_its_id(scope: str, kind: str) -> None:
    assert kind_of(scope) == kind


def test_choices_are_read_as_the_templates_read_them() -> None:
    """A variable of another name or default would take away what is on."""
    parameters = (ROOT / "infra/main.parameters.json").read_text("utf-8")
    for name, default in (
        ("DURABLE_BACKEND", "azureStorage"),
        ("BLOCK_AT_FIREWALL", "false"),
        ("SENTINEL_WORKSPACE_ID", ""),
        ("FIREWALL_POLICY_ID", ""),
        ("EVENT_PUBLISHER_IDS", ""),
    ):
        assert f"${{{name}={default}}}" in parameters
    main = (ROOT / "infra/main.bicep").read_text("utf-8")
    for output in (*azure_roles.IDENTITIES.values(), "TOURNIQUET_TELEMETRY_WORKSPACE_ID"):
        assert f"output {output} string" in main


def test_each_row_is_of_one_of_the_two_identities() -> None:
    assert {one.holder for one in ROLES} == {Holder.APP, Holder.RELAY}
    assert all(isinstance(one, Role) for one in ROLES)
