"""Whose change was it? What an attacker or an administrator does between two tries of ours."""

from datetime import timedelta

import pytest

from activities import containment
from shared.errors import NotSupported, PermissionDenied, RetryableError, Throttled
from shared.models.base import Json, format_utc
from shared.providers.retry import NotSent
from tests.support.fakes import T1, FakeHouse
from tests.support.scripts import OBJECT_ID
from tests.unit.activities.calls import Activity, act, call

MOVED = T1 - timedelta(minutes=1)
ACTIONS: dict[str, tuple[Activity, str, Json]] = {
    "ForcePasswordReset": (
        containment.force_password_reset,
        "reset_password",
        {"last_password_change_at": MOVED},
    ),
    "RevokeSessions": (
        containment.revoke_sessions,
        "revoke_sessions",
        {"sign_in_sessions_valid_from": MOVED},
    ),
}
LOST = RetryableError("users.patch: connection lost")
NOT_DONE = [Throttled("slow down", retry_after=2), NotSent("connection refused")]


async def state(house: FakeHouse) -> Json:
    return await call(containment.read_account_state, object_id=OBJECT_ID)


def somebody_else(house: FakeHouse, **change: object) -> None:
    house.directory.state = house.directory.state.model_copy(update=change)


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize("error", [*NOT_DONE, RetryableError("the worker died")])
async def test_a_change_between_the_state_before_and_the_first_try_is_not_ours(
    house: FakeHouse, name: str, error: Exception
) -> None:
    activity, effect, change = ACTIONS[name]
    before = await state(house)
    somebody_else(house, **change)
    house.directory.failing[effect] = error
    with pytest.raises(RetryableError):
        await act(activity, before)
    house.directory.failing.clear()
    house.directory.calls.clear()
    await act(activity, before)
    assert house.directory.called(effect) == 1


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize("error", NOT_DONE)
@pytest.mark.parametrize("tries", [1, 2])
async def test_a_change_after_a_try_that_did_nothing_is_not_ours(
    house: FakeHouse, name: str, error: Exception, tries: int
) -> None:
    activity, effect, change = ACTIONS[name]
    house.directory.failing[effect] = error
    for _ in range(tries):
        with pytest.raises(RetryableError):
            await act(activity)
    house.directory.failing.clear()
    house.directory.calls.clear()
    somebody_else(house, **change)
    first = await call(activity, object_id=OBJECT_ID, attempt="contain-1")
    again = await call(activity, object_id=OBJECT_ID, attempt="contain-1")
    assert house.directory.called(effect) == 1, "delivered again, it is not done again"
    assert first["before"] == again["before"]
    [(field, moved)] = change.items()
    assert first["before"][field] == format_utc(moved)


async def test_a_lost_answer_is_not_forgotten_when_the_next_try_is_throttled(
    house: FakeHouse,
) -> None:
    """The first try may have had its effect: what the third finds moved may be ours."""
    for error in (RetryableError("connection lost"), Throttled("slow down", retry_after=2)):
        house.directory.failing["reset_password"] = error
        with pytest.raises(RetryableError):
            await act(containment.force_password_reset)
    house.directory.failing.clear()
    house.directory.calls.clear()
    somebody_else(house, last_password_change_at=MOVED)
    await act(containment.force_password_reset)
    assert house.directory.called("reset_password") == 0


@pytest.mark.parametrize("name", ACTIONS)
async def test_a_change_while_storage_is_away_is_not_ours(house: FakeHouse, name: str) -> None:
    activity, effect, change = ACTIONS[name]
    before = await state(house)
    house.cases.failing["claim"] = RetryableError("storage is away")
    somebody_else(house, **change)
    await act(activity, before)
    assert house.directory.called(effect) == 1


async def test_a_refusal_that_cannot_be_noted_is_still_told(house: FakeHouse) -> None:
    async def set_enabled(object_id: str, *, enabled: bool) -> None:
        house.cases.failing["claim"] = RetryableError("storage is away")
        raise PermissionDenied("needs a role", status=403)

    house.directory.set_enabled = set_enabled  # type: ignore[method-assign]
    outcome = await act(containment.disable_account)
    assert outcome["status"] == "failed"
    assert "needs a role" in outcome["detail"]


async def test_what_an_administrator_disabled_meanwhile_is_not_enabled_by_an_undo(
    house: FakeHouse,
) -> None:
    before = await state(house)
    somebody_else(house, account_enabled=False)
    outcome = await act(containment.disable_account, before)
    assert (outcome["undo"], outcome["detail"]) == (None, "was so before this case")
    assert house.directory.called("set_enabled") == 0


async def lose(house: FakeHouse, name: str) -> Json:
    """Lose the answer of the first try, and all reads that follow; return what the last says."""
    activity, effect = LOSABLE[name]
    house.directory.failing[effect] = LOST
    with pytest.raises(RetryableError):
        await act(activity)
    house.directory.failing = {"get_state": RetryableError("HTTP 503", status=503)}
    with pytest.raises(RetryableError):
        await act(activity)
    return await call(activity, object_id=OBJECT_ID, attempt="contain-1", last=True)


LOSABLE: dict[str, tuple[Activity, str]] = {
    "DisableAccount": (containment.disable_account, "set_enabled"),
    "ForcePasswordReset": (containment.force_password_reset, "reset_password"),
    "RevokeSessions": (containment.revoke_sessions, "revoke_sessions"),
}
CHANGES: dict[str, Json] = {name: change for name, (_, _, change) in ACTIONS.items()} | {
    "DisableAccount": {"account_enabled": False}
}


