"""What was taken away is looked at again, and taken back."""

from typing import Any

import pytest

from activities import persistence, restoring, risk
from activities.persistence_read_back import verify_persistence
from shared.errors import RetryableError
from shared.models.base import Json
from shared.models.directory import UserRisk
from shared.models.persistence import ConsentGrant, InboxRule
from tests.support.fakes import FakeHouse
from tests.support.scripts import OBJECT_ID
from tests.unit.activities.calls import Activity, call
from tests.unit.activities.intruder import (
    ACTIONS,
    API,
    APP,
    DENIED,
    DOWN,
    LISTS,
    SINCE,
    act,
    fill,
    method,
)


async def verify(house: FakeHouse, done: Json, **changes: Any) -> Json:
    action = done["outcome"]["action"]
    payload = {"object_id": OBJECT_ID, "since": SINCE, "outcomes": [done["outcome"]]}
    found = await call(
        verify_persistence, **(payload | {"before": {action: done["before"]}} | changes)
    )
    seen: Json = found["outcomes"][0]
    return seen


@pytest.mark.parametrize("name", ACTIONS)
async def test_a_read_back_confirms_denies_or_says_why_it_cannot(
    house: FakeHouse, name: str
) -> None:
    fill(house)
    activity, port, _ = ACTIONS[name]
    provider = getattr(house, port)
    there = {key: dict(getattr(provider, key)) for key in _kept(port)}
    done = await act(activity)
    seen = await verify(house, done)
    assert seen["verified"] is True and seen["detail"].endswith("read back: so it is")
    for key, value in there.items():
        setattr(provider, key, value)
    seen = await verify(house, done)
    assert seen["verified"] is False and "still there" in seen["detail"]
    provider.failing[LISTS[port]] = DOWN
    seen = await verify(house, done | {"outcome": seen})
    assert seen["verified"] is None and seen["detail"].endswith(
        "not possible: entra x (HTTP 503): down"
    )
    assert seen["detail"].count("read back") == 1


def _kept(port: str) -> list[str]:
    return {"methods": ["methods"], "mailbox": ["rules"], "grants": ["grants"]}[port]


async def test_what_came_meanwhile_is_seen(house: FakeHouse) -> None:
    fill(house)
    done = await act(persistence.remove_authentication_methods)
    house.methods.add(method("m3"))
    seen = await verify(house, done)
    assert seen["verified"] is False and "new since: phone m3" in seen["detail"]
    done = await act(persistence.disable_inbox_rules)
    house.mailbox.add(InboxRule(id="r9", name="z", enabled=True, deletes=True))
    assert "new since" in (await verify(house, done))["detail"]


async def restore(activity: Activity, done: Json, **changes: Any) -> Json:
    payload = {"object_id": OBJECT_ID, "attempt": "undo-1", "outcome": done["outcome"]}
    return await call(activity, **(payload | changes))


async def test_exactly_the_rules_that_were_disabled_are_enabled(house: FakeHouse) -> None:
    fill(house)
    house.mailbox.add(InboxRule(id="off", name="off", enabled=False, deletes=True))
    done = await act(persistence.disable_inbox_rules)
    for _ in range(2):
        found = await restore(restoring.enable_inbox_rules, done)
        assert (found["status"], found["verified"]) == ("succeeded", True)
    assert house.mailbox.switched[2:] == [("r1", True), ("r2", True)]
    assert house.mailbox.rules["off"].enabled is False
    del house.mailbox.rules["r1"]
    found = await restore(restoring.enable_inbox_rules, done)
    assert found["status"] == "failed" and ".." in found["detail"]


async def test_the_same_consents_are_given_again(house: FakeHouse) -> None:
    fill(house)
    done = await act(persistence.revoke_oauth_grants)
    for _ in range(2):
        found = await restore(restoring.restore_oauth_grants, done)
        assert (found["status"], found["verified"]) == ("succeeded", True)
    assert house.grants.called("restore_grant") == 2
    pairs = {(one.client_id, one.resource_id, one.scope) for one in house.grants.grants.values()}
    assert pairs == {(APP, f"{API}1", "Mail"), (APP, f"{API}2", "Mail")}


async def test_a_consent_given_anew_with_less_is_for_a_person(house: FakeHouse) -> None:
    fill(house)
    done = await act(persistence.revoke_oauth_grants)
    house.grants.add(ConsentGrant(id="n", client_id=APP, resource_id=f"{API}1", scope="openid"))
    found = await restore(restoring.restore_oauth_grants, done)
    assert found["status"] == "failed" and "compare" in found["detail"]


async def test_a_conflict_about_one_consent_keeps_no_other_from_coming_back(
    house: FakeHouse,
) -> None:
    fill(house)
    done = await act(persistence.revoke_oauth_grants)
    first, second = done["outcome"]["undo"]["grants"]
    anew = ConsentGrant(id="n", client_id=APP, resource_id=first["resource_id"], scope="openid")
    house.grants.add(anew)
    found = await restore(restoring.restore_oauth_grants, done)
    assert found["status"] == "failed"
    assert "compare" in found["detail"] and "; restored: " in found["detail"]
    there = {(one.resource_id, one.scope) for one in house.grants.grants.values()}
    assert (second["resource_id"], "Mail") in there


