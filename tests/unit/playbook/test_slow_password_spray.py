"""A spray over days: told of when it shows, to every victim, once."""

import random
from datetime import datetime, timedelta

from shared.models.signin import SignIn
from shared.playbook.sign_ins.slow_password_spray import (
    AFTER,
    SLOW_GUESSED_USERS,
    WORKING_DAYS,
    WORKING_USERS,
    find_slow_password_sprays,
)
from tests.unit.playbook.builders import ATTACK_AT, ATTACKER, sign_in

DAY = timedelta(days=1)


def at(day: float, user: str, code: str = "0") -> SignIn:
    return sign_in(
        ATTACK_AT + day * DAY,
        code,
        id=f"{user}-{day}-{code}",
        user_id=user,
        user_principal_name=user,
        address=ATTACKER,
    )


def guesses(accounts: int, every: float = 0.4, start: float = 1) -> list[SignIn]:
    return [at(start + number * every, f"guessed{number}", "50126") for number in range(accounts)]


def told(*events: SignIn) -> dict[str, tuple[datetime, datetime]]:
    found = find_slow_password_sprays(list(events))
    assert len({one.user for one in found}) == len(found), "each victim once"
    return {one.user: (one.sign_in_at, one.detected_at) for one in found}


def test_victims_are_told_of_when_the_spray_shows() -> None:
    shows = ATTACK_AT + (1 + 0.4 * (SLOW_GUESSED_USERS - 1)) * DAY
    last = ATTACK_AT + 7 * DAY
    assert told(at(0, "first"), *guesses(SLOW_GUESSED_USERS), at(7, "last")) == {
        "first": (ATTACK_AT, shows),
        "last": (last, last),
    }


def test_one_account_less_is_no_spray() -> None:
    assert told(at(0, "first"), *guesses(SLOW_GUESSED_USERS - 1)) == {}


def test_guesses_are_forgotten() -> None:
    every = AFTER / DAY / (SLOW_GUESSED_USERS - 2)
    assert told(at(0, "first"), *guesses(3 * SLOW_GUESSED_USERS, every)) == {}


def test_a_victim_is_told_of_once() -> None:
    events = [at(0, "first"), *guesses(SLOW_GUESSED_USERS), at(6, "first"), at(7, "first")]
    assert set(told(*events)) == {"first"}


def test_where_most_get_in_people_work() -> None:
    people = [at(0.1, f"guessed{number}") for number in range(SLOW_GUESSED_USERS)]
    assert told(*people, *guesses(SLOW_GUESSED_USERS)) == {}


def test_where_people_come_back_for_days_people_work() -> None:
    colleagues = [
        at(day, f"colleague{one}") for day in range(WORKING_DAYS) for one in range(WORKING_USERS)
    ]
    many = guesses(3 * SLOW_GUESSED_USERS, every=0.1, start=2)
    assert "new" not in told(*colleagues, *many, at(6, "new"))
    assert "new" in told(*colleagues[:-1], *many, at(6, "new"))


def test_addresses_of_the_organisation_never_count() -> None:
    events = [at(0, "first"), *guesses(SLOW_GUESSED_USERS)]
    inside = [event.model_copy(update={"address": "10.0.0.8"}) for event in events]
    assert told(*inside) == {}


def test_the_order_of_the_log_does_not_matter() -> None:
    events = [at(0, "first"), *guesses(SLOW_GUESSED_USERS), at(7, "last")]
    assert told(*events[::-1]) == told(*events)


def test_no_moment_depends_on_what_the_log_says_later() -> None:
    dice = random.Random(3)
    events = [
        at(dice.uniform(0, 20), f"user{dice.randrange(60)}", dice.choice(["50126", "50126", "0"]))
        for _ in range(120)
    ]
    everything = find_slow_password_sprays(events)
    assert len(everything) > 5
    for day in range(1, 21):
        until = ATTACK_AT + day * DAY
        then = find_slow_password_sprays([event for event in events if event.at <= until])
        assert then == [one for one in everything if one.detected_at <= until]
