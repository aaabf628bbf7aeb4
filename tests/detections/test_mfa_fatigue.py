"""MFA fatigue: the rule and the playbook give the same answer on the same rows."""

import random
from typing import Any

import pytest

from lab.simulators.kql.store import KqlStore
from shared.playbook.sign_ins.mfa_fatigue import find_mfa_fatigue
from tests.detections.logs import Rows, ask_rule, logs, recent, row

RULE = "mfa_fatigue"
HOME = "198.51.100.24"


def refusals(
    count: int, start: float = 1500, step: float = 60, **more: Any
) -> list[dict[str, Any]]:
    return [row(start - i * step, "500121", mfa=True, **more) for i in range(count)]


def approved(age: float = 600, **more: Any) -> dict[str, Any]:
    return row(age, mfa=True, **more)


def agree(store: KqlStore, rows: Rows) -> int:
    """Assert that both give the same detections; return how many."""
    ours = {
        (
            found.user,
            found.address,
            found.sign_in_id,
            found.sign_in_at,
            found.refused_prompts,
            found.first_refusal_at,
            found.last_refusal_at,
        )
        for found in recent(find_mfa_fatigue, rows)
    }
    told = {
        (
            one["UserId"],
            one["Address"],
            one["SuccessId"],
            one["SuccessfulLoginTime"],
            one["RefusedPrompts"],
            one["FirstRefusal"],
            one["LastRefusal"],
        )
        for one in ask_rule(store, RULE, rows)
    }
    assert told == ours
    return len(told)


CASES: dict[str, tuple[Rows, int]] = {
    "six refused, then approved": (logs(*refusals(6), approved(700)), 1),
    "five refused, then approved": (logs(*refusals(5), approved(700)), 0),
    "all refused": (logs(*refusals(30)), 0),
    "approved exactly ten minutes later": (logs(*refusals(6), approved(600)), 1),
    "approved ten minutes and a second later": (logs(*refusals(6), approved(599)), 0),
    "the first refusal exactly an hour before": (logs(*refusals(6, 4200, 610), approved(600)), 1),
    "the first refusal an hour and a second before": (
        logs(*refusals(6, 4201, 610), approved(600)),
        0,
    ),
    "approved before the refusals": (logs(approved(1600), *refusals(10)), 0),
    "one prompt in several rows": (
        logs(*(one for one in refusals(3) for _ in range(3)), approved(1000)),
        0,
    ),
    "prompt rows beside the refusals": (
        logs(
            *refusals(4, CorrelationId="c"),
            *(row(1501 - i * 60, "50074", CorrelationId="c") for i in range(4)),
            approved(1000, CorrelationId="c"),
        ),
        0,
    ),
    "the approval from another address than the prompts": (
        logs(*refusals(8), approved(1000, address="203.0.113.99")),
        1,
    ),
    "the user's own address of this morning": (
        logs(row(9 * 3600, address=HOME), *refusals(8, address=HOME), approved(1000, address=HOME)),
        0,
    ),
    "the user signs in at home during the attack": (
        logs(row(9 * 3600, address=HOME), *refusals(8), approved(1000, address=HOME)),
        0,
    ),
    "a success without a second factor": (logs(*refusals(8), row(1000)), 0),
    "another user approves": (logs(*refusals(8), approved(1000, user="bo")), 0),
    "two users, both approve": (
        logs(*refusals(8), *refusals(8, user="bo"), approved(1000), approved(900, user="bo")),
        2,
    ),
    "non-interactive success": (logs(*refusals(8), silent=[approved(1000)]), 1),
    "from inside": (logs(*refusals(8), approved(1000, address="10.0.0.9")), 0),
    "too old to be told again": (logs(*refusals(8, 7200), approved(6500)), 0),
}


@pytest.mark.parametrize("name", CASES)
def test_rule_and_playbook_agree(store: KqlStore, name: str) -> None:
    rows, expected = CASES[name]
    assert agree(store, rows) == expected


def test_rule_and_playbook_agree_on_generated_logs(store: KqlStore) -> None:
    dice = random.Random(9)
    rows: list[dict[str, Any]] = []
    for case in range(200):
        addresses = [f"203.0.113.{case}", f"198.51.100.{case}"]
        for _ in range(dice.randint(4, 14)):
            address = dice.choices(addresses, [4, 1])[0]
            age = dice.randint(0, dice.choice([20, 90])) * 60 + 30
            code = dice.choices(["500121", "0", "50126"], [12, 1, 1])[0]
            rows.append(row(age, code, user=f"u{case}", address=address, mfa=dice.random() < 0.8))
        rows.append(row(330, user=f"u{case}", address=dice.choice(addresses), mfa=True))
    found = agree(store, logs(*rows))
    assert 20 < found < 180, "cases on both sides of the line"
