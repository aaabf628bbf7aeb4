"""The bench's floor: which call needs which call's answer, whatever order they were sent in."""

from typing import Any

import pytest

from lab.bench.accounts import make_town
from lab.bench.calls import read_calls
from lab.bench.needs import NEEDS, Kind, Needs, needs_of
from lab.bench.plain_calls import needs_as
from lab.errors import LabError
from lab.scenarios.loader import load_common
from tests.unit.lab.bench_lines import ALL, LINES, RULES, STATE, line

USER = "/graph/v1.0/users/42"
FOLDERS = f"{USER}/mailFolders"
LIST = "entra messageRules.list"


def call(seq: int, what: str, path: str = USER, **more: Any) -> dict[str, Any]:
    return line(seq, float(seq), what, **more) | {"path": path}


def state(seq: int) -> dict[str, Any]:
    return call(seq, "entra users.get", select=STATE)


PROFILE = call(1, "entra users.get")
GROUPS = call(2, "entra transitiveMemberOf", f"{USER}/transitiveMemberOf")
QUERY = call(3, "log_analytics query", "/query")
RESET = call(5, "entra users.patch", effect=True)
REVOKE = call(7, "entra revokeSignInSessions", effect=True)
GATHERED = [PROFILE, GROUPS, QUERY]
ACCOUNT = [state(4), RESET, state(6), REVOKE, state(8)]
MAILBOX = [
    # The second containment reads the state again.
    state(9),
    call(10, LIST, f"{FOLDERS}/inbox/messageRules"),
    call(11, "entra mailFolders.get", f"{FOLDERS}/archive"),
    call(12, "entra mailFolders.get", f"{FOLDERS}/AQMk"),
    call(13, "entra messageRules.patch", f"{FOLDERS}/inbox/messageRules/1", effect=True),
    call(14, LIST, f"{FOLDERS}/inbox/messageRules"),
    call(15, "entra mailFolders.get", f"{FOLDERS}/archive"),
]


def needed(needs: Needs, seq: int) -> list[int]:
    """Return what a call needs directly; what was gathered, only for one that was gathered."""
    [found] = [one for one in needs.calls if one.line["seq"] == seq]
    return [
        needs.calls[place].line["seq"]
        for place in found.needs
        if place >= needs.gathered or seq in (1, 2, 3)
    ]


def numbers(needs: Needs) -> list[int]:
    return [one.line["seq"] for one in needs.calls]


def test_each_change_needs_what_guards_it_and_what_the_playbook_says() -> None:
    needs = needs_of(GATHERED, ACCOUNT)
    assert needs.gathered == 3
    verdict = [call for call in needs.calls if call.line["seq"] == 4]
    assert verdict[0].needs == [0, 1, 2], "the state is read after the verdict"
    assert needed(needs, 5) == [4]
    assert needed(needs, 6) == [4, 5], "a new password may move the sessions' time, too"
    assert needed(needs, 7) == [4, 5, 6], "sessions end after the password"
    assert needed(needs, 8) == [5, 7], "one read-back for both"


def test_a_state_that_is_read_again_adds_nothing() -> None:
    again = [one for one in ACCOUNT for _ in range(1 if one["effect"] else 2)]
    assert numbers(needs_of(GATHERED, ACCOUNT)) == [1, 2, 3, 4, 5, 6, 7, 8]
    twice = needs_of(GATHERED, again)
    assert (len(twice.calls), twice.length) == (8, 6)


def test_between_nothing_is_read_where_one_action_alone_is_done() -> None:
    alone = [state(4), REVOKE, state(8)]
    assert [needed(needs_of(GATHERED, alone), seq) for seq in (7, 8)] == [[4], [7]]


def test_a_mailbox_follows_the_sessions_and_no_state() -> None:
    needs = needs_of(GATHERED, [*ACCOUNT, *MAILBOX])
    # Not the second containment's state, nor folders again.
    assert sorted(numbers(needs)) == [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14]
    assert needed(needs, 10) == needed(needs, 11) == [4, 5, 6, 7]
    assert needed(needs, 12) == [4, 5, 6, 7, 10, 11], "only a rule tells this folder's id"
    assert needed(needs, 13) == [4, 5, 6, 7, 10, 11, 12]
    assert needed(needs, 14) == [13]
    # One gathered, state, password, state, sessions, rules, folder, change, rules.
    assert needs.length == 9


def test_the_order_in_which_the_app_sent_them_changes_nothing() -> None:
    # The mailbox only after the account was read back, or beside it: the same links.
    beside = [one | {"seq": one["seq"] - 2} if one["seq"] > 9 else one for one in MAILBOX[1:]]
    late = needs_of(GATHERED, [*ACCOUNT, *MAILBOX])
    early = needs_of(reversed(GATHERED), [*ACCOUNT[:4], *beside, state(16)])
    assert early.length == late.length
    assert [one.needs for one in early.calls] == [one.needs for one in late.calls]


def test_what_the_incident_tells_does_not_wait_for_the_profile() -> None:
    assert needed(needs_of(GATHERED, ACCOUNT), 2) == []
    by_name = PROFILE | {"path": "/graph/v1.0/users/anna@contoso.example"}
    needs = needs_of([by_name, GROUPS, QUERY], ACCOUNT)
    assert (needed(needs, 2), needed(needs, 3), needs.length) == ([1], [], 7)


def test_a_change_without_a_declared_need_is_an_error() -> None:
    with pytest.raises(LabError, match=r"no need is declared for confirmCompromised"):
        needs_of(GATHERED, [*ACCOUNT, call(9, "entra confirmCompromised", effect=True)])


def test_the_floor_of_a_ledger_is_shorter_than_what_was_sent() -> None:
    one, other = make_town(load_common(), 3, 2, blockable=True).accounts
    path = f"/users/{one.object_id}/archive"
    okta = line(0, 0.3, "okta users.get")
    calls = read_calls([okta, *(each | {"path": path} for each in [*LINES, *RULES])], ALL)
    needs = needs_as(calls, one, other)
    # Gathered, state, password, rules, change, rules; as sent two gathered, and the state twice.
    assert (needs.length, calls.steps.length) == (6, 9)
    assert {each.line["path"] for each in needs.calls} == {f"/users/{other.object_id}/archive"}
    assert "okta" not in {each.line["vendor"] for each in needs.calls}


def test_every_kind_of_call_has_its_needs_before_it() -> None:
    order = list(Kind)
    assert set(NEEDS) == set(Kind)
    for kind, needs in NEEDS.items():
        assert all(order.index(other) < order.index(kind) for other in needs), kind
