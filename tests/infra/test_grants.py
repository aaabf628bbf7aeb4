"""The app's identity gets what the table of permissions says, and loses what it does not say."""

from typing import Any

import pytest

from shared.models.case import OperatingMode
from shared.permissions import DIRECTORY_ROLES, NEEDS, Need, Section
from shared.settings import Settings
from tests.infra.cloud import PRINCIPAL, FakeCloud
from tests.unit.source_files import ROOT
from tools.infra.parameters import chosen_settings
from tools.provision.cloud import Json, Missing
from tools.provision.grants import APIS, CHOICES, deployed_settings, grant, wanted

SPS = {
    rf"servicePrincipals\(appId='{app_id}'\)": {"id": f"sp-{section}"}
    for section, app_id in APIS.items()
}
USER_ADMINISTRATOR, PRIVILEGED = DIRECTORY_ROLES


def settings(mode: OperatingMode = OperatingMode.AUTOMATIC, **values: Any) -> Settings:
    return Settings.model_construct(mode=mode, **values)


def tenant(held: dict[str, str] | None = None, directory: list[str] | None = None) -> FakeCloud:
    """A tenant whose identity holds these application permissions (id: section) and roles."""
    assigned = [
        {"id": f"grant-{role}", "appRoleId": role, "resourceId": f"sp-{section}"}
        for role, section in (held or {}).items()
    ]
    roles = [{"id": f"role-{one}", "roleDefinitionId": one} for one in directory or []]
    return FakeCloud(
        {
            **SPS,
            rf"servicePrincipals/{PRINCIPAL}\?": {"id": PRINCIPAL},
            rf"servicePrincipals/{PRINCIPAL}/appRoleAssignments$": {"value": assigned},
            r"directory/roleAssignments\?": {"value": roles},
        }
    )


def of(section: Section, *, changes: bool | None = None, switch: bool = False) -> set[str]:
    """Ids of the table's permissions of one API."""
    return {
        one.role_id
        for one in NEEDS
        if one.section is section and one.role_id
        and (changes is None or one.changes is changes)
        and (switch or one.setting is None)
    }  # fmt: skip


def run(cloud: FakeCloud, chosen: Settings, role: str = "") -> set[str]:
    list(grant(cloud, PRINCIPAL, wanted(chosen, role)))
    return {
        body.get("appRoleId") or body.get("roleDefinitionId", "")
        for method, _, body in cloud.sent
        if method == "post"
    }


def test_everything_that_is_on_is_granted_and_nothing_else() -> None:
    expected = of(Section.GRAPH) | {USER_ADMINISTRATOR.template_id}
    assert run(tenant(), settings()) == expected


def test_only_reads_are_granted_while_the_app_observes() -> None:
    reads = of(Section.GRAPH, changes=False)
    assert run(tenant(), settings(OperatingMode.OBSERVE)) == reads
    assert reads < of(Section.GRAPH)


@pytest.mark.parametrize(
    "need",
    [one for one in NEEDS if one.section in APIS and one.setting and not one.by_hand],
    ids=lambda one: f"{one.section}-{one.permission}-{one.setting}",
)
def test_a_feature_that_is_off_grants_nothing(need: Need) -> None:
    always = of(need.section)
    assert need.setting
    switched: dict[str, Any] = {need.setting: need.chosen or "on"}
    on = wanted(settings(**switched)).app_roles[need.section]
    off = wanted(settings()).app_roles[need.section]
    assert need.role_id in on
    assert (need.role_id in off) == (need.role_id in always)


def test_what_people_grant_elsewhere_is_not_granted() -> None:
    elsewhere = [one for one in NEEDS if one.section in APIS and one.by_hand]
    assert "Mail.Send" in {one.permission for one in elsewhere}
    switches: dict[str, Any] = {one.setting: one.chosen for one in elsewhere if one.setting}
    granted = wanted(settings(**switches)).app_roles
    assert not {one.role_id for one in elsewhere} & set(granted[Section.GRAPH])


def test_what_is_held_is_not_granted_again() -> None:
    held = dict.fromkeys(of(Section.GRAPH), "graph")
    assert run(tenant(held, [USER_ADMINISTRATOR.template_id]), settings()) == set()


def test_what_is_not_needed_any_more_is_taken_away() -> None:
    defender = dict.fromkeys(of(Section.DEFENDER, switch=True), "defender")
    changes = dict.fromkeys(of(Section.GRAPH, changes=True), "graph")
    reads = dict.fromkeys(of(Section.GRAPH, changes=False), "graph")
    cloud = tenant({**defender, **changes, **reads}, [one.template_id for one in DIRECTORY_ROLES])
    run(cloud, settings(OperatingMode.OBSERVE))
    gone = {url.rpartition("/")[2] for method, url, _ in cloud.sent if method == "delete"}
    only_changes = of(Section.GRAPH, changes=True) - of(Section.GRAPH, changes=False)
    assert gone == (
        {f"grant-{one}" for one in {*defender, *only_changes}}
        | {f"role-{one.template_id}" for one in DIRECTORY_ROLES}
    )


