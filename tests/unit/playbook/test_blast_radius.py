"""The breaker: never more than a limit allows, told once, until a person resets it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models.policy import Limits
from shared.playbook.planning.blast_radius import (
    Admission,
    Asked,
    Breaker,
    Limit,
    admit,
    allowed_within_a_day,
    reset,
)

START = datetime(2026, 11, 20, 12, 20, tzinfo=UTC)
LIMITS = Limits(automatic_per_hour=10, privileged_per_hour=2, directory_share_percent=1.0)


def asked(number: int, at: datetime = START, **changes: object) -> Asked:
    given: dict[str, object] = {"case_id": f"case-{number}", "at": at, "limits": LIMITS}
    return Asked.model_validate(given | changes)


def ask(count: int, **changes: Any) -> tuple[Breaker, list[Admission]]:
    breaker, answers = Breaker(), []
    for number in range(count):
        breaker, answer = admit(breaker, asked(number, **changes))
        answers.append(answer)
    return breaker, answers


def test_two_hundred_at_once_are_ten_and_a_hundred_and_ninety_and_one_page() -> None:
    breaker, answers = ask(200)
    assert [answer.admitted for answer in answers] == [True] * 10 + [False] * 190
    assert [answer.first for answer in answers].count(True) == 1
    assert all("10 accounts within an hour" in answer.why for answer in answers[10:])
    assert breaker.held == 190


def test_a_limit_of_nothing_asks_always() -> None:
    _, answers = ask(3, limits=Limits(automatic_per_hour=0))
    assert not any(answer.admitted for answer in answers)


@pytest.mark.parametrize(
    ("none", "privileged", "may"),
    [
        ({"automatic_per_hour": 0}, False, False),
        ({"automatic_per_hour": 0}, True, False),
        ({"privileged_per_hour": 0}, True, False),
        ({"privileged_per_hour": 0}, False, True),
    ],
)
@pytest.mark.parametrize("later", [0, 90], ids=["within the hour", "after it"])
def test_a_limit_switched_to_nothing_holds_for_who_was_counted_before(
    none: dict[str, int], privileged: bool, may: bool, later: int
) -> None:
    breaker, answer = admit(Breaker(), asked(1, privileged=privileged))
    assert answer.admitted
    now = LIMITS.model_copy(update=none)
    again = asked(
        1, START + timedelta(minutes=later), limits=now, privileged=privileged, counted=True
    )
    breaker, answer = admit(breaker, again)
    assert answer.admitted == may
    assert may or next(iter(none)) in answer.why


def test_the_same_case_again_costs_nothing() -> None:
    breaker, _ = ask(10)
    after, answer = admit(breaker, asked(3))
    assert answer.admitted
    assert after == breaker


def test_a_case_that_was_counted_hours_ago_is_not_counted_again() -> None:
    later = START + timedelta(hours=5)
    breaker, answer = admit(Breaker(), asked(1))
    breaker, answer = admit(breaker, asked(1, later, counted=True))
    assert answer.admitted
    assert (len(breaker.recent), breaker.within_a_day()) == (0, 1)


def test_a_case_that_is_held_again_is_not_another_one() -> None:
    breaker, _ = ask(11)
    for _ in range(5):
        breaker, answer = admit(breaker, asked(10, held=True))
        assert (answer.admitted, answer.first) == (False, False)
    assert breaker.held == 1


def test_a_pause_is_one_for_those_let_through_before_too() -> None:
    breaker, _ = ask(11)
    _, answer = admit(breaker, asked(3, counted=True))
    assert not answer.admitted


def test_it_stays_open_after_the_hour_until_somebody_resets_it() -> None:
    breaker, _ = ask(11)
    later = START + timedelta(hours=25)
    breaker, answer = admit(breaker, asked(99, later))
    assert not answer.admitted
    assert not answer.first
    breaker = reset(at=later, by="ana", comment="detection fixed")
    assert breaker.last_reset is not None and breaker.last_reset.by == "ana"
    _, answer = admit(breaker, asked(99, later))
    assert answer.admitted


def test_privileged_accounts_have_a_limit_of_their_own() -> None:
    breaker, answers = ask(3, privileged=True)
    assert [answer.admitted for answer in answers] == [True, True, False]
    assert breaker.tripped is not None and breaker.tripped.which is Limit.PRIVILEGED
    assert "2 privileged accounts within an hour" in answers[2].why
    assert "limits.privileged_per_hour" in answers[2].why
    _, ordinary = admit(breaker, asked(9))
    assert not ordinary.admitted, "whichever limit is passed, everything is asked"


def test_ordinary_accounts_do_not_count_as_privileged() -> None:
    breaker, _ = ask(5)
    breaker, answer = admit(breaker, asked(5, privileged=True))
    assert answer.admitted
    breaker, answer = admit(breaker, asked(0, privileged=True))
    assert answer.admitted, "found to be privileged only now"
    assert len(breaker.recent) == 6
    _, answer = admit(breaker, asked(1, privileged=True))
    assert not answer.admitted


@pytest.mark.parametrize(
    ("users", "percent", "allowed"),
    [
        (None, 1.0, None),
        (3, 1.0, 10),
        (1000, 1.0, 10),
        (1100, 1.0, 11),
        (100_000, 0.29, 290),
        (0, 100.0, 10),
        (50, 100.0, 50),
    ],
)
def test_a_share_of_the_directory_is_never_less_than_an_hour_allows(
    users: int | None, percent: float, allowed: int | None
) -> None:
    assert allowed_within_a_day(percent, users, 10) == allowed


def test_a_slow_storm_passes_the_share_of_the_directory() -> None:
    breaker, answers = Breaker(), []
    for number in range(30):
        at = START + timedelta(minutes=15 * number)
        breaker, answer = admit(breaker, asked(number, at, users=2000))
        answers.append(answer)
    assert [answer.admitted for answer in answers] == [True] * 20 + [False] * 10
    assert breaker.tripped is not None and breaker.tripped.which is Limit.SHARE
    assert "20 accounts within 24 hours" in answers[20].why
    assert "2000 enabled users" in answers[20].why


@pytest.mark.parametrize(("high", "allowed"), [(30, 3), (5, 2), (None, 48)])
def test_a_slow_storm_passes_the_share_of_the_privileged(high: int | None, allowed: int) -> None:
    """One an hour of 2,000 users shows in no other limit; never fewer than an hour allows."""
    breaker, answers = Breaker(), []
    for number in range(48):
        at = START + timedelta(minutes=31 * number)
        given = {"users": 20_000, "privileged_users": high, "privileged": True}
        breaker, answer = admit(breaker, asked(number, at, **given))
        answers.append(answer)
        ordinary = admit(breaker, asked(1000 + number, at, users=20_000, privileged_users=high))[1]
        assert ordinary.admitted == answer.admitted, "open for one, open for all"
    assert [answer.admitted for answer in answers] == [True] * allowed + [False] * (48 - allowed)
    if high is not None:
        assert breaker.tripped is not None and breaker.tripped.which is Limit.PRIVILEGED_SHARE
        assert f"{allowed} privileged accounts within 24 hours" in answers[allowed].why
        assert f"{high} privileged users (limits.privileged_share_percent)" in answers[allowed].why


def test_without_a_number_of_users_the_hour_alone_holds() -> None:
    breaker = Breaker()
    for number in range(200):
        at = START + timedelta(minutes=15 * number)
        breaker, answer = admit(breaker, asked(number, at))
        assert answer.admitted


@given(
    st.lists(st.tuples(st.integers(0, 60 * 3600), st.booleans()), max_size=60).map(sorted),
    st.integers(0, 8),
    st.integers(0, 3),
    st.one_of(st.none(), st.integers(0, 3000)),
    st.one_of(st.none(), st.integers(0, 60)),
)
def test_no_hour_and_no_day_holds_more_than_its_limit(
    arrivals: list[tuple[int, bool]],
    hourly: int,
    privileged: int,
    users: int | None,
    high: int | None,
) -> None:
    limits = Limits(automatic_per_hour=hourly, privileged_per_hour=privileged)
    breaker, admitted = Breaker(), []
    for number, (second, special) in enumerate(arrivals):
        at = START + timedelta(seconds=second)
        counts = {"users": users, "privileged_users": high}
        one = asked(number, at, limits=limits, privileged=special, **counts)
        breaker, answer = admit(breaker, one)
        if answer.admitted:
            admitted.append((second, special))
        assert len(breaker.recent) <= hourly
        assert len(breaker.earlier) <= 26
        if answer.first:
            breaker = breaker.model_copy(update={"tripped": None})
    day = allowed_within_a_day(limits.directory_share_percent, users, hourly)
    share = allowed_within_a_day(limits.privileged_share_percent, high, privileged)
    for second, _ in admitted:
        hour = [item for item in admitted if second <= item[0] < second + 3600]
        assert len(hour) <= hourly
        assert sum(special for _, special in hour) <= privileged
        within = sum(second <= other < second + 24 * 3600 for other, _ in admitted)
        assert day is None or within <= day
        roles = [is_high for other, is_high in admitted if second <= other < second + 24 * 3600]
        assert share is None or sum(roles) <= share


def test_what_an_older_breaker_wrote_can_be_read() -> None:
    state = {
        "recent": [{"case_id": "case-1", "at": "2026-11-20T12:00:00Z"}],
        "tripped": {"at": "2026-11-20T12:01:00Z", "case_id": "case-2", "limit": 1},
        "held": 7,
    }
    breaker = Breaker.model_validate(state)
    assert breaker.tripped is not None and breaker.tripped.which is Limit.ACCOUNTS