@pytest.mark.parametrize("name", LOSABLE)
async def test_the_last_try_says_that_an_answer_was_lost(house: FakeHouse, name: str) -> None:
    told = await lose(house, name)
    outcome = told["outcome"]
    assert (outcome["status"], outcome["verified"], told["unsure"]) == ("failed", None, True)
    assert outcome["undo"] == ({"account_enabled": True} if name == "DisableAccount" else None)
    assert "HTTP 503" in outcome["detail"]
    assert "may have been done all the same" in outcome["detail"]


@pytest.mark.parametrize("name", LOSABLE)
@pytest.mark.parametrize("happened", [True, False])
async def test_the_read_back_finds_out_what_a_lost_try_did(
    house: FakeHouse, name: str, happened: bool
) -> None:
    told = await lose(house, name)
    house.directory.failing.clear()
    if happened:
        somebody_else(house, **CHANGES[name])
    seen = await call(
        containment.verify_account,
        object_id=OBJECT_ID,
        outcomes=[told["outcome"]],
        before={name: told["before"]},
        unsure=[name],
    )
    [found] = seen["outcomes"]
    expected = ("succeeded", True) if happened else ("failed", False)
    assert (found["status"], found["verified"], seen["unprovable"]) == (*expected, [])
    assert found["undo"] == told["outcome"]["undo"]


@pytest.mark.parametrize("error", [PermissionDenied("no role", status=403), LOST])
async def test_a_permanent_refusal_does_not_hide_a_lost_answer(
    house: FakeHouse, error: Exception
) -> None:
    house.directory.failing["set_enabled"] = LOST
    with pytest.raises(RetryableError):
        await act(containment.disable_account)
    house.directory.failing = {"get_state": error}
    told = await call(
        containment.disable_account, object_id=OBJECT_ID, attempt="contain-1", last=True
    )
    assert (told["unsure"], told["outcome"]["undo"]) == (True, {"account_enabled": True})


@pytest.mark.parametrize("error", [*NOT_DONE, PermissionDenied("no role", status=403)])
async def test_what_certainly_did_nothing_is_plainly_failed(
    house: FakeHouse, error: Exception
) -> None:
    house.directory.failing["set_enabled"] = error
    last = isinstance(error, RetryableError)
    if last:
        with pytest.raises(RetryableError):
            await act(containment.disable_account)
    told = await call(
        containment.disable_account, object_id=OBJECT_ID, attempt="contain-1", last=last
    )
    assert (told["outcome"]["status"], told["outcome"]["undo"]) == ("failed", None)
    assert "unsure" not in told


async def test_the_last_try_acts_when_it_can(house: FakeHouse) -> None:
    outcome = await act(containment.disable_account, last=True)
    assert (outcome["status"], house.directory.called("set_enabled")) == ("succeeded", 1)


@pytest.mark.parametrize("name", LOSABLE)
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("happened", [True, False])
async def test_while_storage_is_away_nobody_says_that_it_was_not_done(
    house: FakeHouse, name: str, known: bool, happened: bool
) -> None:
    """The first try is claimed and its answer lost; storage is away in all that follow."""
    activity, effect = LOSABLE[name]
    before = await state(house) if known else None
    house.directory.failing[effect] = LOST
    with pytest.raises(RetryableError):
        await act(activity, before)
    for method in ("claim", "get_claim"):
        house.cases.failing[method] = RetryableError("storage is away")
    told = await call(activity, object_id=OBJECT_ID, before=before, attempt="contain-1", last=True)
    outcome = told["outcome"]
    assert (outcome["status"], outcome["verified"], told["unsure"]) == ("failed", None, True)
    assert "connection lost" in outcome["detail"]
    assert "may have been done all the same" in outcome["detail"]
    ours = known and name == "DisableAccount"
    assert outcome["undo"] == ({"account_enabled": True} if ours else None)
    if happened:
        somebody_else(house, **CHANGES[name])
    seen = await call(
        containment.verify_account,
        object_id=OBJECT_ID,
        outcomes=[outcome],
        before={name: told["before"]},
        unsure=[name],
    )
    [found] = seen["outcomes"]
    told_apart = known or name == "DisableAccount"
    shown = ("succeeded", True) if happened else ("failed", False)
    assert (found["status"], found["verified"]) == (shown if told_apart else ("failed", None))
    if found["status"] == "failed":
        assert "may have been done all the same" in found["detail"]
    assert seen["unprovable"] == ([] if told_apart else [name])


@pytest.mark.parametrize("name", LOSABLE)
@pytest.mark.parametrize("error", [*NOT_DONE, PermissionDenied("no role", status=403)])
async def test_tries_that_could_claim_nothing_are_not_taken_for_none(
    house: FakeHouse, name: str, error: Exception
) -> None:
    activity, effect = LOSABLE[name]
    house.cases.failing["claim"] = RetryableError("storage is away")
    house.directory.failing[effect] = LOST
    with pytest.raises(RetryableError):
        await act(activity)
    house.cases.failing.clear()
    house.directory.failing[effect] = error
    told = await call(activity, object_id=OBJECT_ID, attempt="contain-1", last=True)
    assert (told["outcome"]["status"], told["unsure"]) == ("failed", True)
    assert "may have been done all the same" in told["outcome"]["detail"]


async def test_what_the_directory_cannot_do_was_never_done(house: FakeHouse) -> None:
    house.cases.failing["get_claim"] = RetryableError("storage is away")
    house.directory.failing["set_enabled"] = NotSupported("synced from elsewhere")
    told = await call(containment.disable_account, object_id=OBJECT_ID, attempt="contain-1")
    assert "unsure" not in told
    assert "may have been done" not in told["outcome"]["detail"]
