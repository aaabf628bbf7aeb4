"""The policy of the lab's app: the organisation's, a scenario's over it, or the user's own."""

from pathlib import Path

import pytest

from lab.demo import check_policy
from lab.errors import LabError
from lab.policy import lab_policy, write_policy
from lab.scenarios.loader import list_scenarios, load_common, load_scenario
from shared.models.case import OperatingMode
from shared.models.policy import Policy
from shared.policy import read_policy

COMMON = load_common()
OWN = "mode: approve\nlimits: {automatic_per_hour: 3}\naccounts: {vip: [vip@contoso.example]}\n"


def test_the_organisation_has_a_policy_and_plays_without_limits(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    write_policy(path, lab_policy(COMMON, {}))
    policy = read_policy(path).policy
    assert policy.mode == "automatic"
    assert policy.accounts.break_glass == ["emergency.access@contoso.example"]
    assert policy.limits.automatic_per_hour == 1000


@pytest.mark.parametrize("name", list_scenarios())
def test_every_scenario_s_policy_can_be_used(name: str) -> None:
    scenario = load_scenario(name)
    policy = Policy.model_validate(lab_policy(COMMON, {}, mode=scenario.mode, over=scenario.policy))
    assert policy.mode == (scenario.mode or "automatic")
    # What a scenario does not change stays the organisation's.
    assert policy.accounts.break_glass == ["emergency.access@contoso.example"]


def test_a_policy_of_the_users_own_takes_the_place_of_the_organisation_s(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text(OWN, encoding="utf-8")
    env = {"TOURNIQUET_POLICY_FILE": str(own)}
    policy = Policy.model_validate(lab_policy(COMMON, env))
    assert (policy.mode, policy.limits.automatic_per_hour) == ("approve", 3)
    assert policy.accounts.break_glass == []
    assert lab_policy(COMMON, env | {"LAB_MODE": "observe"})["mode"] == "observe"
    scenario = lab_policy(COMMON, env, mode=OperatingMode.AUTOMATIC)
    assert scenario["mode"] == "automatic"


def test_a_scenario_with_a_policy_is_played_only_in_a_lab_that_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.demo.RESULTS", tmp_path)
    vip = load_scenario("vip-sessions")
    write_policy(tmp_path / "policy.yaml", lab_policy(COMMON, {}))
    check_policy(load_scenario("vip-account"))
    with pytest.raises(LabError, match="policy of its own"):
        check_policy(vip)
    write_policy(tmp_path / "policy.yaml", lab_policy(COMMON, {}, over=vip.policy))
    check_policy(vip)


def test_a_wrong_policy_is_said_before_anything_starts(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text("mode: approve\nlimts: {}\n", encoding="utf-8")
    with pytest.raises(LabError, match=r"mine\.yaml:2: limts: there is no such field"):
        lab_policy(COMMON, {"TOURNIQUET_POLICY_FILE": str(own)})
    with pytest.raises(LabError, match=r"policy\.yaml:1: mode"):
        write_policy(tmp_path / "policy.yaml", {"mode": "always"})
