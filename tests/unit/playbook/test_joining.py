from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models.base import Json
from shared.models.case import CaseRequest
from shared.models.plan import ActionName, Disposition, PlannedAction
from shared.models.undo import EXPIRY, TakenBack
from shared.models.verdict import Confidence
from shared.playbook.intake.joining import (
    MOST_ADDRESSES,
    joined_request,
    waiting_incident,
    waiting_name,
)
from shared.playbook.planning.decided import Decided, undecided
from shared.playbook.planning.plan import hold_plan
from shared.playbook.planning.rising import (
    ask_about_undone,
    keep_asking,
    newly_asked,
    newly_automatic,
    rises,
)
from tests.support.scripts import ADDRESS, T0, T1, case_payload, decided, outcome, plan_line

LATER = "2026-11-20T13:00:00.000Z"
HIGH, MEDIUM, LOW = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW


def case(number: int = 1, severity: str = "High", **changes: Any) -> CaseRequest:
    incident = {
        "source": "sentinel",
        "incident_id": f"/subscriptions/0/incidents/{number}",
        "title": f"No. {number}",
        "severity": severity,
    }
    given = {"case_id": f"case-{number:024x}", "incident": incident} | changes
    return CaseRequest.model_validate(case_payload(**given))


def judged(confidence: Confidence, *lines: PlannedAction, **changes: Any) -> Decided:
    return Decided.model_validate(decided(confidence, list(lines)) | changes)


def test_the_new_judgement_is_about_the_joined_incident_and_the_same_account() -> None:
    first = case(1, addresses=[ADDRESS])
    joined = case(
        2, addresses=["198.51.100.9"], now=LATER, mode="observe", alert_type="token_theft"
    )
    anew = joined_request(first, [joined])
    assert (anew.case_id, anew.mode, anew.timing) == (first.case_id, first.mode, first.timing)
    assert anew.account == first.account
    assert anew.addresses == ["198.51.100.9", ADDRESS]
    assert (anew.incident.title, anew.alert_type) == ("No. 2", "token_theft")
    assert anew.now == joined.now


def test_of_several_the_heaviest_and_then_latest_leads() -> None:
    found = [case(2, "Low", now=LATER), case(3, now=T0), case(4, now=T1)]
    anew = joined_request(case(1), found)
    assert anew.incident.title == "No. 4"
    assert anew.now == found[0].now, "the log is read up to the latest"


@given(st.integers(1, 8), st.integers(1, 12))
def test_addresses_are_bounded(incidents: int, addresses: int) -> None:
    found = [
        case(number, addresses=[f"198.51.{number}.{n}" for n in range(addresses)])
        for number in range(2, 2 + incidents)
    ]
    anew = joined_request(case(1), found)
    assert len(anew.addresses) <= MOST_ADDRESSES
    assert len(anew.addresses) == len(set(anew.addresses))


def test_names_in_order_are_incidents_in_order_of_weight() -> None:
    order = ["High", "Medium", "Low", "Informational"]
    names = [waiting_name(case(9 - n, severity)) for n, severity in enumerate(order)]
    assert names == sorted(names)
    assert waiting_incident(case(), case().now)["case"]["case_id"] == case().case_id


@pytest.mark.parametrize(
    ("before", "after", "higher"),
    [(LOW, MEDIUM, True), (MEDIUM, HIGH, True), (HIGH, HIGH, False), (HIGH, LOW, False)],
)
def test_a_verdict_rises(before: Confidence, after: Confidence, higher: bool) -> None:
    assert rises(judged(before), judged(after)) is higher


def test_a_verdict_that_could_not_be_computed_raises_nothing_and_gives_way_to_high_only() -> None:
    unknown = undecided(case(), {}, "no answer")
    assert not rises(judged(LOW), unknown)
    assert not rises(unknown, judged(MEDIUM))
    assert rises(unknown, judged(HIGH))


RESET = plan_line(ActionName.FORCE_PASSWORD_RESET)
REVOKE = plan_line(ActionName.REVOKE_SESSIONS)
BLOCK = plan_line(ActionName.BLOCK_IP)
IDLE = plan_line(ActionName.MONITOR_ONLY)


