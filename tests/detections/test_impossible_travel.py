"""Impossible travel: the rule and the playbook give the same answer on the same rows."""

import random
from typing import Any

import pytest

from lab.simulators.kql.store import KqlStore
from shared.playbook.sign_ins.impossible_travel import find_impossible_travel
from tests.detections.logs import (
    BERLIN,
    HAMBURG,
    LAGOS,
    LAPTOP,
    NO_DEVICE,
    Place,
    Rows,
    ask_rule,
    logs,
    recent,
    row,
)

RULE = "impossible_travel"
HOUR = 3600
HOME = "198.51.100.24"
VPN = "198.51.100.77"
SAO_PAULO = Place("BR", "Sao Paulo", -23.55, -46.63, "28573")
# 499 and 501 km north of Berlin along the meridian.
NEAR = Place("SE", "Near", 52.52 + 499 / 111.195, 13.405, "1257")
FAR = Place("SE", "Far", 52.52 + 501 / 111.195, 13.405, "1257")


def at_home(age: float, **more: Any) -> dict[str, Any]:
    return row(age, **{"address": HOME, "place": BERLIN, "device": LAPTOP} | more)


def abroad(age: float, **more: Any) -> dict[str, Any]:
    return row(age, **{"place": LAGOS, "device": NO_DEVICE} | more)


def agree(store: KqlStore, rows: Rows) -> int:
    """Assert that both give the same detections; return how many.

    Which of several other ends is shown may differ: the rule looks at ten minutes at once.
    """
    ours = {
        (found.user, found.address, found.sign_in_id, found.sign_in_at)
        for found in recent(find_impossible_travel, rows)
    }
    told = {
        (one["UserId"], one["Address"], one["SuccessId"], one["SuccessfulLoginTime"])
        for one in ask_rule(store, RULE, rows)
    }
    assert told == ours
    return len(told)


CASES: dict[str, tuple[Rows, int]] = {
    "Berlin, then Lagos within the hour": (logs(at_home(HOUR), abroad(600)), 1),
    "Berlin, then Lagos after a flight": (logs(at_home(7 * HOUR), abroad(600)), 0),
    "Lagos, then Berlin again, which is known": (
        logs(at_home(20 * HOUR), abroad(2 * HOUR), at_home(600)),
        1,
    ),
    "a new account's first two places, the second too late": (logs(abroad(40 * HOUR)), 0),
    "499 km in a minute": (logs(at_home(660), abroad(600, place=NEAR)), 0),
    "501 km in a minute": (logs(at_home(660), abroad(600, place=FAR)), 1),
    "501 km in 33 minutes": (logs(at_home(600 + 33 * 60), abroad(600, place=FAR)), 1),
    "501 km in 34 minutes": (logs(at_home(600 + 34 * 60), abroad(600, place=FAR)), 0),
    "a neighbouring town": (logs(at_home(700), abroad(600, place=HAMBURG)), 0),
    "the same device through a VPN": (logs(at_home(HOUR), abroad(600, device=LAPTOP)), 0),
    "the same network elsewhere": (
        logs(at_home(HOUR), abroad(600, place=LAGOS._replace(network=BERLIN.network))),
        0,
    ),
    "networks unknown at both ends": (
        logs(
            at_home(HOUR, place=BERLIN._replace(network="")),
            abroad(600, place=LAGOS._replace(network="")),
        ),
        1,
    ),
    "flipping between two usual places": (
        logs(
            *(at_home(20 * HOUR - i) for i in range(3)),
            abroad(19 * HOUR),
            at_home(700),
            abroad(600),
        ),
        0,
    ),
    "failures are no ends": (logs(at_home(HOUR), abroad(600, code="50126")), 0),
    "no position": (logs(at_home(HOUR), row(600)), 0),
    "two intruder addresses of one city": (
        logs(at_home(HOUR), abroad(600), abroad(500, address="203.0.113.8")),
        1,
    ),
    "two intruder cities": (
        logs(at_home(HOUR), abroad(600), abroad(500, address="203.0.113.8", place=SAO_PAULO)),
        2,
    ),
    "two new places, the first one reached in time": (
        logs(
            at_home(20 * HOUR),
            abroad(2 * HOUR),
            abroad(600, address="203.0.113.8", place=SAO_PAULO),
        ),
        1,
    ),
    "an address that three colleagues use": (
        logs(
            *(abroad(30 * HOUR - i, user=f"colleague{i}", address=VPN) for i in range(3)),
            at_home(HOUR),
            abroad(600, address=VPN),
        ),
        0,
    ),
    "an address that two colleagues use": (
        logs(
            *(abroad(30 * HOUR - i, user=f"colleague{i}", address=VPN) for i in range(2)),
            at_home(HOUR),
            abroad(600, address=VPN),
        ),
        1,
    ),
    "three colleagues use it later": (
        logs(
            *(abroad(60 * i, user=f"colleague{i}", address=VPN) for i in range(3)),
            at_home(HOUR),
            abroad(600, address=VPN),
        ),
        1,
    ),
    "non-interactive ends": (logs(silent=[at_home(HOUR), abroad(600)]), 1),
    "one end in each table": (logs(at_home(HOUR), silent=[abroad(600)]), 1),
    "at the same second": (logs(at_home(9 * HOUR), at_home(600), abroad(600)), 1),
    "two accounts": (logs(at_home(HOUR), abroad(600, user="bo")), 0),
    "from inside": (logs(at_home(HOUR), abroad(600, address="10.0.0.9")), 0),
    "too old to be told again": (logs(at_home(4 * HOUR), abroad(3 * HOUR)), 0),
}


@pytest.mark.parametrize("name", CASES)
def test_rule_and_playbook_agree(store: KqlStore, name: str) -> None:
    rows, expected = CASES[name]
    assert agree(store, rows) == expected


def test_the_other_end_is_shown(store: KqlStore) -> None:
    rows = logs(at_home(HOUR), abroad(600))
    (told,) = ask_rule(store, RULE, rows)
    (ours,) = recent(find_impossible_travel, rows)
    assert (told["OtherAddress"], told["OtherCountry"], told["OtherCity"]) == (HOME, "DE", "Berlin")
    assert told["OtherAt"] == ours.other_at
    assert (told["Km"], told["KmPerHour"]) == (ours.km, ours.km_per_hour)


def test_rule_and_playbook_agree_on_generated_logs(store: KqlStore) -> None:
    dice = random.Random(11)
    places = [BERLIN, HAMBURG, LAGOS, SAO_PAULO, NEAR, FAR, None]
    devices = [LAPTOP, NO_DEVICE, {}, LAPTOP | {"deviceId": "l-2"}]
    interactive: list[dict[str, Any]] = []
    silent: list[dict[str, Any]] = []
    for case in range(400):
        used = dice.sample(places, dice.randint(2, 4))
        for _ in range(dice.randint(2, 14)):
            which = dice.randrange(len(used))
            place = used[which]
            one = row(
                dice.randint(0, dice.choice([25, 120, 2500])) * 60 + 30,
                dice.choices(["0", "50126"], [9, 1])[0],
                user=f"u{case}",
                address=f"203.0.113.{which * 50 + dice.choice([case % 50, case % 5])}",
                place=place,
                device=dice.choices(devices, [1, 3, 3, 1])[0],
            )
            dice.choice([interactive, interactive, silent]).append(one)
    found = agree(store, logs(*interactive, silent=silent))
    assert 20 < found < 200, "cases on both sides of the line"
