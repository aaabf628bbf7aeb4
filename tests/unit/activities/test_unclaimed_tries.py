"""A last try that was sent while storage was away: what is known of it, and of those before."""

import pytest

from activities import containment, risk
from activities.tries import ANSWER_LOST, TRIES_UNKNOWN
from shared.errors import OutOfTurn, PermissionDenied, RetryableError, Throttled
from tests.support.fakes import FakeHouse
from tests.support.scripts import OBJECT_ID
from tests.unit.activities.calls import act, call
from tests.unit.activities.test_tries import ACTIONS, LOST

DENIED = PermissionDenied("role", vendor="entra", operation="users.patch", status=403)


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize(
    ("error", "doubted"), [(LOST, True), (Throttled("slow down", retry_after=2), False)]
)
async def test_a_last_try_that_could_not_be_claimed_may_have_been_heard(
    house: FakeHouse, name: str, error: Exception, doubted: bool
) -> None:
    """Refused before, and noted so; then storage is away while the last is sent, and back."""
    activity, effect, _change = ACTIONS[name]
    house.directory.failing[effect] = Throttled("slow down", retry_after=2)
    with pytest.raises(Throttled):
        await act(activity)
    house.directory.failing[effect] = error
    house.cases.failing["claim"] = RetryableError("storage is away")
    told = await call(activity, object_id=OBJECT_ID, attempt="contain-1", last=True)
    assert told["outcome"]["status"] == "failed"
    assert (TRIES_UNKNOWN in told["outcome"]["detail"]) is doubted
    assert told.get("unsure", False) is doubted


async def test_what_an_earlier_try_claimed_is_known_of_a_last_one_that_claimed_nothing(
    house: FakeHouse,
) -> None:
    """The claim has the state before, which an undo goes back to."""
    house.directory.failing["set_enabled"] = LOST
    with pytest.raises(RetryableError):
        await act(containment.disable_account)
    house.cases.failing["claim"] = RetryableError("storage is away")
    told = await call(
        containment.disable_account, object_id=OBJECT_ID, attempt="contain-1", last=True
    )
    assert ANSWER_LOST in told["outcome"]["detail"]
    assert told["outcome"]["undo"]
    assert told["before"]["account_enabled"] is True


@pytest.mark.parametrize("error", [Throttled("slow down", retry_after=2), DENIED])
async def test_a_refusal_says_nothing_of_tries_that_storage_knows_nothing_of(
    house: FakeHouse, error: Exception
) -> None:
    """Storage was away all the time: an earlier try may have been heard, its answer lost."""
    house.cases.failing["claim"] = RetryableError("storage is away")
    house.directory.failing["set_enabled"] = LOST
    with pytest.raises(RetryableError):
        await act(containment.disable_account)
    house.cases.failing["claim"] = RetryableError("storage is away")
    house.directory.failing["set_enabled"] = error
    told = await call(
        containment.disable_account, object_id=OBJECT_ID, attempt="contain-1", last=True
    )
    assert TRIES_UNKNOWN in told["outcome"]["detail"]
    assert told["unsure"]


async def test_a_confirmation_that_could_not_be_claimed_may_have_been_heard(
    house: FakeHouse,
) -> None:
    house.cases.failing["claim"] = RetryableError("storage is away")
    house.directory.failing["confirm_compromised"] = LOST
    told = await call(risk.confirm_compromised, object_id=OBJECT_ID, attempt="contain-1", last=True)
    assert told["outcome"]["status"] == "failed"
    assert TRIES_UNKNOWN in told["outcome"]["detail"]


async def test_a_confirmation_that_was_not_sent_is_not_said_to_have_lost_its_answer(
    house: FakeHouse,
) -> None:
    house.directory.failing["confirm_compromised"] = OutOfTurn("too many requests of our own")
    told = await call(risk.confirm_compromised, object_id=OBJECT_ID, attempt="contain-1", last=True)
    assert "if an answer was lost before" in told["outcome"]["detail"]
    assert "HTTP 429" not in told["outcome"]["detail"], "Graph was not asked"
