"""A spray over days, told of afterwards."""

from datetime import timedelta

from lab.backtest.moments import Moment
from lab.backtest.slow_spray import (
    SLOW_SPRAY,
    SLOW_SPRAY_PERIOD,
    SLOW_SPRAYED_ACCOUNTS,
    find_slow_sprays,
)
from shared.models.signin import SignIn
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


def guesses(accounts: int, every: float = 0.5, start: float = 1) -> list[SignIn]:
    return [at(start + number * every, f"guessed{number}", "50126") for number in range(accounts)]


def told(*events: SignIn) -> dict[str, Moment]:
    return dict(find_slow_sprays(list(events)))


def test_victims_are_told_of_when_the_spray_shows() -> None:
    found = told(at(0, "first"), *guesses(SLOW_SPRAYED_ACCOUNTS), at(9, "last"))
    shows = ATTACK_AT + (1 + 0.5 * (SLOW_SPRAYED_ACCOUNTS - 1)) * DAY
    assert found == {
        "first": Moment(ATTACK_AT, shows, ATTACKER, SLOW_SPRAY),
        "last": Moment(ATTACK_AT + 9 * DAY, ATTACK_AT + 9 * DAY, ATTACKER, SLOW_SPRAY),
    }


def test_one_account_less_is_no_spray() -> None:
    assert told(at(0, "first"), *guesses(SLOW_SPRAYED_ACCOUNTS - 1)) == {}


def test_guesses_are_forgotten() -> None:
    every = SLOW_SPRAY_PERIOD / DAY / (SLOW_SPRAYED_ACCOUNTS - 1) + 0.01
    assert told(at(0, "first"), *guesses(3 * SLOW_SPRAYED_ACCOUNTS, every)) == {}


def test_a_victim_is_told_of_once() -> None:
    events = [at(0, "first"), *guesses(SLOW_SPRAYED_ACCOUNTS), at(9, "first"), at(10, "first")]
    assert [account for account, _ in find_slow_sprays(events)] == ["first"]


def test_where_most_get_in_people_work() -> None:
    people = [at(0.1, f"guessed{number}") for number in range(SLOW_SPRAYED_ACCOUNTS)]
    assert told(*people, *guesses(SLOW_SPRAYED_ACCOUNTS)) == {}


def test_where_people_come_back_for_days_people_work() -> None:
    colleagues = [at(day, f"colleague{one}") for day in range(3) for one in range(3)]
    many = guesses(3 * SLOW_SPRAYED_ACCOUNTS, every=0.1, start=3)
    assert told(*colleagues, *many) == {}
    assert set(told(*colleagues[:-1], *many)) == {"colleague0", "colleague1", "colleague2"}
