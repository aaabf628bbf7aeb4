from datetime import UTC, datetime
from typing import Any

import pytest

from shared.models.asked import Asked
from shared.models.case import CaseRecord
from shared.models.choices import Option, options_for, question_for
from shared.models.plan import ActionName, Decision, Disposition, PlannedAction
from shared.models.verdict import Confidence
from shared.playbook.planning.block_answer import (
    why_no_block,
    why_only_forbidden,
    with_asked_address,
)
from shared.playbook.planning.decided import NOT_THE_ATTACKS, Decided
from shared.playbook.planning.plan import apply_decision
from tests.support.scripts import decided, plan_line
from tests.unit.playbook.records import planned, record

A, B = "203.0.113.66", "198.51.100.9"
BLOCK, RESET = ActionName.BLOCK_IP, ActionName.FORCE_PASSWORD_RESET
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
ASK, AUTOMATIC, NEVER = Disposition.ASK, Disposition.AUTOMATIC, Disposition.NEVER


def judged(*plan: PlannedAction, **changes: Any) -> Decided:
    known: dict[str, Any] = {"address": A, "blockable_address": A} | changes
    return Decided.model_validate(decided(Confidence.MEDIUM, list(plan)) | known)


def asked(why: str | None = "the office's egress", address: str = A) -> Asked:
    return Asked(at=AT, answer_by=AT, address=address, why_no_block=why)


def block(address: str, disposition: Disposition) -> PlannedAction:
    return plan_line(BLOCK, disposition).model_copy(update={"target": address})


def answer(*actions: ActionName) -> Decision:
    return Decision(actions=list(actions), decided_by="lee", decided_at=AT)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, None),
        ({"blockable_address": None}, "neither the rules nor a configured firewall allow it"),
        ({"blockable_address": None, "spared": {A: "RIOT"}}, "RIOT"),
        ({"address": B, "blockable_address": B, "spared": {A: NOT_THE_ATTACKS}}, None),
        ({"address": B, "blockable_address": None, "spared": {A: "on the list"}}, "on the list"),
    ],
)
def test_what_a_judgement_knows_against_a_block(changes: dict[str, Any], why: str | None) -> None:
    assert why_no_block(judged(**changes), A) == why


def test_a_block_that_is_asked_for_and_no_address_at_all_are_not_forbidden() -> None:
    assert why_no_block(judged(block(A, ASK), blockable_address=None), A) is None
    assert why_no_block(judged(), None) is None


@pytest.mark.parametrize("disposition", [AUTOMATIC, NEVER])
def test_a_line_about_another_address_leaves_the_one_that_was_shown(
    disposition: Disposition,
) -> None:
    plan = [plan_line(RESET, ASK), block(B, disposition)]
    chosen = apply_decision(plan, answer(BLOCK), blockable_address=A)
    assert [(line.action, line.target) for line in chosen] == [(BLOCK, A)]
    assert apply_decision([*plan, block(A, NEVER)], answer(BLOCK), blockable_address=A) == []
    assert apply_decision([plan_line(RESET, ASK), block(B, ASK)], answer(BLOCK)) != []


def test_a_protected_address_is_never_blocked_by_an_answer() -> None:
    plan = with_asked_address([plan_line(RESET, ASK)], asked())
    assert [line.disposition for line in plan] == [ASK, NEVER]
    assert apply_decision(plan, answer(BLOCK), blockable_address=A) == []
    assert with_asked_address([block(A, NEVER)], asked()) == [block(A, NEVER)]
    assert with_asked_address([], asked(why=None)) == []


def test_an_answer_that_does_nothing_is_not_used_up() -> None:
    refused = why_only_forbidden(answer(BLOCK), asked())
    assert refused is not None and "the office's egress" in refused
    assert why_only_forbidden(answer(BLOCK, RESET), asked()) is None
    assert why_only_forbidden(answer(BLOCK), asked(why=None)) is None
    assert why_only_forbidden(answer(BLOCK), None) is None


def case(question: Asked, *lines: PlannedAction) -> CaseRecord:
    plan = [planned("RevokeSessions", "ask"), *(line.to_json() for line in lines)]
    return CaseRecord.model_validate(record(plan=plan, actions=[], asked=question.to_json()))


def option(found: CaseRecord) -> Option:
    [one] = [one for one in options_for(found, B) if one.choice.action is BLOCK]
    return one


def test_no_screen_offers_to_block_a_protected_address() -> None:
    protected = case(asked())
    assert option(protected).closed == (
        f"not possible: {A} must not be blocked: the office's egress"
    )
    offered = question_for(protected, B, "token").choices
    assert BLOCK not in {one.action for one in offered}


@pytest.mark.parametrize("disposition", [AUTOMATIC, NEVER])
def test_every_screen_goes_on_to_offer_what_was_shown(disposition: Disposition) -> None:
    found = option(case(asked(why=None), block(B, disposition)))
    assert (found.target, found.closed) == (A, "")
