"""How vendors answered last: what counts as failing, since when, and how often it is written."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest

from shared.call_measurements import measured_call
from shared.dependency_states import CHANGE_AGAIN, WRITE_AGAIN, Memory, memory
from shared.errors import NotFound, PermissionDenied, RetryableError, Throttled
from shared.models.dependency import FAILING, WORKING, Seen, latest
from shared.models.measurement import VENDORS, Outcome

T0 = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (None, WORKING),
        (NotFound("no such user"), WORKING),
        (RetryableError("no answer"), FAILING),
        (Throttled("slow down"), FAILING),
        (PermissionDenied("401"), FAILING),
        (ValueError("garbled"), FAILING),
    ],
)
def test_a_call_to_a_vendor_is_remembered(error: Exception | None, state: str) -> None:
    memory.forget()
    kinds = (type(error),) if error else ()
    with contextlib.suppress(*kinds), measured_call("entra", "always"):
        if error:
            raise error
    seen = memory.seen()["entra"]
    memory.forget()
    assert seen.state == state
    assert (seen.error is not None) is (state == FAILING)


def test_what_was_given_up_by_us_says_nothing_of_the_vendor() -> None:
    memory.forget()
    with pytest.raises(KeyboardInterrupt), measured_call("entra", "always"):
        raise KeyboardInterrupt
    assert memory.seen() == {}


def test_since_is_when_it_began() -> None:
    one = Memory()
    for minutes, outcome in enumerate((Outcome.OK, Outcome.RETRYABLE, Outcome.THROTTLED)):
        one.note("okta", outcome, now=T0 + minutes * MINUTE)
    assert one.seen()["okta"] == Seen(FAILING, T0 + MINUTE, T0 + 2 * MINUTE, "throttled")


def test_only_vendors_are_remembered() -> None:
    one = Memory()
    for name in (*VENDORS, "anything else", "x" * 1000):
        one.note(name, Outcome.OK, now=T0)
    one.note("okta", Outcome.NOT_CONFIGURED, now=T0)
    assert set(one.seen()) == VENDORS
    assert one.seen()["okta"].state == WORKING


def test_what_is_new_is_written_and_no_more_often() -> None:
    one = Memory()
    one.note("okta", Outcome.OK, now=T0)
    assert set(one.take_due(now=T0)) == {"okta"}
    soon = T0 + CHANGE_AGAIN / 2
    one.note("okta", Outcome.RETRYABLE, now=soon)
    assert one.take_due(now=soon) == {}, "it may flap"
    assert set(one.take_due(now=T0 + CHANGE_AGAIN)) == {"okta"}
    one.note("okta", Outcome.RETRYABLE, now=T0 + 2 * CHANGE_AGAIN)
    assert one.take_due(now=T0 + 2 * CHANGE_AGAIN) == {}, "nothing new"
    assert set(one.take_due(now=T0 + 2 * WRITE_AGAIN)) == {"okta"}
    assert one.take_due(now=T0 + 9 * WRITE_AGAIN) == {}, "not called since"


def test_of_two_instances_the_last_call_counts_and_the_earliest_beginning() -> None:
    early = Seen(FAILING, T0, T0 + MINUTE, "throttled")
    late = Seen(FAILING, T0 + 2 * MINUTE, T0 + 3 * MINUTE, "retryable")
    well = Seen(WORKING, T0 + 4 * MINUTE, T0 + 4 * MINUTE)
    assert latest({"okta": early}, {"okta": late})["okta"] == Seen(
        FAILING, T0, T0 + 3 * MINUTE, "retryable"
    )
    assert latest({"okta": well}, {"okta": late}) == {"okta": well}
    assert latest({}, {"okta": late}) == {"okta": late}
