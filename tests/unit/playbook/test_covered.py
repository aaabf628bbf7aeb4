from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestrators.entities import account
from shared.models.base import Json, format_utc, parse_utc
from shared.models.directory import AccountState
from shared.models.plan import ActionName, Disposition, PlannedAction
from shared.playbook.acting.covered import (
    COVERABLE,
    MOST_KEPT,
    Deed,
    covered_outcome,
    covering,
    deeds_of,
    forget,
    is_shown,
    may_show_later,
    proved,
    remember,
    unproved,
)
from tests.support.scripts import NAME, OBJECT_ID, outcome

T = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ONE = timedelta(seconds=1)
MINE, OTHER = "case-1", "case-2"

times = st.integers(-3600, 3600).map(lambda seconds: T + timedelta(seconds=seconds))
actions = st.sampled_from(list(ActionName))
deeds = st.builds(
    Deed,
    action=st.sampled_from(sorted(COVERABLE)),
    case_id=st.sampled_from([MINE, OTHER]),
    at=times,
)


def line(action: ActionName = ActionName.REVOKE_SESSIONS) -> PlannedAction:
    return PlannedAction(action=action, target=NAME, disposition=Disposition.AUTOMATIC, why="t")


def deed(seconds: int = 60, **changes: Any) -> Deed:
    made = {"action": "RevokeSessions", "case_id": OTHER, "at": T + timedelta(seconds=seconds)}
    return Deed.model_validate(made | changes)


def test_what_another_case_did_after_the_sign_in_covers_this_case() -> None:
    found = covering(line(), [deed()], case_id=MINE, attacked_at=T)
    assert found == deed()
    told = covered_outcome(line(), found, T + timedelta(seconds=90))
    assert (told["status"], told["verified"], told["undo"]) == ("succeeded", True, None)
    assert told["detail"] == "done by case case-2 at 2026-11-20T12:01:00.000Z"
    assert told["target"] == NAME


@pytest.mark.parametrize(
    ("known", "attacked_at"),
    [
        ([], T),
        ([deed(-60)], T),
        ([deed(0)], T),
        ([deed(case_id=MINE)], T),
        ([deed(action="ForcePasswordReset")], T),
        ([deed(60)], T + timedelta(seconds=61)),
        ([deed()], None),
    ],
    ids=["nothing", "before", "same", "own", "other action", "came back", "no sign-in known"],
)
def test_what_does_not_cover(known: list[Deed], attacked_at: datetime | None) -> None:
    assert covering(line(), known, case_id=MINE, attacked_at=attacked_at) is None


@given(actions, st.lists(deeds, max_size=8), times)
def test_a_covered_action_was_done_by_another_after_the_last_attack(
    action: ActionName, known: list[Deed], attacked_at: datetime
) -> None:
    found = covering(line(action), known, case_id=MINE, attacked_at=attacked_at)
    fitting = [
        one
        for one in known
        if one.action is action and one.case_id != MINE and one.at > attacked_at
    ]
    assert (found is not None) == bool(fitting)
    if found is not None:
        assert action in COVERABLE and found in fitting


@given(st.lists(deeds, max_size=8), times, st.integers(1, 3600))
def test_a_later_attack_is_never_better_covered(
    known: list[Deed], attacked_at: datetime, more: int
) -> None:
    later = attacked_at + timedelta(seconds=more)
    if covering(line(), known, case_id=MINE, attacked_at=attacked_at) is None:
        assert covering(line(), known, case_id=MINE, attacked_at=later) is None


@pytest.mark.parametrize("action", sorted(COVERABLE))
@pytest.mark.parametrize(("seconds", "shown"), [(-60, False), (0, False), (60, True)])
def test_the_account_itself_has_to_show_it(action: ActionName, seconds: int, shown: bool) -> None:
    at = T + timedelta(seconds=seconds)
    state = AccountState(
        account_enabled=True, sign_in_sessions_valid_from=at, last_password_change_at=at
    )
    assert is_shown(deed(action=action), state, attacked_at=T) is shown
    assert not is_shown(deed(action=action), AccountState(), attacked_at=T)


@pytest.mark.parametrize("action", sorted(COVERABLE))
def test_a_change_that_was_there_before_the_deed_is_not_the_deed(action: ActionName) -> None:
    """The attacker may have changed the password, too."""
    before, after = T + timedelta(seconds=30), T + timedelta(seconds=31)
    done = deed(60, action=action, found=before)
    for at, shown in ((before, False), (after, True)):
        state = AccountState(sign_in_sessions_valid_from=at, last_password_change_at=at)
        assert is_shown(done, state, attacked_at=T) is shown
        assert not is_shown(done, state, attacked_at=after)


@pytest.mark.parametrize(
    ("changed", "found", "late"),
    [(None, None, True), (None, T, True), (T, T, True), (T, None, False), (T, T - ONE, False)],
    ids=["no time", "no time yet", "as it was found", "nothing found", "changed since"],
)
@pytest.mark.parametrize("action", sorted(COVERABLE))
def test_what_looks_as_an_open_deed_found_it_may_show_later(
    action: ActionName, changed: datetime | None, found: datetime | None, late: bool
) -> None:
    state = AccountState(sign_in_sessions_valid_from=changed, last_password_change_at=changed)
    assert may_show_later(deed(action=action, found=found, is_open=True), state) is late
    assert not may_show_later(deed(action=action, found=found), state), "it has been read back"


