"""The breaker: never more than the limit within an hour, told once, until a person resets it."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.playbook.planning.blast_radius import Admission, Breaker, admit, reset

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
LIMIT = 10


def ask(count: int, limit: int = LIMIT) -> tuple[Breaker, list[Admission]]:
    breaker, answers = Breaker(), []
    for number in range(count):
        breaker, answer = admit(breaker, case_id=f"case-{number}", at=START, limit=limit)
        answers.append(answer)
    return breaker, answers


def test_two_hundred_at_once_are_ten_and_a_hundred_and_ninety_and_one_page() -> None:
    breaker, answers = ask(200)
    assert [answer.admitted for answer in answers] == [True] * 10 + [False] * 190
    assert [answer.first for answer in answers].count(True) == 1
    assert all("limit" in answer.why for answer in answers[10:])
    assert breaker.held == 190


def test_a_limit_of_nothing_asks_always() -> None:
    _, answers = ask(3, limit=0)
    assert not any(answer.admitted for answer in answers)


def test_the_same_case_again_costs_nothing() -> None:
    breaker, _ = ask(LIMIT)
    after, answer = admit(breaker, case_id="case-3", at=START, limit=LIMIT)
    assert answer.admitted
    assert after == breaker


def test_it_stays_open_after_the_hour_until_somebody_resets_it() -> None:
    breaker, _ = ask(LIMIT + 1)
    later = START + timedelta(hours=5)
    breaker, answer = admit(breaker, case_id="new", at=later, limit=LIMIT)
    assert not answer.admitted
    assert not answer.first
    breaker = reset(at=later, by="ana", comment="detection fixed")
    assert breaker.last_reset is not None and breaker.last_reset.by == "ana"
    _, answer = admit(breaker, case_id="new", at=later, limit=LIMIT)
    assert answer.admitted


@given(
    st.lists(st.integers(0, 4 * 3600), max_size=60).map(sorted),
    st.integers(0, 8),
)
def test_never_more_than_the_limit_within_any_hour(seconds: list[int], limit: int) -> None:
    breaker, admitted = Breaker(), []
    for number, second in enumerate(seconds):
        at = START + timedelta(seconds=second)
        breaker, answer = admit(breaker, case_id=str(number), at=at, limit=limit)
        if answer.admitted:
            admitted.append(second)
        assert len(breaker.recent) <= limit
    for second in admitted:
        assert sum(second <= other < second + 3600 for other in admitted) <= limit
