"""Methods, rules and consents are taken away: once, also half-way, refused, redelivered."""

from datetime import UTC, datetime
from typing import Any

import pytest

from activities import persistence
from activities.tries import ANSWER_LOST
from shared.errors import NotFound, RetryableError, Throttled
from shared.models.query import QueryResult
from tests.support.fakes import FakeHouse
from tests.unit.activities.intruder import (
    ACTIONS,
    CONSENT,
    DENIED,
    DOWN,
    LISTS,
    act,
    fill,
    method,
)


@pytest.mark.parametrize("name", ACTIONS)
async def test_everything_of_the_intruders_goes_once(house: FakeHouse, name: str) -> None:
    fill(house)
    activity, port, effect = ACTIONS[name]
    done = (await act(activity))["outcome"]
    assert (done["action"], done["status"], done["verified"]) == (name, "succeeded", None)
    assert getattr(house, port).called(effect) == 2
    again = (await act(activity))["outcome"]
    assert getattr(house, port).called(effect) == 2, "a redelivered activity finds the claim"
    assert again | {"at": ""} == done | {"at": ""}, "the same outcome, undo included"


@pytest.mark.parametrize("name", ACTIONS)
async def test_half_done_says_what_was_and_what_was_not(house: FakeHouse, name: str) -> None:
    fill(house)
    activity, port, effect = ACTIONS[name]
    provider = getattr(house, port)
    real, calls = getattr(provider, effect), iter([None, DENIED])

    async def second_is_refused(*args: Any, **more: Any) -> None:
        if error := next(calls):
            raise error
        await real(*args, **more)

    setattr(provider, effect, second_is_refused)
    done = (await act(activity))["outcome"]
    assert done["status"] == "failed"
    assert "NOT " in done["detail"] and "HTTP 403" in done["detail"]
    assert done["detail"].split("; ")[-1].split(": ")[0] in {"removed", "disabled", "revoked"}
    kept = done["undo"]
    assert kept is None or len(next(iter(kept.values()))) == 1, "only what was done can be undone"


@pytest.mark.parametrize("name", ACTIONS)
async def test_a_passing_failure_half_way_is_tried_again(house: FakeHouse, name: str) -> None:
    """The second thing fails for now; the retried activity does only that one."""
    fill(house)
    activity, port, effect = ACTIONS[name]
    provider = getattr(house, port)
    real, calls = getattr(provider, effect), iter([None, DOWN, None])

    async def second_fails(*args: Any, **more: Any) -> None:
        if error := next(calls):
            raise error
        await real(*args, **more)

    setattr(provider, effect, second_fails)
    with pytest.raises(RetryableError):
        await act(activity)
    done = (await act(activity))["outcome"]
    assert done["status"] == "succeeded"
    assert provider.called(effect) == 2
    assert done["undo"] is None or len(next(iter(done["undo"].values()))) == 2


@pytest.mark.parametrize("name", ACTIONS)
async def test_the_last_try_gives_an_outcome_whatever_happens(house: FakeHouse, name: str) -> None:
    fill(house)
    activity, port, effect = ACTIONS[name]
    getattr(house, port).failing[effect] = DOWN
    done = (await act(activity, last=True))["outcome"]
    assert done["status"] == "failed" and ANSWER_LOST in done["detail"]
    assert done["detail"].count("HTTP 503") == 2
    kept = next(iter((done["undo"] or {"none": []}).values()))
    assert len(kept) == (0 if port == "methods" else 2), "what may have been done can be undone"
    getattr(house, port).failing[LISTS[port]] = DOWN
    other = (await act(activity, last=True, attempt="contain-2"))["outcome"]
    assert (other["detail"], other["undo"]) == ("entra x (HTTP 503): down", None)


@pytest.mark.parametrize("name", ACTIONS)
async def test_a_last_try_that_was_refused_is_plainly_not_done(house: FakeHouse, name: str) -> None:
    fill(house)
    activity, port, effect = ACTIONS[name]
    getattr(house, port).failing[effect] = Throttled("slow down")
    done = (await act(activity, last=True))["outcome"]
    assert (done["status"], done["undo"]) == ("failed", None)
    assert ANSWER_LOST not in done["detail"]


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize("down", [False, True])
async def test_what_an_earlier_try_did_is_kept_when_the_last_cannot_look(
    house: FakeHouse, name: str, down: bool
) -> None:
    fill(house)
    activity, port, effect = ACTIONS[name]
    provider = getattr(house, port)
    real, calls = getattr(provider, effect), iter([None, DOWN])

    async def second_fails(*args: Any, **more: Any) -> None:
        if error := next(calls):
            raise error
        await real(*args, **more)

    setattr(provider, effect, second_fails)
    with pytest.raises(RetryableError):
        await act(activity)
    setattr(provider, effect, real)
    provider.failing = {LISTS[port]: DOWN} | ({effect: DOWN} if down else {})
    done = (await act(activity, last=True))["outcome"]
    assert done["status"] == ("failed" if down else "succeeded")
    kept = next(iter((done["undo"] or {"none": []}).values()))
    assert len(kept) == (0 if port == "methods" else 2)


