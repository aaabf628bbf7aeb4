""" "Block address" is about the address that was shown, also when the case is judged anew."""

from typing import Any

import pytest

from shared.models.base import Json
from shared.models.plan import ActionName, Disposition
from shared.models.verdict import Confidence
from tests.support.asking import RESET, REVOKE, NewCase, answer, respond, wait_for_phase
from tests.support.durable_backend import Run
from tests.support.inbox import Inbox
from tests.support.joining import OTHER_ADDRESS, close, judgements, last
from tests.support.scripted_firewalls import blocked
from tests.support.scripts import ADDRESS, decided, plan_line

ASKED = plan_line(RESET, Disposition.ASK)
MOVED = {"address": OTHER_ADDRESS, "blockable_address": OTHER_ADDRESS}


def other(disposition: Disposition) -> Any:
    line = plan_line(ActionName.BLOCK_IP, disposition)
    return line.model_copy(update={"target": OTHER_ADDRESS})


def answered(case: NewCase, later: Json) -> Run:
    """Ask about an address that may be blocked, judge anew, and let a person block it."""
    first = decided(Confidence.HIGH, [ASKED]) | {"blockable_address": ADDRESS}
    inbox = Inbox()
    run = case(decide_response=judgements(first, later), **inbox.scripts())
    respond(run)
    run.wait_for_call("comment_incident")
    run.tell("Joined", inbox.put(7))
    run.wait_for_call("revoke_sessions")
    run.tell("Decision", answer(ActionName.BLOCK_IP))
    wait_for_phase(run, "completed")
    close(run)
    return run


@pytest.mark.parametrize(
    ("disposition", "both"), [(Disposition.AUTOMATIC, True), (Disposition.NEVER, False)]
)
def test_the_address_that_was_shown_is_blocked_whatever_becomes_of_another(
    case: NewCase, disposition: Disposition, both: bool
) -> None:
    plan = [ASKED, plan_line(REVOKE), other(disposition)]
    run = answered(case, decided(Confidence.HIGH, plan) | MOVED)
    assert sorted(blocked(run)) == sorted([ADDRESS] + [OTHER_ADDRESS] * both)
    assert last(run, "asked")["address"] == ADDRESS


@pytest.mark.parametrize("spared", [{ADDRESS: "it is GreyNoise RIOT's"}, {}])
def test_an_address_that_is_protected_by_now_is_not_blocked(
    case: NewCase, spared: dict[str, str]
) -> None:
    judged = {"address": ADDRESS, "blockable_address": None, "spared": spared}
    run = answered(case, decided(Confidence.MEDIUM, [ASKED, plan_line(REVOKE)]) | judged)
    assert blocked(run) == []
    reason = spared.get(ADDRESS, "neither the rules nor a configured firewall allow it")
    [skipped] = [one for one in last(run, "actions") if one["action"] == "BlockIP"]
    assert (skipped["target"], skipped["status"]) == (ADDRESS, "skipped")
    assert skipped["detail"] == f"not run: {ADDRESS} must not be blocked: {reason}"
    assert last(run, "asked")["why_no_block"] == reason, "pages close the choice"


def test_a_question_says_from_its_beginning_why_the_address_is_not_blocked(case: NewCase) -> None:
    protected = {"blockable_address": None, "spared": {ADDRESS: "the office's egress"}}
    first = decided(Confidence.MEDIUM, [ASKED]) | {"address": ADDRESS} | protected
    run = case(decide_response=lambda _payload: first)
    respond(run)
    run.wait_for_call("comment_incident")
    assert last(run, "asked")["why_no_block"] == "the office's egress"
    run.tell("Decision", answer(REVOKE))
    wait_for_phase(run, "completed")
    close(run)
    assert run.called("revoke_sessions") and blocked(run) == []
