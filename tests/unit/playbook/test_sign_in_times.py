"""What a page plots: sign-ins around the attack, counted per address."""

from datetime import timedelta

from shared.playbook.sign_ins.times import MOST_ADDRESSES, SLOTS, sign_in_times
from tests.unit.playbook.builders import (
    ABROAD,
    AT_HOME,
    ATTACK_AT,
    ATTACKER,
    EIGHT_MINUTES,
    HOME,
    SUCCESS_AT,
    WITHOUT_MFA,
    analyse,
    failures,
    history,
    sign_in,
)

ATTACK = [
    *failures(25, over=EIGHT_MINUTES, **ABROAD),
    sign_in(SUCCESS_AT, id="success", **ABROAD | WITHOUT_MFA),
]


def test_every_attempt_around_the_attack_is_counted_once() -> None:
    events = [*history(), *ATTACK, *ATTACK]
    times = sign_in_times(events, analyse(events, ATTACKER))
    assert times is not None
    assert (times.start, times.end) == (
        ATTACK_AT - timedelta(minutes=3),
        SUCCESS_AT + timedelta(minutes=3),
    )
    [row] = times.addresses
    assert (row.address, row.suspicious) == (ATTACKER, True)
    assert sum(count for _slot, count in row.failed) == 25
    assert [slot for slot, _count in row.succeeded] == [SLOTS * 12 // 15]
    assert all(0 <= slot < SLOTS for slot, _count in row.failed)


def test_the_suspicious_address_comes_first_and_the_rest_is_bounded() -> None:
    others = [
        sign_in(ATTACK_AT, **AT_HOME | {"address": f"198.51.100.{number}"}) for number in range(9)
    ]
    busy = [sign_in(ATTACK_AT + timedelta(seconds=i), **AT_HOME) for i in range(40)]
    events = [*others, *busy, *ATTACK]
    times = sign_in_times(events, analyse(events, ATTACKER))
    assert times is not None
    assert [row.address for row in times.addresses][:2] == [ATTACKER, HOME]
    assert len(times.addresses) == MOST_ADDRESSES
    assert times.other_addresses == 11 - MOST_ADDRESSES


def test_without_guesses_the_last_login_elsewhere_begins_it() -> None:
    earlier = sign_in(SUCCESS_AT - timedelta(hours=1), **AT_HOME)
    events = [*history(), earlier, ATTACK[-1]]
    times = sign_in_times(events, analyse(events, ATTACKER))
    assert times is not None
    assert {row.address for row in times.addresses} == {ATTACKER, HOME}


def test_nothing_suspicious_is_nothing_to_plot() -> None:
    assert sign_in_times(history(), analyse(history(), ATTACKER)) is None
    assert sign_in_times([], analyse([])) is None