@pytest.mark.parametrize("name", ACTIONS)
async def test_a_missing_permission_is_a_clear_line(house: FakeHouse, name: str) -> None:
    activity, port, effect = ACTIONS[name]
    getattr(house, port).failing[LISTS[port]] = DENIED
    done = (await act(activity))["outcome"]
    assert (done["status"], done["detail"]) == ("failed", "entra x (HTTP 403): no permission")
    assert getattr(house, port).called(effect) == 0


@pytest.mark.parametrize("name", ACTIONS)
async def test_nothing_to_do_is_done_and_says_so(house: FakeHouse, name: str) -> None:
    done = (await act(ACTIONS[name][0]))["outcome"]
    assert (done["status"], done["undo"]) == ("succeeded", None)
    assert done["detail"].startswith(("no method", "none of 0", "no consent"))


@pytest.mark.parametrize("name", ACTIONS)
async def test_a_directory_nobody_serves_is_a_clear_line(house: FakeHouse, name: str) -> None:
    done = (await act(ACTIONS[name][0], directory="okta"))["outcome"]
    assert done["status"] == "failed" and done["detail"].startswith("okta: ")


@pytest.mark.parametrize("name", ACTIONS)
async def test_storage_that_is_away_does_not_stop_it(house: FakeHouse, name: str) -> None:
    fill(house)
    house.cases.failing["claim"] = RetryableError("storage is away")
    activity, port, effect = ACTIONS[name]
    assert (await act(activity))["outcome"]["status"] == "succeeded"
    assert getattr(house, port).called(effect) == 2


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize("error", [DOWN, DENIED], ids=["down", "denied"])
async def test_what_was_half_done_is_not_forgotten_when_nothing_can_be_listed(
    house: FakeHouse, name: str, error: Exception
) -> None:
    activity, port, effect = ACTIONS[name]
    fill(house)
    provider = getattr(house, port)
    provider.failing[effect] = DOWN
    with pytest.raises(RetryableError):
        await act(activity)
    provider.failing = {LISTS[port]: error, effect: error}
    done = (await act(activity, last=error is DOWN))["outcome"]
    assert done["status"] == "failed"
    assert done["detail"].startswith("NOT ") and done["detail"].count("entra x") == 2
    house.cases.failing["get_claim"] = RetryableError("storage is away")
    done = (await act(activity, last=True))["outcome"]
    assert (done["status"], done["undo"]) == ("failed", None)
    assert "may have been done all the same" in done["detail"]


async def test_what_a_replica_still_shows_is_not_failed(house: FakeHouse) -> None:
    fill(house)
    house.methods.refusing = {"m1": NotFound("gone", vendor="entra", status=404)}
    done = (await act(persistence.remove_authentication_methods))["outcome"]
    assert done["status"] == "succeeded" and "phone m1" in done["detail"]


async def test_a_default_method_goes_last(house: FakeHouse) -> None:
    fill(house)
    house.methods.default = "m1"
    done = (await act(persistence.remove_authentication_methods))["outcome"]
    assert done["status"] == "succeeded"
    assert house.methods.removed == ["m2", "m1"]


async def test_a_default_method_that_must_stay_is_named(house: FakeHouse) -> None:
    fill(house)
    house.methods.add(method("mine", datetime(2020, 1, 1, tzinfo=UTC)))
    house.methods.default = "m1"
    done = (await act(persistence.remove_authentication_methods))["outcome"]
    assert done["status"] == "failed"
    assert "removed: email m2" in done["detail"] and "NOT removed: phone m1" in done["detail"]
    assert "default" in done["detail"] and set(house.methods.methods) == {"p", "m1", "mine"}


async def test_undated_methods_ask_the_audit_log_once(house: FakeHouse) -> None:
    house.methods.add(method("old", None), method("a", None, "fido2"))
    registered = CONSENT | {
        "OperationName": "User registered security info",
        "ResultReason": "User registered Fido",
    }
    house.siem.answers["security info"] = QueryResult(rows=[registered])
    done = (await act(persistence.remove_authentication_methods))["outcome"]
    assert done["status"] == "succeeded" and house.methods.removed == ["a"]
    assert house.siem.called("run_query") == 1


@pytest.mark.parametrize("answer", [DOWN, QueryResult(partial=True), QueryResult(rows=[{}] * 500)])
async def test_an_audit_log_that_may_be_incomplete_dates_nothing(
    house: FakeHouse, answer: Any
) -> None:
    fill(house)
    house.methods.add(method("old", None))
    house.siem.answers = {"AuditLogs": answer}
    done = (await act(persistence.remove_authentication_methods))["outcome"]
    assert done["status"] == "failed" and "phone old" in done["detail"]
    assert set(house.methods.methods) == {"p", "old"}
    done = (await act(persistence.revoke_oauth_grants))["outcome"]
    assert done["status"] == "failed" and len(house.grants.grants) == 2


async def test_without_the_time_of_the_compromise_people_get_a_list(house: FakeHouse) -> None:
    fill(house)
    for name in ("RemoveAuthenticationMethods", "RevokeOAuthGrants"):
        done = (await act(ACTIONS[name][0], since=None))["outcome"]
        assert done["status"] == "failed" and "not known" in done["detail"]
    assert house.siem.called("run_query") == 0
    assert (await act(persistence.disable_inbox_rules, since=None))["outcome"]["status"] == (
        "succeeded"
    ), "what a rule does needs no time"