def done(action: ActionName, **changes: Any) -> Json:
    return outcome(action, verified=True) | changes


def test_what_is_under_way_or_done_is_not_newly_automatic() -> None:
    high = judged(HIGH, RESET, REVOKE, BLOCK)
    assert newly_automatic(high, high, []) == []
    assert newly_automatic(judged(MEDIUM), high, []) == [RESET, REVOKE, BLOCK]
    finished = [done(ActionName.REVOKE_SESSIONS)]
    assert newly_automatic(judged(MEDIUM), high, finished) == [RESET, BLOCK]
    by_id = RESET.model_copy(update={"target": "an object id"})
    assert newly_automatic(high, judged(HIGH, by_id), []) == [], "one account, two names"


def test_another_address_is_another_block() -> None:
    other = BLOCK.model_copy(update={"target": "198.51.100.9"})
    assert newly_automatic(judged(HIGH, BLOCK), judged(HIGH, BLOCK, other), []) == [other]


def test_what_failed_is_left_to_people() -> None:
    high = judged(HIGH, RESET)
    failed = done(ActionName.FORCE_PASSWORD_RESET, status="failed")
    assert newly_automatic(high, high, [failed]) == []


def test_an_attacker_who_came_back_is_contained_again() -> None:
    high = judged(HIGH, RESET, REVOKE, BLOCK)
    finished = [done(ActionName.FORCE_PASSWORD_RESET), done(ActionName.BLOCK_IP)]
    back = high.model_copy(update={"attacked_at": case(now=LATER).now})
    assert newly_automatic(high, back, finished) == [RESET]
    long_ago = high.model_copy(update={"attacked_at": case(now=T0).now})
    assert newly_automatic(high, long_ago, finished) == []


def test_an_attacker_who_came_back_once_is_answered_once() -> None:
    finished = [done(ActionName.REVOKE_SESSIONS)]
    back = judged(HIGH, REVOKE, attacked_at=LATER)
    held = back.model_copy(update={"plan": hold_plan(back.plan, "paused")})
    for known in (back, held):
        assert newly_automatic(known, back, finished) == []
    again = judged(HIGH, REVOKE, attacked_at="2026-11-20T14:00:00.000Z")
    later = [done(ActionName.REVOKE_SESSIONS, at="2026-11-20T13:30:00.000Z")]
    assert newly_automatic(held, again, later) == [REVOKE]


def test_a_person_is_asked_again_only_when_the_verdict_rises() -> None:
    asks = [line.model_copy(update={"disposition": Disposition.ASK}) for line in (RESET, REVOKE)]
    assert newly_asked(judged(MEDIUM, *asks), judged(MEDIUM, *asks), []) == []
    assert newly_asked(judged(MEDIUM, *asks), judged(HIGH, *asks), []) == asks
    finished = [done(ActionName.FORCE_PASSWORD_RESET)]
    assert newly_asked(judged(LOW, IDLE), judged(MEDIUM, *asks), finished) == [asks[1]]
    assert newly_automatic(judged(LOW), judged(MEDIUM, IDLE), []) == []


lines = st.lists(
    st.builds(
        plan_line,
        st.sampled_from(list(ActionName)),
        st.sampled_from(list(Disposition)),
    ),
    max_size=6,
)
judgements = st.builds(lambda sure, plan: judged(sure, *plan), st.sampled_from(Confidence), lines)


@given(judgements, judgements)
def test_nothing_is_done_that_the_new_plan_does_not_allow(before: Decided, after: Decided) -> None:
    for line in newly_automatic(before, after, []):
        assert line in after.plan and line.disposition is Disposition.AUTOMATIC
    for line in newly_asked(before, after, []):
        assert line in after.plan and line.disposition is Disposition.ASK
    assert newly_automatic(after, after, []) == newly_asked(after, after, []) == []


def test_what_a_person_was_asked_is_not_done_over_their_head() -> None:
    held = judged(HIGH, *hold_plan([RESET, REVOKE], "too many"))
    assert newly_automatic(held, judged(HIGH, RESET, REVOKE), []) == []
    unsure = judged(MEDIUM, *hold_plan([RESET, REVOKE], "confidence is Medium"))
    assert newly_automatic(unsure, judged(HIGH, RESET, REVOKE), []) == [RESET, REVOKE]


