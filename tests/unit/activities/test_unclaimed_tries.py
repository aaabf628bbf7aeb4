"""A last try that was sent while storage was away: what is known of it, and of those before."""

import pytest

from activities import containment
from activities.tries import ANSWER_LOST, TRIES_UNKNOWN
from shared.errors import RetryableError, Throttled
from tests.support.fakes import FakeHouse
from tests.support.scripts import OBJECT_ID
from tests.unit.activities.calls import act, call
from tests.unit.activities.test_tries import ACTIONS, LOST


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
