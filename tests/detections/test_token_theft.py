"""Token theft: the rule and the playbook give the same answer on the same rows."""

import random
from typing import Any

import pytest

from lab.simulators.kql_store import KqlStore
from shared.playbook.sign_ins.token_theft import find_token_theft
from tests.detections.logs import (
    BERLIN,
    HAMBURG,
    LAGOS,
    LAPTOP,
    NO_DEVICE,
    Rows,
    ask_rule,
    logs,
    recent,
    row,
)

RULE = "token_theft"
HOUR = 3600
PHONE = {"deviceId": "", "operatingSystem": "iOS 19", "browser": "Mobile Safari"}


def at_home(age: float, **more: Any) -> dict[str, Any]:
    return row(age, **{"address": "198.51.100.24", "place": BERLIN, "device": LAPTOP} | more)


def stolen(age: float, **more: Any) -> dict[str, Any]:
    return row(age, **{"place": LAGOS, "device": NO_DEVICE} | more)


def agree(store: KqlStore, rows: Rows) -> int:
    """Assert that both give the same detections; return how many."""
    ours = {
        (
            found.user,
            found.address,
            found.sign_in_id,
            found.sign_in_at,
            found.country,
            str(found.asn),
            found.device,
        )
        for found in recent(find_token_theft, rows)
    }
    told = {
        (
            one["UserId"],
            one["Address"],
            one["SuccessId"],
            one["SuccessfulLoginTime"],
            one["Country"],
            one["Network"],
            one["Machine"],
        )
        for one in ask_rule(store, RULE, rows)
    }
    assert told == ours
    return len(told)


CASES: dict[str, tuple[Rows, int]] = {
    "signed in at home, token used in Lagos": (logs(at_home(HOUR), silent=[stolen(600)]), 1),
    "a day later": (logs(at_home(30 * HOUR), silent=[stolen(600)]), 1),
    "never signed in": (logs(silent=[at_home(HOUR), stolen(600)]), 0),
    "an interactive sign-in in Lagos": (logs(at_home(HOUR), stolen(600)), 0),
    "known country": (
        logs(at_home(HOUR), silent=[stolen(600, place=HAMBURG)]),
        0,
    ),
    "known network": (
        logs(at_home(HOUR), silent=[stolen(600, place=LAGOS._replace(network=BERLIN.network))]),
        0,
    ),
    "known address": (
        logs(at_home(HOUR), silent=[stolen(600, address="198.51.100.24")]),
        0,
    ),
    "a traveller with the same phone": (
        logs(at_home(HOUR), at_home(2 * HOUR, device=PHONE), silent=[stolen(600, device=PHONE)]),
        0,
    ),
    "a registered device": (
        logs(at_home(HOUR), silent=[stolen(600, device=NO_DEVICE | {"deviceId": "l-2"})]),
        0,
    ),
    "no network": (logs(at_home(HOUR), silent=[stolen(600, place=LAGOS._replace(network=""))]), 0),
    "no country": (logs(at_home(HOUR), silent=[stolen(600, place=LAGOS._replace(country=""))]), 0),
    "no machine": (logs(at_home(HOUR), silent=[stolen(600, device={})]), 0),
    "a failed attempt": (logs(at_home(HOUR), silent=[stolen(600, code="50126")]), 0),
    "told once": (logs(at_home(HOUR), silent=[stolen(600 - i) for i in range(5)]), 1),
    "the success came after": (logs(at_home(500), silent=[stolen(600)]), 0),
    "at the same second": (logs(at_home(600), silent=[stolen(600)]), 0),
    "another user": (logs(at_home(HOUR), silent=[stolen(600, user="bo")]), 0),
    "from inside": (logs(at_home(HOUR), silent=[stolen(600, address="10.0.0.9")]), 0),
    "too old to be told again": (logs(at_home(9 * HOUR), silent=[stolen(2 * HOUR)]), 0),
}


@pytest.mark.parametrize("name", CASES)
def test_rule_and_playbook_agree(store: KqlStore, name: str) -> None:
    rows, expected = CASES[name]
    assert agree(store, rows) == expected


def test_rule_and_playbook_agree_on_generated_logs(store: KqlStore) -> None:
    dice = random.Random(13)
    interactive: list[dict[str, Any]] = []
    silent: list[dict[str, Any]] = []
    for case in range(300):
        for _ in range(dice.randint(1, 6)):
            one = row(
                dice.randint(0, dice.choice([40, 2000])) * 60 + 30,
                user=f"u{case}",
                address=dice.choice(["203.0.113.7", "198.51.100.24", "192.0.2.1"]),
                place=dice.choice([BERLIN, HAMBURG, LAGOS, LAGOS._replace(network="")]),
                device=dice.choice([LAPTOP, NO_DEVICE, PHONE, {}]),
            )
            dice.choice([interactive, silent]).append(one)
        if dice.random() < 0.5:
            interactive.append(at_home(dice.randint(100, 2000) * 60, user=f"u{case}"))
            silent.append(stolen(dice.randint(1, 25) * 60 + 30, user=f"u{case}"))
    found = agree(store, logs(*interactive, silent=silent))
    assert 20 < found < 250, "cases on both sides of the line"
