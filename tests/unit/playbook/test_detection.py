import random
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.playbook.sign_ins.detection import (
    distinct_attempts,
    find_brute_force_success,
    find_guessing_run,
)
from tests.unit.playbook.builders import ATTACK_AT, ATTACKER, HOME, failures, sign_in

EIGHT_MINUTES = timedelta(minutes=8)


def success_after(minutes: float, **facts: object) -> list:  # type: ignore[type-arg]
    return [sign_in(ATTACK_AT + timedelta(minutes=minutes), id="success", **facts)]


def test_more_than_twenty_failures_then_success_is_found_with_its_facts() -> None:
    found = find_brute_force_success(failures(25, over=EIGHT_MINUTES) + success_after(8.5))
    assert found is not None
    assert found.failed_attempts == 25
    assert found.address == ATTACKER
    assert found.codes == {"50126": 25}
    assert found.success_id == "success"
    assert found.first_failure_at == ATTACK_AT
    assert found.last_failure_at == ATTACK_AT + EIGHT_MINUTES
    assert found.minutes == 8


@pytest.mark.parametrize(("count", "expected"), [(20, False), (21, True)])
def test_threshold_must_be_exceeded(count: int, expected: bool) -> None:
    events = failures(count, over=EIGHT_MINUTES) + success_after(9)
    assert (find_brute_force_success(events) is not None) is expected


def test_window_slides_and_has_no_bin_edges() -> None:
    early = failures(10, over=timedelta(minutes=1))
    late = [
        sign_in(ATTACK_AT + timedelta(minutes=9.9, milliseconds=i), "50126", id=f"late{i}")
        for i in range(11)
    ]
    assert find_brute_force_success(early + late + success_after(10)) is not None


def test_slow_guessing_is_not_the_trigger() -> None:
    events = failures(25, over=timedelta(minutes=40)) + success_after(41)
    assert find_brute_force_success(events) is None


@pytest.mark.parametrize(("minutes", "expected"), [(18, True), (18.1, False), (-1, False)])
def test_success_must_follow_within_one_window(minutes: float, expected: bool) -> None:
    events = failures(25, over=EIGHT_MINUTES) + success_after(minutes)
    assert (find_brute_force_success(events) is not None) is expected


def test_success_from_another_address_does_not_count() -> None:
    events = failures(25, over=EIGHT_MINUTES) + success_after(9, address=HOME)
    assert find_brute_force_success(events) is None


def test_failures_of_another_user_do_not_count() -> None:
    mine = failures(12, over=EIGHT_MINUTES)
    theirs = [
        event.model_copy(update={"id": "t" + event.id, "user_id": "other"})
        for event in failures(12, over=EIGHT_MINUTES)
    ]
    assert find_brute_force_success(mine + theirs + success_after(9)) is None


@pytest.mark.parametrize("code", ["50074", "50076", "50079", "50158", "53003", "500121"])
def test_sign_in_stopped_after_the_right_password_is_no_success_and_no_guess(code: str) -> None:
    stopped = [sign_in(ATTACK_AT + timedelta(minutes=9), code, id="stopped")]
    assert find_brute_force_success(failures(25, over=EIGHT_MINUTES) + stopped) is None
    events = failures(25, over=EIGHT_MINUTES, code=code) + success_after(9)
    assert find_brute_force_success(events) is None


@pytest.mark.parametrize("code", ["50126", "50053", "50055", "50056"])
def test_every_guessing_code_counts(code: str) -> None:
    events = failures(21, over=EIGHT_MINUTES, code=code) + success_after(9)
    assert find_brute_force_success(events) is not None


def test_attempts_are_counted_not_rows() -> None:
    rows = failures(6, over=EIGHT_MINUTES) * 4
    assert len(distinct_attempts(rows)) == 6
    assert find_brute_force_success(rows + success_after(9)) is None


@pytest.mark.parametrize("address", ["10.0.0.5", "192.168.1.1", "127.0.0.1", "fe80::1", None])
def test_only_external_addresses_count(address: str | None) -> None:
    events = failures(25, over=EIGHT_MINUTES, address=address) + success_after(9, address=address)
    assert find_brute_force_success(events) is None


def test_two_spellings_of_one_address_are_one_source() -> None:
    events = failures(25, over=EIGHT_MINUTES) + success_after(9, address=f"::ffff:{ATTACKER}")
    assert find_brute_force_success(events, address=ATTACKER) is not None
    assert find_brute_force_success(events, address=HOME) is None


def test_densest_run_is_found_without_a_success() -> None:
    run = find_guessing_run(failures(25, over=EIGHT_MINUTES))
    assert run is not None
    assert run.failed_attempts == 25
    assert find_guessing_run([]) is None


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_order_of_events_does_not_matter(seed: int) -> None:
    events = failures(30, over=timedelta(minutes=15)) + success_after(16)
    shuffled = list(events)
    random.Random(seed).shuffle(shuffled)
    assert find_brute_force_success(shuffled) == find_brute_force_success(events)


@settings(deadline=None)
@given(st.lists(st.integers(0, 3600), max_size=60), st.integers(0, 3600))
def test_agrees_with_the_definition_written_out(seconds: list[int], success: int) -> None:
    events = [
        sign_in(ATTACK_AT + timedelta(seconds=s), "50126", id=f"g{i}")
        for i, s in enumerate(seconds)
    ]
    events.append(sign_in(ATTACK_AT + timedelta(seconds=success), id="success"))
    expected = any(
        sum(end - 600 <= s <= end for s in seconds) > 20 and 0 <= success - end <= 600
        for end in seconds
    )
    assert (find_brute_force_success(events) is not None) is expected
