"""Token theft: the rule and the playbook give the same answer on the same rows."""

import random
from typing import Any

import pytest

from lab.simulators.kql.store import KqlStore
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
            found.country or "",
            str(found.asn or ""),
            found.device,
            found.session_id or "",
            found.reason,
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
            one["SessionId"] or "",
            one["Reason"],
        )
        for one in ask_rule(store, RULE, rows)
    }
    assert told == ours
    return len(told)


SESSION = {"SessionId": "s-1"}
MAC = {"deviceId": "", "operatingSystem": "MacOs", "browser": "Safari 19"}
TABLET = {"deviceId": "", "operatingSystem": "iOS 19", "browser": "Mobile Safari"}
CHROME = {"deviceId": "", "operatingSystem": "Windows 10", "browser": "Chrome 120"}
MAIL = LAPTOP | {"operatingSystem": "Windows10", "browser": "Rich Client 4.64"}


def opened(age: float, **more: Any) -> dict[str, Any]:
    """The session's beginning, at home."""
    return at_home(age, **SESSION | more)


def carried(age: float, **more: Any) -> dict[str, Any]:
    """The session, elsewhere; the country has long been known."""
    return stolen(age, **SESSION | more)


IN_LAGOS = at_home(20 * HOUR, place=LAGOS, address="192.0.2.7", device=NO_DEVICE)
CASES: dict[str, tuple[Rows, int]] = {
    "a known machine in another spelling": (
        logs(
            at_home(HOUR, device=CHROME),
            silent=[stolen(600, device=CHROME | {"operatingSystem": "Windows10"})],
        ),
        0,
    ),
    "session on another system, interactive": (logs(opened(HOUR), IN_LAGOS, carried(600)), 1),
    "session on another system, silent": (logs(opened(HOUR), IN_LAGOS, silent=[carried(600)]), 1),
    "session on another system, same country": (
        logs(opened(HOUR), carried(600, place=HAMBURG)),
        1,
    ),
    "session that silent rows began": (logs(silent=[opened(HOUR), carried(600)]), 1),
    "session with its owner's device id": (
        logs(opened(HOUR), carried(600, device=NO_DEVICE | {"deviceId": "l-1"})),
        1,
    ),
    "session in another browser abroad": (
        logs(opened(HOUR, device=CHROME), carried(600, device=CHROME | {"browser": "Edge 1"})),
        1,
    ),
    "everything new and another system in one": (logs(opened(HOUR), silent=[carried(600)]), 1),
    "session told once": (logs(opened(HOUR), *(carried(600 - i) for i in range(5))), 1),
    "session at two new addresses": (
        logs(opened(HOUR), carried(600), carried(500, address="192.0.2.9")),
        1,
    ),
    "session of no known place and network": (
        logs(opened(HOUR), carried(600, place=None)),
        1,
    ),
    "owner goes on in a cafe": (
        logs(opened(HOUR), carried(50 * 60), opened(600, address="192.0.2.33", place=HAMBURG)),
        0,
    ),
    "session on the owner's laptop abroad": (logs(opened(HOUR), carried(600, device=LAPTOP)), 0),
    "mail program through a VPN": (logs(opened(HOUR), carried(600, device=MAIL)), 0),
    "another browser at home": (
        logs(opened(HOUR), opened(600, address="192.0.2.33", device=CHROME)),
        0,
    ),
    "another system at the same address": (logs(opened(HOUR), opened(600, device=NO_DEVICE)), 0),
    "a tablet that says it is a desktop": (
        logs(opened(HOUR, device=TABLET), opened(600, address="192.0.2.33", device=MAC)),
        0,
    ),
    "Windows in two spellings": (
        logs(
            opened(HOUR, device=CHROME),
            opened(600, address="192.0.2.33", device=CHROME | {"operatingSystem": "Windows10"}),
        ),
        0,
    ),
    "two sessions": (logs(opened(HOUR), IN_LAGOS, carried(600, SessionId="s-2")), 0),
    "two users' sessions of one id": (logs(opened(HOUR), carried(600, user="bo")), 0),
    "no session id": (logs(at_home(HOUR), IN_LAGOS, carried(600, SessionId="")), 0),
    "session on a machine that says nothing": (logs(opened(HOUR), carried(600, device={})), 0),
    "session, a failed attempt": (logs(opened(HOUR), carried(600, code="50126")), 0),
    "whichever end comes second is told": (logs(opened(500), carried(600)), 1),
    "session from inside": (logs(opened(HOUR), carried(600, address="10.0.0.9")), 0),
    "session, too old to be told again": (logs(opened(9 * HOUR), carried(2 * HOUR)), 0),
    "both at the same second": (logs(opened(600), carried(600)), 0),
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
                device=dice.choice([LAPTOP, NO_DEVICE, PHONE, MAIL, CHROME, MAC, {}]),
                SessionId=dice.choice(["", f"s{case}", f"s{case}", f"t{case}"]),
            )
            dice.choice([interactive, silent]).append(one)
        if dice.random() < 0.5:
            interactive.append(at_home(dice.randint(100, 2000) * 60, user=f"u{case}"))
            silent.append(stolen(dice.randint(1, 25) * 60 + 30, user=f"u{case}"))
    found = agree(store, logs(*interactive, silent=silent))
    assert 20 < found < 250, "cases on both sides of the line"
