"""The comparison of rule and playbook notices when one of them is changed."""

from collections.abc import Callable

import pytest

from lab.simulators.kql.store import KqlStore
from tests.detections import (
    test_brute_force,
    test_impossible_travel,
    test_mfa_fatigue,
    test_password_spray,
    test_slow_password_spray,
    test_token_theft,
)
from tests.detections.logs import RULES, Rows

type Agree = Callable[[KqlStore, Rows], int]
type Cases = dict[str, tuple[Rows, int]]

SUITES: dict[str, tuple[Agree, Cases]] = {
    "brute_force_success": (test_brute_force.agree, test_brute_force.CASES),
    "impossible_travel": (test_impossible_travel.agree, test_impossible_travel.CASES),
    "mfa_fatigue": (test_mfa_fatigue.agree, test_mfa_fatigue.CASES),
    "password_spray": (test_password_spray.agree, test_password_spray.CASES),
    "slow_password_spray": (test_slow_password_spray.agree, test_slow_password_spray.CASES),
    "token_theft": (test_token_theft.agree, test_token_theft.CASES),
}
CHANGES = [
    (
        "brute_force_success",
        "let threshold = 20",
        "let threshold = 19",
        "exactly 20 failures",
    ),
    (
        "brute_force_success",
        "let window = 10m",
        "let window = 11m",
        "21 failures in 10 minutes and a second",
    ),
    (
        "brute_force_success",
        "sum(Guesses), FirstFailure",
        "count(), FirstFailure",
        "ten guesses a second",
    ),
    ("brute_force_success", "not(Address matches regex internal)", "true", "internal address"),
    (
        "password_spray",
        "GuessedUsers > RightUsers",
        "GuessedUsers > 0",
        "an office where people mistype and get in",
    ),
    (
        "password_spray",
        "let before = 24h",
        "let before = 25h",
        "the first guess a day and a second before",
    ),
    ("slow_password_spray", "let guessedUsers = 10", "let guessedUsers = 9", "nine accounts"),
    (
        "slow_password_spray",
        "let before = 7d",
        "let before = 8d",
        "the first guess a second before the week before",
    ),
    (
        "slow_password_spray",
        "let after = 5d",
        "let after = 6d",
        "the tenth guess five days and a second after",
    ),
    ("slow_password_spray", "let recent = 2h", "let recent = 4h", "told of before"),
    (
        "slow_password_spray",
        "isnull(Right) or Right > Shows",
        "true",
        "a carrier's address, other people every day",
    ),
    (
        "slow_password_spray",
        "let workingUsers = 3",
        "let workingUsers = 4",
        "a shared office egress with typos",
    ),
    (
        "slow_password_spray",
        "let workingDays = 3",
        "let workingDays = 2",
        "three people for two days are no office",
    ),
    (
        "slow_password_spray",
        "| join kind=leftanti enteredBefore on Address, User, Day",
        "",
        "a VPN exit that a spray uses, too",
    ),
    (
        "slow_password_spray",
        "| join kind=leftanti knownOtherwise on Address, User, Day",
        "",
        "stopped at first, in before the spray shows",
    ),
    (
        "slow_password_spray",
        "max_of(Guess, At)",
        "Guess",
        "told of before, but for the new victim",
    ),
    ("mfa_fatigue", "> refusedPrompts", ">= refusedPrompts", "five refused, then approved"),
    (
        "mfa_fatigue",
        "| summarize arg_min(At, Id",
        "| summarize arg_max(At, Id",
        "the user signs in at home during the attack",
    ),
    ("impossible_travel", "Km >= impossibleKm", "Km >= 400.0", "499 km in a minute"),
    (
        "impossible_travel",
        "Others >= sharedByUsers",
        "Others >= 2",
        "an address that two colleagues use",
    ),
    (
        "impossible_travel",
        "(travels | where OtherAt < FirstAt), returns",
        "travels, returns",
        "two new places, the first one reached in time",
    ),
    ("token_theft", "SignedIn > 0 and Alike == 0", "Alike == 0", "never signed in"),
    ("token_theft", " and isempty(DeviceId)", "", "a registered device"),
    ("token_theft", "Alike == 0 and Systems", "Systems", "owner goes on in a cafe"),
    ("token_theft", "OtherSystem and Address", "OtherSystem or Address", "another browser at home"),
    (
        "token_theft",
        "(isempty(DeviceId) or DeviceId != EarlierDeviceId)",
        "true",
        "mail program through a VPN",
    ),
    (
        "token_theft",
        'System startswith "mac" or ',
        "",
        "a tablet that says it is a desktop",
    ),
    (
        "token_theft",
        '[\\d.]*( |$)"',
        '( |$)"',
        "Windows in two spellings",
    ),
    (
        "token_theft",
        "| join kind=leftanti unfamiliar on Id",
        "",
        "everything new and another system in one",
    ),
]


@pytest.mark.parametrize(("rule", "old", "new", "case"), CHANGES)
def test_a_changed_query_is_noticed(
    store: KqlStore, monkeypatch: pytest.MonkeyPatch, rule: str, old: str, new: str, case: str
) -> None:
    query = RULES[rule].query
    assert old in query
    agree, cases = SUITES[rule]
    rows, expected = cases[case]
    assert agree(store, rows) == expected
    changed = RULES[rule].model_copy(update={"query": query.replace(old, new)})
    monkeypatch.setitem(RULES, rule, changed)
    with pytest.raises(AssertionError):
        agree(store, rows)