def test_a_pending_reset_shows_whatever_was_found() -> None:
    pending = AccountState(last_password_change_at=T + ONE, password_reset_pending=True)
    done = deed(60, action="ForcePasswordReset", found=T + ONE)
    assert is_shown(done, pending, attacked_at=T)
    assert not is_shown(done, pending, attacked_at=T + ONE)


FOUND = AccountState(account_enabled=True, sign_in_sessions_valid_from=T, last_password_change_at=T)
DOUBTED = FOUND.model_copy(
    update={"unknown": {"last_password_change_at": "?", "sign_in_sessions_valid_from": "?"}}
)


@pytest.mark.parametrize("action", sorted(COVERABLE))
@pytest.mark.parametrize(
    ("verified", "before", "kept"),
    [
        (True, FOUND, True),
        (True, None, True),
        (None, FOUND, True),
        (None, None, False),
        (None, DOUBTED, False),
        (False, FOUND, False),
    ],
    ids=["verified", "state not read", "still to be read back", "unprovable", "doubt", "denied"],
)
def test_what_was_done_and_can_be_proved_is_remembered(
    action: ActionName, verified: bool | None, before: AccountState | None, kept: bool
) -> None:
    done = outcome(action, verified=verified)
    found = {str(action): before.to_json() if before else None}
    deeds = deeds_of(MINE, [done], found)
    expected = {
        "action": action,
        "case_id": MINE,
        "at": done["at"],
        "found": format_utc(T) if before else None,
        "is_open": verified is None,
    }
    assert deeds == ([expected] if kept else [])
    assert OBJECT_ID not in str(deeds) and NAME not in str(deeds)


def test_nothing_else_is_remembered() -> None:
    others = [
        outcome(ActionName.FORCE_PASSWORD_RESET, status="failed"),
        outcome(ActionName.DISABLE_ACCOUNT, verified=True),
        outcome(ActionName.DISABLE_INBOX_RULES, verified=True),
        outcome(ActionName.BLOCK_IP, verified=True),
    ]
    before: dict[str, Json | None] = {str(one["action"]): FOUND.to_json() for one in others}
    before["DisableInboxRules"] = {"chosen": []}
    assert deeds_of(MINE, others, before) == []


@pytest.mark.parametrize(("verified", "denied"), [(True, False), (None, True), (False, True)])
def test_what_the_read_back_does_not_prove_is_forgotten(
    verified: bool | None, denied: bool
) -> None:
    reset = outcome(ActionName.FORCE_PASSWORD_RESET, verified=True)
    revoked = outcome(ActionName.REVOKE_SESSIONS)
    before: dict[str, Json | None] = {str(one): FOUND.to_json() for one in COVERABLE}
    deeds = deeds_of(MINE, [reset, revoked], before)
    seen = unproved(deeds, [reset, revoked | {"verified": verified}])
    assert [one["action"] for one in seen] == (["RevokeSessions"] if denied else [])
    settled = remember(deeds, proved(deeds, [reset, revoked | {"verified": verified}]))
    assert [one["is_open"] for one in settled] == [False, denied]
    assert forget(deeds, seen) == [one for one in deeds if one not in seen]


SAME_MOMENT = [Deed(action=one, case_id=MINE, at=T) for one in sorted(COVERABLE)]


@given(st.lists(deeds, max_size=60), st.lists(deeds, max_size=60))
@example(a=SAME_MOMENT, b=[deed(n) for n in range(1, MOST_KEPT)] + SAME_MOMENT[::-1])
def test_an_account_remembers_the_latest_and_each_once(a: list[Deed], b: list[Deed]) -> None:
    first, more = [one.to_json() for one in a], [one.to_json() for one in b]
    known = remember(remember([], first), more)
    assert remember(known, more) == known
    assert len(known) <= MOST_KEPT
    assert known == sorted(known, key=lambda item: str(item["at"]))
    if len(known) == MOST_KEPT:
        left_out = [item for item in (*first, *more) if item not in known]
        oldest = parse_utc(known[0]["at"])
        assert all(parse_utc(item["at"]) <= oldest for item in left_out)


class Context:
    """The entity's side of the engine."""

    def __init__(self) -> None:
        self.state: Any = None
        self.operation = ""

    def get_state(self, _kind: type, default: Any) -> Any:
        return default if self.state is None else self.state

    def set_state(self, state: Any) -> None:
        self.state = state


def call(context: Any, operation: str, given: Json | list[Json] | None = None) -> Any:
    context.operation = operation
    return account(context, given)


def test_the_entity_tells_what_it_was_told() -> None:
    context = Context()
    assert call(context, "deeds") == []
    kept = deed().to_json()
    assert call(context, "remember", [kept]) == [kept]
    assert call(context, "remember", [kept]) == [kept]
    assert call(context, "deeds") == context.state == [kept]
    assert call(context, "forget", [deed(61).to_json()]) == [kept]
    assert call(context, "forget", [kept]) == context.state == []
    assert format_utc(deed().at) == kept["at"]
