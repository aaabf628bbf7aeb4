"""Each invariant of a chaos run: silent when all is well, and found out by a seeded violation."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lab.chaos.claims import Unclaimed
from lab.chaos.invariants import INVARIANTS, Invariant, name_of
from lab.chaos.invariants.accepted import every_accepted_incident_is_answered
from lab.chaos.invariants.forbidden import no_effect_that_the_policy_forbids
from lab.chaos.invariants.recorded import PERHAPS, every_effect_is_recorded
from lab.chaos.invariants.told import someone_was_told_of_every_failure
from lab.chaos.invariants.true import every_record_is_true
from lab.chaos.invariants.twice import no_effect_twice
from lab.chaos.models import CaseKind
from lab.chaos.observed import Delivery, Observed
from tests.unit.lab.chaos_world import (
    ADDRESS,
    BEFORE,
    BLOCK,
    CASE_ID,
    DISABLE,
    ENABLE,
    OPENED,
    RESET,
    REVOKE,
    SECOND_ID,
    START,
    action,
    answered,
    line,
    of_kind,
    record,
    well,
    with_record,
)

SECOND = Delivery(1, SECOND_ID, START, 1)
FIRST = Delivery(1, CASE_ID, START, 1)


@pytest.mark.parametrize("invariant", INVARIANTS, ids=name_of)
def test_all_is_well(invariant: Invariant) -> None:
    assert list(invariant(well())) == []


def only(seen: Observed) -> str:
    """The one invariant that a violation breaks."""
    [broken] = [name_of(invariant) for invariant in INVARIANTS if list(invariant(seen))]
    return broken


def test_an_accepted_incident_without_a_case() -> None:
    [found] = every_accepted_incident_is_answered(well(deliveries=[FIRST, SECOND]))
    assert SECOND_ID in found.detail


def test_an_app_that_accepts_nothing_does_not_pass() -> None:
    nothing = well(deliveries=[], records={}, ledger=[])
    assert only(nothing).startswith("every accepted")
    [found] = every_accepted_incident_is_answered(nothing)
    assert "never accepted" in found.detail


def test_an_incident_that_joined_is_answered_by_that_case() -> None:
    joined = record() | {"joined": [{"case_id": SECOND_ID}]}
    seen = well(deliveries=[FIRST, SECOND], records={CASE_ID: joined})
    assert list(every_accepted_incident_is_answered(seen)) == []


@pytest.mark.parametrize("status", ["gathering", "deciding", "containing", "awaiting_decision"])
def test_a_case_that_goes_nowhere(status: str) -> None:
    timeline = [{"event": "case opened"}]
    assert only(with_record(status=status, timeline=timeline)).startswith("every accepted")


def test_a_question_that_was_asked_may_wait() -> None:
    timeline = [{"event": "analysts told (decision needed): INC1"}]
    waiting = with_record(status="awaiting_decision", timeline=timeline)
    assert list(every_accepted_incident_is_answered(waiting)) == []


def test_a_response_that_broke_off() -> None:
    timeline = [*record()["timeline"], {"event": "the response broke off: ValueError"}]
    [found] = every_accepted_incident_is_answered(with_record(timeline=timeline))
    assert "broke off" in found.detail


@pytest.mark.parametrize("again", [RESET, REVOKE, BLOCK, OPENED])
def test_an_effect_that_comes_twice(again: dict[str, object]) -> None:
    seen = well()
    [found] = no_effect_twice(replace(seen, ledger=[*seen.ledger, again | {"seq": 9}]))
    assert "9" in found.detail


def test_two_cases_that_storage_did_not_bring_together_do_each_once() -> None:
    second = record() | {"case_id": SECOND_ID}
    changes: dict[str, Any] = {"records": {CASE_ID: record(), SECOND_ID: second}}
    twice = {**changes, "ledger": [REVOKE, REVOKE]}
    assert len(list(no_effect_twice(well(**twice)))) == 1
    assert list(no_effect_twice(well(**twice, apart=frozenset({SECOND_ID})))) == []
    thrice = {**changes, "ledger": [REVOKE] * 3}
    assert len(list(no_effect_twice(well(**thrice, apart=frozenset({SECOND_ID}))))) == 1
    second["actions"] = []
    assert len(list(no_effect_twice(well(**twice, apart=frozenset({SECOND_ID}))))) == 1


def test_disabled_enabled_and_disabled_again_is_not_twice() -> None:
    assert list(no_effect_twice(well(ledger=[DISABLE, ENABLE, DISABLE]))) == []
    assert list(no_effect_twice(well(ledger=[DISABLE, ENABLE, ENABLE]))) != []


def test_two_records_do_not_excuse_two_tickets_of_one_case() -> None:
    records = {CASE_ID: record(), SECOND_ID: record() | {"case_id": SECOND_ID}}
    [found] = no_effect_twice(well(records=records, ledger=[OPENED, OPENED]))
    assert f"2 tickets of {CASE_ID}" in found.detail
    body = OPENED["body"] | {"correlation_id": SECOND_ID}
    each = [OPENED, OPENED | {"body": body}]
    assert list(no_effect_twice(well(records=records, ledger=each))) == []
    [found] = no_effect_twice(well(ledger=each))
    assert f"a ticket of {SECOND_ID}, which is no case" in found.detail


def test_without_storage_to_claim_in_a_reset_may_come_twice_and_a_ticket_may_not() -> None:
    away = [(START, START + timedelta(seconds=3))]
    twice = [RESET, RESET, OPENED, OPENED]
    [found] = no_effect_twice(well(ledger=twice, storage_away=away))
    assert "tickets" in found.detail
    long_ago = [(START - timedelta(minutes=5), START - timedelta(minutes=4))]
    assert len(list(no_effect_twice(well(ledger=twice, storage_away=long_ago)))) == 2


@pytest.mark.parametrize(
    ("said", "allowed"),
    [
        (Unclaimed(CASE_ID, "ForcePasswordReset", START - timedelta(seconds=9)), True),
        (Unclaimed(SECOND_ID, "ForcePasswordReset", START), True),
        (Unclaimed(CASE_ID, "ForcePasswordReset", START - timedelta(seconds=60)), False),
        (Unclaimed(CASE_ID, "ForcePasswordReset", START + timedelta(seconds=60)), False),
        (Unclaimed(CASE_ID, "RevokeSessions", START), False),
        (Unclaimed("case-of-another", "ForcePasswordReset", START), False),
    ],
)
def test_a_claim_that_got_no_answer_explains_its_own_action_only(
    said: Unclaimed, allowed: bool
) -> None:
    found = list(no_effect_twice(well(ledger=[RESET, RESET], unclaimed=[said])))
    assert found == [] if allowed else len(found) == 1


def test_a_break_glass_account_is_touched() -> None:
    found = list(no_effect_that_the_policy_forbids(of_kind(CaseKind.BREAK_GLASS)))
    assert ["break-glass" in one.detail for one in found[:2]] == [True, True]


@pytest.mark.parametrize("kind", [CaseKind.VIP, CaseKind.PRIVILEGED])
def test_nobody_was_asked_about_somebody_special(kind: CaseKind) -> None:
    assert len(list(no_effect_that_the_policy_forbids(of_kind(kind)))) == 3
    yes = [answered("ForcePasswordReset", "RevokeSessions", "BlockIP")]
    assert list(no_effect_that_the_policy_forbids(of_kind(kind, answers=yes))) == []


def test_an_answer_that_came_after_the_effect() -> None:
    late = [answered("ForcePasswordReset", "RevokeSessions", "BlockIP", second=7)]
    found = list(no_effect_that_the_policy_forbids(of_kind(CaseKind.VIP, answers=late)))
    assert [one.detail.split()[0] for one in found] == ["ForcePasswordReset", "RevokeSessions"]


def test_not_sure_enough_to_act_alone() -> None:
    medium = with_record(verdict={"compromise_confidence_score": "Medium"})
    assert len(list(no_effect_that_the_policy_forbids(medium))) == 3


def test_an_address_that_is_never_blocked() -> None:
    seen = well()
    case = seen.planned.cases[0].model_copy(update={"blockable": False})
    planned = seen.planned.model_copy(update={"cases": (case,)})
    [found] = no_effect_that_the_policy_forbids(replace(seen, planned=planned))
    assert f"{ADDRESS} is never blocked" in found.detail


def test_taken_back_though_nobody_asked() -> None:
    ledger = [DISABLE, ENABLE]
    [found] = no_effect_that_the_policy_forbids(well(ledger=ledger))
    assert "nobody asked" in found.detail
    asked = [answered("DisableAccount"), answered(undo=True, second=30)]
    assert list(no_effect_that_the_policy_forbids(well(ledger=ledger, answers=asked))) == []


def test_an_effect_that_is_not_recorded() -> None:
    seen = well()
    [found] = every_effect_is_recorded(replace(seen, ledger=[*seen.ledger, DISABLE]))
    assert found.detail.startswith("DisableAccount")


@pytest.mark.parametrize(
    ("detail", "known"), [(f"HTTP 500; {PERHAPS}, as an answer was lost", True), ("503", False)]
)
def test_a_failure_that_had_its_effect_has_to_say_so(detail: str, *, known: bool) -> None:
    failed = action("ForcePasswordReset", status="failed", verified=None, detail=detail)
    others = [action("RevokeSessions"), action("BlockIP")]
    found = list(every_effect_is_recorded(with_record(actions=[failed, *others])))
    assert (found == []) is known


def test_a_ticket_that_is_not_recorded() -> None:
    [found] = every_effect_is_recorded(with_record(blocks={}))
    assert "ticket INC1" in found.detail


def test_recorded_and_never_happened() -> None:
    [found] = every_record_is_true(well(ledger=[REVOKE, BLOCK, OPENED]))
    assert "never happened" in found.detail
    assert "ForcePasswordReset" in found.detail


def test_verified_and_not_in_force() -> None:
    seen = well()
    after = seen.after | {"ipGroups": []}
    [found] = every_record_is_true(replace(seen, after=after))
    assert "BlockIP" in found.detail
    assert len(list(every_record_is_true(replace(seen, after=seen.before | {"tickets": []})))) == 4


def test_taken_back_and_still_in_force() -> None:
    taken = action("DisableAccount", undone={"verified": True})
    seen = with_record(actions=[*record()["actions"], taken])
    seen = replace(seen, ledger=[*seen.ledger, DISABLE, ENABLE])
    assert list(every_record_is_true(seen)) == []
    seen.after["directory"]["users"][0]["accountEnabled"] = False
    [found] = every_record_is_true(seen)
    assert "taken back" in found.detail


def test_what_another_case_of_the_account_took_back_need_not_be_in_force() -> None:
    """Storage was away when the second incident came, so each has a case; one was undone."""
    mine = action("DisableAccount")
    after, before = (
        action("DisableAccount", undone={"verified": True, "at": at})
        for at in ("2999-01-01T00:00:00.000Z", "2000-01-01T00:00:00.000Z")
    )
    second = record() | {"case_id": SECOND_ID, "actions": [*record()["actions"], mine]}
    seen = well(ledger=[*well().ledger, DISABLE, ENABLE])
    for kept, told in ((after, 0), (before, 1), (mine, 2)):
        first = record() | {"actions": [*record()["actions"], kept]}
        both = replace(
            seen,
            case_ids=dict.fromkeys(seen.case_ids, (CASE_ID, SECOND_ID)),
            records={CASE_ID: first, SECOND_ID: second},
        )
        found = list(every_record_is_true(both))
        assert [one.detail for one in found if "not in force" not in one.detail] == []
        assert len(found) == told


def test_a_message_that_was_never_sent() -> None:
    notified = {"outputs": {"analyst_notification_status": {"slack": {"status": "sent"}}}}
    seen = with_record(blocks={"Incident_Creation_Notification": notified})
    [found] = every_record_is_true(seen)
    assert found.detail == "nothing was sent by slack"


def test_a_failure_nobody_heard_of() -> None:
    failed = action("RevokeSessions", status="failed", verified=None, detail="503")
    seen = with_record(actions=[failed])
    [found] = someone_was_told_of_every_failure(seen)
    said = f"user-00001: FAILED, do by hand now: RevokeSessions on {failed['target']}."
    mail = line("email", "send", body={"text": said})
    assert "RevokeSessions" in found.detail
    assert list(someone_was_told_of_every_failure(replace(seen, ledger=[mail]))) == []
    near = f"CONTAINMENT FAILED.\nTo do: RevokeSessions on {failed['target']}."
    other = mail | {"body": {"text": near}}
    assert list(someone_was_told_of_every_failure(replace(seen, ledger=[other]))) != []
    lost = mail | {"effect": False}
    assert list(someone_was_told_of_every_failure(replace(seen, ledger=[lost]))) != []


@pytest.mark.parametrize("status", ["failed", "partial"])
def test_a_step_that_failed_in_silence(status: str) -> None:
    seen = with_record(blocks={"AzureAD_SignIn_Log_Analysis": {"status": status}})
    [found] = someone_was_told_of_every_failure(seen)
    assert "Sign-in analysis" in found.detail


def test_evidence_beside_a_question_is_told_with_its_outcome() -> None:
    blocks = {"Evidence_Preservation": {"status": "partial"}}
    waiting = with_record(status="awaiting_decision", blocks=blocks)
    assert list(someone_was_told_of_every_failure(waiting)) == []
    [found] = someone_was_told_of_every_failure(with_record(blocks=blocks))
    assert "Evidence preservation is partial" in found.detail


def test_what_was_before_is_what_the_world_starts_with() -> None:
    assert well().before["directory"]["users"][0]["lastPasswordChangeDateTime"] == BEFORE
