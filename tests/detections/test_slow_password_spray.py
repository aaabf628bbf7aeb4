"""Slow password spray: the rule and the playbook give the same answer on the same rows."""

import random
from datetime import timedelta
from typing import Any

import pytest

from lab.simulators.kql.store import KqlStore
from shared.playbook.sign_ins.slow_password_spray import find_slow_password_sprays
from tests.detections.logs import Rows, ask_rule, logs, recent, row, within

RULE = "slow_password_spray"
RECENT = timedelta(hours=2)
MINUTE, HOUR, DAY = 60, 3600, 86_400
WEEK_BEFORE = 7 * DAY + 12 * HOUR
"""Age of the first second of the day a week before today."""
OFFICE, CARRIER, VPN, SCANNER = "198.51.100.10", "198.51.100.20", "198.51.100.30", "198.51.100.40"


def guess_at(
    users: int, start: float = 5 * DAY, step: float = 12 * HOUR, **more: Any
) -> list[dict[str, Any]]:
    return [row(start - i * step, "50126", user=f"user{i}", **more) for i in range(users)]


def at_work(users: int, days: int, start: float = 4 * DAY, **more: Any) -> list[dict[str, Any]]:
    """Return successes of accounts on so many days in a row, up to ``start`` seconds ago."""
    return [
        row(start - day * DAY - user * MINUTE, user=f"colleague{user}", **more)
        for user in range(users)
        for day in range(days)
    ]


def agree(store: KqlStore, rows: Rows) -> int:
    """Assert that both give the same detections; return how many."""
    ours = {
        (
            found.user,
            found.address,
            found.sign_in_id,
            found.sign_in_at,
            "signed in" if found.succeeded else "stopped",
            found.guessed_users,
            found.right_users,
            found.first_guess_at,
            found.detected_at,
        )
        for found in recent(find_slow_password_sprays, rows, RECENT)
    }
    told = [
        (
            one["UserId"],
            one["Address"],
            one["SignInId"],
            one["TimeGenerated"],
            one["Outcome"].partition(" with")[0],
            one["GuessedUsers"],
            one["RightUsers"],
            one["FirstGuess"],
            one["DetectedAt"],
        )
        for one in ask_rule(store, RULE, rows)
    ]
    assert set(told) == ours
    assert len(told) == len(ours), "one alert for each"
    return len(told)