async def test_a_rule_that_cannot_be_enabled_keeps_no_other_off(
    house: FakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(house)
    done = await act(persistence.disable_inbox_rules)
    enable = house.mailbox.set_rule_enabled

    async def first_refused(object_id: str, rule_id: str, *, enabled: bool) -> None:
        if rule_id == "r1":
            raise DENIED
        await enable(object_id, rule_id, enabled=enabled)

    monkeypatch.setattr(house.mailbox, "set_rule_enabled", first_refused)
    found = await restore(restoring.enable_inbox_rules, done)
    assert found["status"] == "failed" and "HTTP 403" in found["detail"]
    assert found["detail"].endswith("; restored: x")
    assert house.mailbox.rules["r2"].enabled is True


@pytest.mark.parametrize(
    ("activity", "name", "port", "effect"),
    [
        (restoring.enable_inbox_rules, "DisableInboxRules", "mailbox", "set_rule_enabled"),
        (restoring.restore_oauth_grants, "RevokeOAuthGrants", "grants", "restore_grant"),
    ],
)
async def test_an_undo_only_looks_when_asked_to_and_says_what_refuses_it(
    house: FakeHouse, activity: Activity, name: str, port: str, effect: str
) -> None:
    fill(house)
    done = await act(ACTIONS[name][0])
    before = getattr(house, port).called(effect)
    found = await restore(activity, done, read_back=True)
    assert (found["status"], found["verified"]) == ("succeeded", False)
    assert getattr(house, port).called(effect) == before
    getattr(house, port).failing[effect] = DENIED
    found = await restore(activity, done)
    assert (found["status"], found["verified"]) == ("failed", None)
    assert "HTTP 403" in found["detail"]


async def test_a_confirmed_risk_is_said_once_and_taken_back_once(house: FakeHouse) -> None:
    house.directory.risk = UserRisk(level="medium", state="atRisk")
    for _ in range(2):
        done = await act(risk.confirm_compromised)
        assert done["outcome"]["undo"] == {"risk_state": "atRisk"}
    assert house.directory.called("confirm_compromised") == 1
    for _ in range(2):
        found = await restore(risk.dismiss_risk, done)
        assert (found["status"], found["verified"]) == ("succeeded", True)
    assert house.directory.called("dismiss_risk") == 1


async def test_a_risk_that_was_confirmed_before_is_not_ours_to_dismiss(house: FakeHouse) -> None:
    house.directory.risk = UserRisk(level="high", state="confirmedCompromised")
    done = (await act(risk.confirm_compromised))["outcome"]
    assert (done["status"], done["undo"]) == ("succeeded", None)
    assert house.directory.called("confirm_compromised") == 0


async def test_a_confirmation_whose_answer_was_lost_can_be_taken_back(house: FakeHouse) -> None:
    house.directory.risk = UserRisk(level="medium", state="atRisk")
    house.directory.failing["confirm_compromised"] = DOWN
    with pytest.raises(RetryableError):
        await act(risk.confirm_compromised)
    done = (await act(risk.confirm_compromised, last=True))["outcome"]
    assert (done["status"], done["undo"]) == ("failed", {"risk_state": "atRisk"})
    assert "may have been done all the same" in done["detail"]
    house.cases.failing["get_claim"] = RetryableError("storage is away")
    done = (await act(risk.confirm_compromised, last=True))["outcome"]
    assert (done["status"], done["undo"]) == ("failed", None)
    assert "may have been done all the same" in done["detail"]


async def test_a_refusal_after_a_lost_answer_is_no_proof_that_nothing_was_done(
    house: FakeHouse,
) -> None:
    house.directory.risk = UserRisk(level="medium", state="atRisk")
    house.directory.failing["confirm_compromised"] = DENIED
    done = (await act(risk.confirm_compromised))["outcome"]
    assert (done["status"], done["undo"]) == ("failed", None)
    assert "may have been done" not in done["detail"]
    done = (await act(risk.confirm_compromised))["outcome"]
    assert (done["status"], done["undo"]) == ("failed", {"risk_state": "atRisk"})
    assert "may have been done all the same" in done["detail"] and "HTTP 403" in done["detail"]


async def test_a_risk_that_may_not_be_read_is_confirmed_all_the_same(house: FakeHouse) -> None:
    house.directory.failing["get_risk"] = DENIED
    done = await act(risk.confirm_compromised)
    assert done["outcome"]["undo"] == {"risk_state": None}
    assert house.directory.called("confirm_compromised") == 1
    found = await restore(risk.dismiss_risk, done)
    assert found["verified"] is None
