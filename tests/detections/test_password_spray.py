"""Password spray: the rule and the playbook give the same answer on the same rows."""

import random
from typing import Any

import pytest

from lab.simulators.kql.store import KqlStore
from shared.playbook.sign_ins.password_spray import find_password_sprays
from tests.detections.logs import NOW, RECENT, Rows, ask_rule, logs, read, row

RULE = "password_spray"
HOUR = 3600
OFFICE = "198.51.100.10"


def guess_at(
    users: int, start: float = HOUR, step: float = 60, **more: Any
) -> list[dict[str, Any]]:
    return [row(start - i * step, "50126", user=f"user{i}", **more) for i in range(users)]


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
            found.last_guess_at,
        )
        for found in find_password_sprays(read(rows))
        if found.detected_at > NOW - RECENT
    }
    told = {
        (
            one["UserId"],
            one["Address"],
            one["SignInId"],
            one["TimeGenerated"],
            one["Outcome"].partition(" with")[0],
            one["GuessedUsers"],
            one["RightUsers"],
            one["FirstGuess"],
            one["LastGuess"],
        )
        for one in ask_rule(store, RULE, rows)
    }
    assert told == ours
    return len(told)


CASES: dict[str, tuple[Rows, int]] = {
    "five accounts guessed at, one enters": (logs(*guess_at(5), row(600, user="user2")), 1),
    "four accounts guessed at": (logs(*guess_at(4), row(600, user="user2")), 0),
    "nobody's password found": (logs(*guess_at(40)), 0),
    "the victim's password was right at once": (logs(*guess_at(5), row(600, user="lucky")), 1),
    "right before the other guesses": (logs(*guess_at(5, 900), row(1200, user="lucky")), 1),
    "stopped by a second factor": (logs(*guess_at(6), row(600, "50076", user="user2")), 1),
    "stopped by a policy": (logs(*guess_at(6), row(600, "53003", user="user2")), 1),
    "password expired": (logs(*guess_at(6), row(600, "50055", user="user2")), 1),
    "prompted, then entered": (
        logs(
            *guess_at(6),
            row(604, "50074", user="user2", CorrelationId="c"),
            row(600, user="user2", CorrelationId="c"),
        ),
        1,
    ),
    "prompted, then refused": (
        logs(
            *guess_at(6),
            row(604, "50074", user="user2", CorrelationId="c"),
            row(600, "500121", user="user2", CorrelationId="c"),
        ),
        1,
    ),
    "two victims": (logs(*guess_at(9), row(600, user="user2"), row(500, user="user3")), 2),
    "a day's pace": (logs(*guess_at(6, 23 * HOUR, 3 * HOUR), row(600, user="user2")), 1),
    "the first guess exactly a day before": (
        logs(*guess_at(5, 600 + 24 * HOUR, HOUR), row(600, user="user2")),
        1,
    ),
    "the first guess a day and a second before": (
        logs(*guess_at(5, 601 + 24 * HOUR, HOUR), row(600, user="user2")),
        0,
    ),
    "the last guess exactly half an hour after": (
        logs(*guess_at(4), row(0, "50126", user="late"), row(1800 - 5, user="user2")),
        1,
    ),
    "the last guess half an hour and a second after": (
        logs(*guess_at(4), row(0, "50126", user="late"), row(1801, user="user2")),
        0,
    ),
    "guesses from two addresses": (
        logs(*guess_at(3), *guess_at(5, 3000, address="203.0.113.9")[3:], row(600, user="user2")),
        0,
    ),
    "several rows per sign-in": (
        logs(*(one for one in guess_at(2) for _ in range(4)), row(600, user="user2")),
        0,
    ),
    "non-interactive guesses (legacy clients)": (
        logs(row(600, user="user2"), silent=guess_at(6)),
        1,
    ),
    "an office where people mistype and get in": (
        logs(
            *guess_at(8, address=OFFICE),
            *(row(500 - i, user=f"user{i}", address=OFFICE) for i in range(8)),
            *(row(400 - i, user=f"quiet{i}", address=OFFICE) for i in range(30)),
        ),
        0,
    ),
    "from inside": (
        logs(*guess_at(9, address="10.0.0.8"), row(600, user="user2", address="10.0.0.8")),
        0,
    ),
    "too old to be told again": (logs(*guess_at(6, 4 * HOUR), row(3 * HOUR, user="user2")), 0),
}


@pytest.mark.parametrize("name", CASES)
def test_rule_and_playbook_agree(store: KqlStore, name: str) -> None:
    rows, expected = CASES[name]
    assert agree(store, rows) == expected


def test_rule_and_playbook_agree_on_generated_logs(store: KqlStore) -> None:
    dice = random.Random(7)
    interactive: list[dict[str, Any]] = []
    silent: list[dict[str, Any]] = []
    for case in range(120):
        address = f"203.0.113.{case}"
        people = dice.randint(3, 12)
        reach = dice.choice([HOUR, 12 * HOUR, 24 * HOUR])
        for _ in range(dice.randint(4, 30)):
            # On half minutes, so that no age meets the border of what is recent.
            age = dice.randint(0, reach // 60) * 60 + 30
            code = dice.choices(["50126", "50053", "0", "50076", "50055"], [30, 5, 3, 1, 1])[0]
            one = row(age, code, user=f"c{case}u{dice.randrange(people)}", address=address)
            dice.choice([interactive, interactive, silent]).append(one)
        if dice.random() < 0.7:
            interactive.append(row(330, user=f"c{case}u0", address=address))
    found = agree(store, logs(*interactive, silent=silent))
    assert 20 < found < 200, "cases on both sides of the line"