def undo_of(action: ActionName, at: str = T1, by: str = "kim", **changes: Any) -> TakenBack:
    given = {"action": action, "target": "x", "at": at, "by": by, "comment": "it was the user"}
    return TakenBack.model_validate(given | changes)


def asked_again(before: Decided, after: Decided, undo: TakenBack) -> list[PlannedAction]:
    finished = [done(undo.action)]
    anew = ask_about_undone(after, [undo])
    assert newly_automatic(before, anew, finished, [undo]) == []
    return newly_asked(before, anew, finished, [undo])


def test_what_a_person_took_back_is_asked_when_the_attacker_is_seen_again() -> None:
    high = judged(HIGH, REVOKE)
    back = judged(HIGH, REVOKE, attacked_at=LATER)
    [line] = asked_again(high, back, undo_of(ActionName.REVOKE_SESSIONS))
    assert line.disposition is Disposition.ASK
    assert line.why.startswith("RevokeSessions was taken back by kim at 2026-11-20T12:00:05.000Z")
    assert "(it was the user)" in line.why
    before_it = judged(HIGH, REVOKE, attacked_at=T0)
    assert asked_again(high, before_it, undo_of(ActionName.REVOKE_SESSIONS)) == []


def test_one_undo_is_asked_about_once_unless_the_verdict_rises() -> None:
    undo = undo_of(ActionName.REVOKE_SESSIONS)
    back = judged(HIGH, REVOKE, attacked_at=LATER)
    answered = ask_about_undone(back, [undo])
    assert asked_again(answered, back, undo) == []
    medium = answered.model_copy(update={"verdict": judged(MEDIUM).verdict})
    assert len(asked_again(medium, back, undo)) == 1
    later = undo_of(ActionName.REVOKE_SESSIONS, "2026-11-20T12:30:00.000Z")
    assert len(asked_again(answered, back, later)) == 1


def test_a_block_that_expired_is_made_again_and_one_that_was_lifted_is_asked() -> None:
    high, back = judged(HIGH, BLOCK), judged(HIGH, BLOCK, attacked_at=LATER)
    over = undo_of(ActionName.BLOCK_IP, by=EXPIRY, target=ADDRESS)
    finished = [done(ActionName.BLOCK_IP)]
    assert ask_about_undone(back, [over]) == back
    assert newly_automatic(high, back, finished, [over]) == [BLOCK]
    assert newly_automatic(high, judged(HIGH, BLOCK, attacked_at=T0), finished, [over]) == []
    assert newly_automatic(high, back, finished, []) == [], "it is in force"
    lifted = undo_of(ActionName.BLOCK_IP, target=ADDRESS)
    assert len(asked_again(high, back, lifted)) == 1
    other = undo_of(ActionName.BLOCK_IP, target="198.51.100.9")
    assert asked_again(high, back, other) == []


@given(judgements, judgements, st.lists(st.sampled_from(list(ActionName)), max_size=4))
def test_nothing_that_a_person_took_back_is_automatic(
    before: Decided, after: Decided, names: list[ActionName]
) -> None:
    undone = [undo_of(name, target=ADDRESS) for name in names]
    anew = ask_about_undone(after, undone)
    for line in newly_automatic(before, anew, [done(name) for name in names], undone):
        assert line.action not in names


def test_what_a_person_is_asked_is_asked_on_though_it_would_be_done_now() -> None:
    ask = [line.model_copy(update={"disposition": Disposition.ASK}) for line in (RESET, REVOKE)]
    before, after = judged(HIGH, *ask), judged(HIGH, RESET, REVOKE, BLOCK)
    started = newly_automatic(before, after, [])
    assert started == [BLOCK]
    kept = keep_asking(before, after, started)
    assert [line.disposition for line in kept.plan] == ["ask", "ask", "automatic"]
    assert kept.plan[0].why == "asked before; test"

    risen = judged(MEDIUM, *ask)
    assert keep_asking(risen, after, newly_automatic(risen, after, [])) == after
