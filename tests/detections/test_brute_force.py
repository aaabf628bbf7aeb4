"""The seed's trigger: the rule and the playbook give the same answer on the same rows."""

import random
from typing import Any

import pytest

from lab.simulators.kql.store import KqlStore
from shared.playbook.sign_ins.detection import find_brute_force_successes, to_second
from tests.detections.logs import Rows, ask_rule, logs, read, row

RULE = "brute_force_success"
CODES = ("50126", "50053", "50055", "50056")


def guesses(
    count: int, start: float = 900, step: float = 20, code: str = "50126", **more: Any
) -> list[dict[str, Any]]:
    return [row(start - i * step, code, **more) for i in range(count)]


def agree(store: KqlStore, rows: Rows) -> int:
    """Assert that both give the same detections; return how many."""
    ours = {
        (
            found.user,
            found.address,
            found.failed_attempts,
            to_second(found.first_failure_at),
            to_second(found.last_failure_at),
            found.success_id,
            found.success_at,
        )
        for found in find_brute_force_successes(read(rows))
    }
    told = {
        (
            one["UserId"],
            one["Address"],
            one["FailedAttempts"],
            one["FirstFailure"],
            one["LastFailure"],
            one["SuccessId"],
            one["SuccessfulLoginTime"],
        )
        for one in ask_rule(store, RULE, rows)
    }
    assert told == ours
    return len(told)


CASES: dict[str, tuple[Rows, int]] = {
    "exactly 20 failures": (logs(*guesses(20), row(400)), 0),
    "21 failures": (logs(*guesses(21), row(400)), 1),
    "21 failures in exactly 10 minutes": (logs(*guesses(21, 1500, 30), row(800)), 1),
    "21 failures in 10 minutes and a second": (
        logs(row(1501, "50126"), *guesses(20, 1470, 30), row(800)),
        0,
    ),
    "success exactly 10 minutes later": (logs(*guesses(21, 1500, 10), row(700)), 1),
    "success 10 minutes and a second later": (logs(*guesses(21, 1500, 10), row(699)), 0),
    "success in the second of the last failure": (logs(*guesses(21, 1500, 10), row(1300)), 1),
    "success before the failures": (logs(row(1000), *guesses(25)), 0),
    "success among the failures, too early": (logs(*guesses(25), row(890)), 0),
    "failures split over two addresses": (
        logs(*guesses(15), *guesses(15, address="203.0.113.8"), row(400)),
        0,
    ),
    "failures split over two users": (logs(*guesses(15), *guesses(15, user="bo"), row(400)), 0),
    "two users, one enters": (
        logs(*guesses(25), *guesses(25, user="bo"), row(400), row(400, address="198.51.100.1")),
        1,
    ),
    "two users, both enter": (
        logs(*guesses(25), *guesses(25, user="bo"), row(300), row(300, user="bo")),
        2,
    ),
    "success from another address": (logs(*guesses(25), row(400, address="198.51.100.9")), 0),
    "non-interactive success": (logs(*guesses(25), silent=[row(400)]), 1),
    "non-interactive failures": (logs(row(400), silent=guesses(25)), 1),
    "failures in both tables": (logs(*guesses(11), row(400), silent=guesses(11, 890)), 1),
    "several rows per sign-in": (
        logs(*(one for one in guesses(6) for _ in range(4)), row(400)),
        0,
    ),
    "internal address": (logs(*guesses(25, address="10.1.2.3"), row(400, address="10.1.2.3")), 0),
    "carrier-grade NAT": (
        logs(*guesses(25, address="100.64.9.1"), row(400, address="100.64.9.1")),
        0,
    ),
    "address with a port and mapped into IPv6": (
        logs(
            *guesses(12, address="203.0.113.7:4711"),
            *guesses(12, address="::ffff:203.0.113.7"),
            row(400),
        ),
        1,
    ),
    "IPv6 in brackets with a port": (
        logs(*guesses(25, address="[2001:DB8::7]:4711"), row(400, address="2001:db8::7")),
        1,
    ),
    "unknown users share no identity": (
        logs(
            *guesses(11, UserId="00000000-0000-0000-0000-000000000000"),
            *guesses(11, user="bo", UserId="00000000-0000-0000-0000-000000000000"),
            row(400, UserId="00000000-0000-0000-0000-000000000000"),
        ),
        0,
    ),
    "stopped at the second factor": (logs(*guesses(25), row(400, "50074")), 0),
    "prompts are no guesses": (logs(*guesses(25, code="500121"), row(400)), 0),
    "prompt, then success": (
        logs(*guesses(25), row(402, "50074", CorrelationId="c"), row(400, CorrelationId="c")),
        1,
    ),
    "every guessing code": (
        logs(*(row(900 - i * 10, CODES[i % 4]) for i in range(24)), row(400)),
        1,
    ),
    "ten guesses a second": (
        logs(*guesses(10, 900, 0), *guesses(10, 899, 0), *guesses(10, 898, 0), row(400)),
        1,
    ),
    "fractions of a second": (
        logs(
            *(
                row(0, "50126") | {"TimeGenerated": one["TimeGenerated"].replace("Z", f".{i}7Z")}
                for i, one in enumerate(guesses(9, 1500, 75))
            ),
            *guesses(13, 1000, 1),
            row(700),
        ),
        1,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_rule_and_playbook_agree(store: KqlStore, name: str) -> None:
    rows, expected = CASES[name]
    assert agree(store, rows) == expected


def test_rule_and_playbook_agree_on_generated_logs(store: KqlStore) -> None:
    dice = random.Random(4)
    interactive: list[dict[str, Any]] = []
    silent: list[dict[str, Any]] = []
    for case in range(300):
        addresses = [f"203.0.113.{case % 250}", f"198.51.100.{case % 250}"]
        users = [f"u{case}", f"v{case}"]
        span = dice.choice([120, 610, 900, 1500])
        for _ in range(dice.randint(15, 45)):
            one = row(
                dice.randint(300, 300 + span),
                dice.choices(["50126", "50053", "50074", "0"], [30, 3, 1, dice.choice([0, 1])])[0],
                user=dice.choices(users, [9, 1])[0],
                address=dice.choices(addresses, [9, 1])[0],
            )
            dice.choice([interactive, interactive, silent]).append(one)
        interactive.append(row(dice.randint(0, 400), user=users[0], address=addresses[0]))
    found = agree(store, logs(*interactive, silent=silent))
    assert 50 < found < 250, "cases on both sides of the line"