@pytest.mark.parametrize("unknown", CHOICES)
def test_nothing_is_taken_away_by_a_choice_that_is_not_known(unknown: str) -> None:
    """On another machine: without a mode the app would be taken to observe."""
    defender = dict.fromkeys(of(Section.DEFENDER, switch=True), "defender")
    graph = dict.fromkeys(of(Section.GRAPH, switch=True), "graph")
    cloud = tenant({**defender, **graph}, [one.template_id for one in DIRECTORY_ROLES])
    del cloud.values[unknown]
    said = list(grant(cloud, PRINCIPAL, wanted(settings(OperatingMode.OBSERVE))))
    gone = {url.rpartition("-")[2] for method, url, _ in cloud.sent if method == "delete"}
    deciding: dict[str, set[str | None]] = {
        "TOURNIQUET_MODE": {one.role_id for one in NEEDS if one.changes and one.role_id},
        "TOURNIQUET_DEFENDER_ENABLED": {*of(Section.DEFENDER, switch=True)},
        "TOURNIQUET_NAMED_LOCATION_ID": {
            one.role_id for one in NEEDS if one.setting == "named_location_id"
        },
        "DIRECTORY_ROLE": {*(one.template_id for one in DIRECTORY_ROLES)},
    }
    decided_by = deciding[unknown]
    assert decided_by
    assert not any(url.endswith(str(one)) for one in decided_by for _, url, _ in cloud.sent)
    assert gone, "what hangs on the other choices is taken away"
    assert any(one.startswith("left: ") and unknown in one for one in said)


def test_every_switch_that_grants_something_is_a_choice_that_is_put_out() -> None:
    switches = {one.setting for one in NEEDS if one.section in APIS and not one.by_hand}
    variables = {f"TOURNIQUET_{one.upper()}" for one in switches if one}
    assert variables | {"TOURNIQUET_MODE", "DIRECTORY_ROLE"} == set(CHOICES)


def test_what_is_not_ours_is_left_alone() -> None:
    cloud = tenant({"aaaaaaaa-0000-0000-0000-000000000000": "graph"}, ["bbbb"])
    run(cloud, settings())
    assert not [url for method, url, _ in cloud.sent if method == "delete"]


@pytest.mark.parametrize(
    ("choice", "role"),
    [("", USER_ADMINISTRATOR), ("user", USER_ADMINISTRATOR), ("privileged", PRIVILEGED)],
)
def test_one_directory_role_is_granted(choice: str, role: Any) -> None:
    granted = run(tenant(), settings(), choice) - of(Section.GRAPH)
    assert granted == {role.template_id}


def test_no_directory_role_is_granted_when_none_is_chosen() -> None:
    assert run(tenant(), settings(), "none") == of(Section.GRAPH)
    with pytest.raises(ValueError, match="must be one of"):
        wanted(settings(), "global")


def test_without_a_mode_the_app_is_taken_to_observe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOURNIQUET_MODE", raising=False)
    assert deployed_settings().mode is OperatingMode.OBSERVE


def test_the_hook_knows_every_switch_that_grants_something() -> None:
    known = chosen_settings((ROOT / "infra/main.parameters.json").read_text(encoding="utf-8"))
    known |= {"TOURNIQUET_NAMED_LOCATION_ID"}
    switches = {one.setting for one in NEEDS if one.section in APIS and one.setting}
    assert {f"TOURNIQUET_{one.upper()}" for one in switches} <= known


def test_an_identity_that_graph_does_not_know_yet_is_waited_for() -> None:
    class Slow(FakeCloud):
        asked = 0

        def get(self, url: str) -> Json:
            if f"servicePrincipals/{PRINCIPAL}?" in url:
                self.asked += 1
                if self.asked < 3:
                    raise Missing(url)
            return super().get(url)

    cloud = Slow(tenant().things)
    list(grant(cloud, PRINCIPAL, wanted(settings()), pause=0))
    assert cloud.asked == 3
    with pytest.raises(Missing):
        list(grant(FakeCloud({}), PRINCIPAL, wanted(settings()), pause=0))


def test_a_tenant_without_defender_gets_everything_else() -> None:
    cloud = tenant(held=dict.fromkeys(of(Section.GRAPH), Section.GRAPH))
    cloud.things[rf"servicePrincipals\(appId='{APIS[Section.DEFENDER]}'\)"] = Missing("no")
    assert run(cloud, settings()) == {USER_ADMINISTRATOR.template_id}
    switched_on = settings(defender_enabled=True)
    said = "\n".join(grant(cloud, PRINCIPAL, wanted(switched_on)))
    assert "this tenant has no" in said
    assert USER_ADMINISTRATOR.name in said


def test_what_observing_grants_that_could_write_is_what_the_guide_says() -> None:
    everything: dict[str, Any] = {one.setting: one.chosen or "on" for one in NEEDS if one.setting}
    granted = wanted(settings(OperatingMode.OBSERVE, **everything))
    names = {name for roles in granted.app_roles.values() for name in roles.values()}
    assert {name for name in names if ".Read." not in name} == {"Machine.ReadWrite.All"}
    assert "`Machine.ReadWrite.All`" in (ROOT / "docs/infra.md").read_text("utf-8")
    assert granted.directory_roles == ()


def test_the_guide_lifts_and_undoes_before_provisioning_takes_the_permissions() -> None:
    """What is blocked in the tenant's location is lifted by a permission that observing lacks."""
    before = wanted(settings(named_location_id="x")).app_roles[Section.GRAPH]
    after = wanted(settings(OperatingMode.OBSERVE, named_location_id="x")).app_roles[Section.GRAPH]
    gone = set(before.values()) - set(after.values())
    assert {"Policy.ReadWrite.ConditionalAccess", "User.EnableDisableAccount.All"} <= gone
    guide = (ROOT / "docs/deploy.md").read_text("utf-8")
    back = guide.partition("## From observe to automatic")[2].partition("\n## ")[0]
    assert "no block is in force and no undo is open" in back
    removing = guide.partition("## Removing it")[2]
    assert removing.index("not by `azd provision`") < removing.index("Lift the blocks")
    assert removing.index("Lift the blocks") < removing.index("4. `azd down`")