CASES: dict[str, tuple[Rows, int]] = {
    "ten accounts in five days, one enters": (logs(*guess_at(10), row(600, user="user2")), 1),
    "nine accounts": (logs(*guess_at(9), row(600, user="user2")), 0),
    "nobody's password found": (logs(*guess_at(11)), 0),
    "the victim's password was right at once": (logs(*guess_at(10), row(600, user="lucky")), 1),
    "the victim of the first day": (
        logs(row(4.9 * DAY, user="lucky"), *guess_at(10, 4.5 * DAY + 600)),
        1,
    ),
    "the victims of three days": (
        logs(*(row(day * DAY, user=f"user{day}") for day in (2, 3, 4)), *guess_at(10, 4.5 * DAY)),
        3,
    ),
    "the tenth guess exactly five days after": (
        logs(row(5 * DAY + 600, user="lucky"), *guess_at(10, 4.5 * DAY + 600)),
        1,
    ),
    "the tenth guess five days and a second after": (
        logs(row(5 * DAY + 601, user="lucky"), *guess_at(10, 4.5 * DAY + 600)),
        0,
    ),
    "the first guess in the first second of the week before": (
        logs(row(WEEK_BEFORE, "50126", user="early"), *guess_at(9), row(600, user="user2")),
        1,
    ),
    "the first guess a second before the week before": (
        logs(row(WEEK_BEFORE + 1, "50126", user="early"), *guess_at(9), row(600, user="user2")),
        0,
    ),
    "two rounds, the earlier too old": (
        logs(*guess_at(10, 13 * DAY), *guess_at(9), row(600, user="user2")),
        0,
    ),
    "told of before": (logs(*guess_at(10), row(3 * HOUR, user="user2")), 0),
    "told of before, but for the new victim": (
        logs(*guess_at(10), row(3 * HOUR, user="user2"), row(600, user="user3")),
        1,
    ),
    "the spray showed before": (
        logs(row(4.9 * DAY, user="lucky"), *guess_at(12, 4.5 * DAY, 6 * HOUR)),
        0,
    ),
    "the victim again the next day": (
        logs(*guess_at(10, 5.5 * DAY), row(DAY, user="user2"), row(600, user="user2")),
        0,
    ),
    "stopped by a second factor": (logs(*guess_at(10), row(600, "50076", user="user2")), 1),
    "stopped by a policy": (logs(*guess_at(10), row(600, "53003", user="user2")), 1),
    "password expired": (logs(*guess_at(9), row(600, "50055", user="user9")), 1),
    "stopped day after day": (
        logs(*guess_at(10, 5.5 * DAY), *(row(600 + i * DAY, "50076", user="u") for i in range(3))),
        0,
    ),
    "stopped two days ago, in now": (
        logs(*guess_at(10), row(2 * DAY, "50076", user="user2"), row(600, user="user2")),
        1,
    ),
    "stopped at first, in before the spray shows": (
        logs(
            row(3 * DAY, "50076", user="user2"),
            row(2 * DAY, user="user2"),
            *guess_at(10, 4.5 * DAY + 600),
        ),
        1,
    ),
    "prompted, then entered": (
        logs(
            *guess_at(10),
            row(604, "50074", user="user2", CorrelationId="c"),
            row(600, user="user2", CorrelationId="c"),
        ),
        1,
    ),
    "guesses from two addresses": (
        logs(*guess_at(5), *guess_at(10, address="203.0.113.9")[5:], row(600, user="user2")),
        0,
    ),
    "several rows per sign-in": (
        logs(*(one for one in guess_at(9) for _ in range(4)), row(600, user="user2")),
        0,
    ),
    "non-interactive guesses (legacy clients)": (
        logs(row(600, user="user2"), silent=guess_at(10)),
        1,
    ),
    "a shared office egress with typos": (
        logs(
            *at_work(3, 3, address=OFFICE),
            *guess_at(14, step=8 * HOUR, address=OFFICE),
            row(600, user="newcomer", address=OFFICE),
        ),
        0,
    ),
    "two people at work are no office": (
        logs(
            *at_work(2, 3, address=OFFICE),
            *guess_at(14, step=8 * HOUR, address=OFFICE),
            row(600, user="newcomer", address=OFFICE),
        ),
        1,
    ),
    "three people for two days are no office": (
        logs(
            *at_work(3, 2, address=OFFICE),
            *guess_at(14, step=8 * HOUR, address=OFFICE),
            row(600, user="newcomer", address=OFFICE),
        ),
        1,
    ),
    "a new office, everybody mistypes and gets in": (
        logs(
            *guess_at(12, DAY, HOUR, address=OFFICE),
            *(row(DAY - i * HOUR - 60, user=f"user{i}", address=OFFICE) for i in range(12)),
        ),
        0,
    ),
    "a carrier's address, other people every day": (
        logs(
            *guess_at(12, 6 * DAY, 11 * HOUR, address=CARRIER),
            *(
                row(6 * DAY - i * 11 * HOUR - 60, user=f"user{i}", address=CARRIER)
                for i in range(12)
            ),
            row(600, user="passer-by", address=CARRIER),
        ),
        0,
    ),
    "carrier-grade NAT seen from inside": (
        logs(
            *guess_at(12, step=9 * HOUR, address="100.64.3.4"),
            row(600, user="user2", address="100.64.3.4"),
        ),
        0,
    ),
    "a VPN exit that a spray uses, too": (
        logs(
            *guess_at(12, step=9 * HOUR, address=VPN),
            row(3 * DAY, user="at-home-here", address=VPN),
            row(600, user="at-home-here", address=VPN),
        ),
        0,
    ),
    "a VPN exit that a spray uses, and a stranger there": (
        logs(
            *guess_at(12, step=9 * HOUR, address=VPN),
            row(3 * DAY, user="at-home-here", address=VPN),
            row(600, user="user2", address=VPN),
        ),
        1,
    ),
    "a vulnerability scanner with few accounts": (
        logs(
            *(
                one
                for i in range(50)
                for one in guess_at(4, 6 * DAY - i * 2 * HOUR, MINUTE, address=SCANNER)
            ),
            row(600, user="user2", address=SCANNER),
        ),
        0,
    ),
    "most got in until then, the guesses overtake later": (
        logs(
            *guess_at(14, 4 * DAY, 6 * HOUR),
            *(row(4 * DAY - i * 6 * HOUR + 60, user=f"user{i}") for i in range(11)),
            row(590, "50126", user="late"),
        ),
        0,
    ),
    "most got in, the guesses overtake now": (
        logs(
            *guess_at(11, 4 * DAY, 6 * HOUR),
            *(row(4 * DAY - i * 6 * HOUR + 60, user=f"user{i}") for i in range(11)),
            row(590, "50126", user="late"),
        ),
        11,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_rule_and_playbook_agree(store: KqlStore, name: str) -> None:
    rows, expected = CASES[name]
    assert agree(store, rows) == expected


def test_what_is_older_than_the_rule_looks_back_changes_nothing(store: KqlStore) -> None:
    dice = random.Random(5)
    interactive: list[dict[str, Any]] = []
    silent: list[dict[str, Any]] = []
    for case in range(150):
        address = f"203.0.113.{case}"
        people = dice.randint(8, 24)
        for _ in range(dice.randint(10, 60)):
            age = dice.randint(0, 20 * DAY // 60) * 60 + 30
            code = dice.choices(["50126", "50053", "0", "50076", "50055"], [30, 5, 3, 1, 1])[0]
            one = row(age, code, user=f"c{case}u{dice.randrange(people)}", address=address)
            dice.choice([interactive, interactive, silent]).append(one)
        if dice.random() < 0.3:
            interactive += at_work(dice.randint(2, 4), dice.randint(2, 4), address=address)
        if dice.random() < 0.8:
            code = dice.choice(["0", "0", "50074", "50126"])
            interactive.append(row(330, code, user=f"c{case}new", address=address))
    rows = logs(*interactive, silent=silent)
    assert 20 < agree(store, rows) < 140, "cases on both sides of the line"
    seen = within(rows, timedelta(days=14))
    assert seen != rows
    assert recent(find_slow_password_sprays, seen, RECENT) == recent(
        find_slow_password_sprays, rows, RECENT
    )
