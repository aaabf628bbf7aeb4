"""Whose devices an action takes, what it says about them, and that nobody is isolated unasked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models.account_kind import AccountKind
from shared.models.case import OperatingMode
from shared.models.device import Device, DeviceAction, DeviceActionState
from shared.models.outcome import ActionStatus
from shared.models.plan import ActionName, Decision, Disposition
from shared.models.policy import Policy
from shared.models.verdict import Confidence
from shared.playbook.acting.devices import (
    MOST_DEVICES,
    DeviceResult,
    choose_devices,
    describe,
    is_isolated,
    left_to_people,
)
from shared.playbook.planning.permission import ModeNow
from shared.playbook.planning.plan import apply_decision, make_plan
from tests.support.fake_endpoint import NOW, device, logon

SCAN, ISOLATE = ActionName.SCAN_DEVICE, ActionName.ISOLATE_DEVICE
ACCOUNT = "Ada.Lind@contoso.example"


def names(action: ActionName, *devices: Device) -> list[str]:
    return [one.name for one in choose_devices(action, ACCOUNT, devices, now=NOW).chosen]


def why(action: ActionName, *devices: Device) -> dict[str, str]:
    return choose_devices(action, ACCOUNT, devices, now=NOW).left_out


@pytest.mark.parametrize("action", [SCAN, ISOLATE])
def test_the_devices_the_account_sat_at_lately_are_taken_latest_first(action: ActionName) -> None:
    older = device(1, logon(hours=30))
    newer = device(2, logon(hours=2, kinds="RemoteInteractive, Network"))
    assert names(action, older, newer) == ["lt-2", "lt-1"]
    assert not why(action, older, newer)


@pytest.mark.parametrize(
    "used",
    [
        logon(kinds="Network"),
        logon(kinds="Service"),
        logon(hours=8 * 24),
        logon("somebody.else"),
    ],
    ids=["only over the network", "service", "long ago", "somebody else"],
)
def test_a_device_the_account_did_not_sit_at_lately_is_nobodys_business(used: object) -> None:
    other = device(1, used)  # type: ignore[arg-type]
    assert not names(SCAN, other) and not why(SCAN, other)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"platform": "WindowsServer2022"}, "server"),
        ({"platform": "Ubuntu"}, "server"),
        ({"platform": ""}, "platform unknown"),
        ({"value": "High"}, "high-value"),
        ({"logons": [logon(), *(logon(f"user{n}") for n in range(3))]}, "shared with 3"),
    ],
    ids=["domain controller", "linux", "unknown", "marked", "shared"],
)
def test_servers_and_shared_devices_are_scanned_but_never_isolated(
    changed: dict[str, object], reason: str
) -> None:
    one = device(1, **changed)
    assert names(SCAN, one) == ["lt-1"]
    assert names(ISOLATE, one) == []
    assert reason in why(ISOLATE, one)["lt-1"]


def test_a_colleague_and_network_users_do_not_make_a_device_shared() -> None:
    others = [logon("kim"), *(logon(f"admin{n}", kinds="Network") for n in range(9))]
    assert names(ISOLATE, device(1, logon(), *others)) == ["lt-1"]


@pytest.mark.parametrize("domain", ["CONTOSO", "contoso.example", "AzureAD", "", "corp"])
def test_the_account_is_at_home_in_its_own_domains(domain: str) -> None:
    one = device(1, logon(domain=domain))
    chosen = choose_devices(SCAN, ACCOUNT, [one], now=NOW, domains=["CORP"])
    assert [device.name for device in chosen.chosen] == ["lt-1"]


@pytest.mark.parametrize("action", [SCAN, ISOLATE])
@pytest.mark.parametrize("domain", ["FABRIKAM", "LT-1"], ids=["another domain", "local account"])
def test_a_namesake_of_another_domain_is_left_to_people(action: ActionName, domain: str) -> None:
    theirs, ours = device(1, logon(domain=domain)), device(2, logon(domain="CONTOSO"))
    assert names(action, theirs, ours) == ["lt-2"]
    assert f"{domain}\\ada.lind" in why(action, theirs, ours)["lt-1"]


def test_a_namesake_is_another_person_at_a_shared_device() -> None:
    others = [logon("kim"), logon("eve"), logon(domain="FABRIKAM")]
    assert "shared with 3" in why(ISOLATE, device(1, logon(domain="contoso"), *others))["lt-1"]


def test_a_bare_name_is_at_home_everywhere() -> None:
    one = device(1, logon(domain="FABRIKAM"))
    chosen = choose_devices(SCAN, "ada.lind", [one], now=NOW)
    assert [device.name for device in chosen.chosen] == ["lt-1"]


@pytest.mark.parametrize("health", ["Inactive", "ImpairedCommunication", "NoSensorData"])
def test_a_device_that_does_not_report_is_left_to_people(health: str) -> None:
    assert health in why(SCAN, device(1, health=health))["lt-1"]


def test_a_device_whose_users_are_not_known_is_left_to_people() -> None:
    assert "could not be read" in why(SCAN, device(1, logons=None))["lt-1"]


def test_at_most_so_many_devices_are_taken() -> None:
    many = [device(number, logon(hours=number)) for number in range(1, MOST_DEVICES + 3)]
    assert names(SCAN, *many) == [f"lt-{number}" for number in range(1, MOST_DEVICES + 1)]
    assert set(why(SCAN, *many)) == {f"lt-{MOST_DEVICES + 1}", f"lt-{MOST_DEVICES + 2}"}


def order(kind: str, state: str) -> DeviceAction:
    return DeviceAction(id="1", device_id="1", kind=kind, state=DeviceActionState(state))


@pytest.mark.parametrize(
    ("orders", "isolated"),
    [
        ([], False),
        ([order("RunAntiVirusScan", "Succeeded"), order("Isolate", "Succeeded")], True),
        ([order("Isolate", "Pending")], True),
        ([order("Isolate", "Failed")], False),
        ([order("Unisolate", "Succeeded"), order("Isolate", "Succeeded")], False),
        ([order("Unisolate", "TimeOut"), order("Isolate", "Succeeded")], True),
    ],
)
def test_the_latest_order_that_was_not_lost_says_whether_a_device_is_isolated(
    orders: list[DeviceAction], isolated: bool
) -> None:
    assert is_isolated(orders) is isolated


def result(number: int, state: str, **changes: object) -> DeviceResult:
    usual = {"device_id": f"{number}", "name": f"lt-{number}", "action_id": "1", "state": state}
    return DeviceResult.model_validate(usual | changes)


@pytest.mark.parametrize(
    ("action", "states", "verified"),
    [
        (SCAN, ["InProgress", "Succeeded"], True),
        (SCAN, ["Pending", "Succeeded"], None),
        (SCAN, ["Failed", "Succeeded"], False),
        (ISOLATE, ["InProgress", "Succeeded"], None),
        (ISOLATE, ["Succeeded", "Succeeded"], True),
        (ISOLATE, ["Pending", "TimeOut"], False),
    ],
)
def test_verified_is_what_every_device_has_reported(
    action: ActionName, states: list[str], verified: bool | None
) -> None:
    results = [result(number, state) for number, state in enumerate(states)]
    outcome = describe(action, ACCOUNT, results, {}, at=NOW)
    assert (outcome.status, outcome.verified) == (ActionStatus.SUCCEEDED, verified)
    assert "lt-0" in outcome.detail and "lt-1" in outcome.detail


def test_undo_names_what_this_case_isolated() -> None:
    results = [
        result(1, "Succeeded"),
        result(2, "Succeeded", was_before=True),
        result(3, "Failed"),
        result(4, "Failed", error="HTTP 403"),
        result(5, "Failed", error="no answer", unsure=True),
    ]
    outcome = describe(ISOLATE, ACCOUNT, results, {"srv-1": "a server"}, at=NOW)
    assert outcome.undo == {"devices": ["1", "5"]}
    assert outcome.status is ActionStatus.FAILED and "HTTP 403" in outcome.detail
    assert left_to_people(outcome) == "srv-1 (a server)"
    assert describe(SCAN, ACCOUNT, results[:1], {}, at=NOW).undo is None


def test_without_a_device_the_action_is_skipped_and_says_so() -> None:
    outcome = describe(SCAN, ACCOUNT, [], {}, at=NOW)
    assert (outcome.status, outcome.verified) == (ActionStatus.SKIPPED, None)
    assert "no device" in outcome.detail and not left_to_people(outcome)


@given(
    mode=st.sampled_from(OperatingMode),
    confidence=st.sampled_from(Confidence),
    recommended=st.lists(st.sampled_from(ActionName), unique=True),
    kinds=st.sets(st.sampled_from(AccountKind)),
    synced=st.sampled_from([True, False, None]),
)
def test_isolation_is_never_automatic_whatever_is_recommended(
    mode: OperatingMode,
    confidence: Confidence,
    recommended: list[ActionName],
    kinds: set[AccountKind],
    synced: bool | None,
) -> None:
    lines = make_plan(
        mode=ModeNow(mode, f"{mode} mode"),
        policy=Policy(),
        confidence=confidence,
        recommended=recommended,
        target=ACCOUNT,
        kinds=kinds,
        synced=synced,
    )
    isolation = [line for line in lines if line.action is ISOLATE]
    assert all(line.disposition is not Disposition.AUTOMATIC for line in isolation)
    decision = Decision(actions=[ActionName.MONITOR_ONLY], decided_by="deadline", decided_at=NOW)
    assert ISOLATE not in {line.action for line in apply_decision(lines, decision)}
