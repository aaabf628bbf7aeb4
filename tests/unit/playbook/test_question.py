"""What silence means, how a question reads, and who gets no mail about it."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models.account_kind import AccountKind
from shared.models.asked import Asked
from shared.models.base import format_utc
from shared.models.message import Notification
from shared.models.plan import ActionName, Decision, Disposition
from shared.models.policy import MAY_BE_AUTOMATIC, Asking
from shared.models.verdict import Confidence
from shared.playbook.planning.decided import Decided
from shared.playbook.planning.silence import needs_two, on_silence, permitted_on_silence
from shared.playbook.reporting.case_text import incident_comment_for, notification_for, ticket_for
from shared.playbook.reporting.question_text import waiting_words
from shared.playbook.reporting.recipients import without_the_account
from tests.support.scripts import decided, plan_line
from tests.unit.playbook.records import planned, record

AT = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
ACTS = Asking(on_silence={Confidence.HIGH: [ActionName.REVOKE_SESSIONS, ActionName.BLOCK_IP]})


def asked(**changes: Any) -> Asked:
    return Asked.model_validate({"at": AT, "answer_by": AT + timedelta(hours=1)} | changes)


def first() -> Decision:
    given = {"actions": ["RevokeSessions"], "decided_by": "kim", "decided_at": AT, "comment": "odd"}
    return Decision.model_validate(given)


def waiting(**changes: Any) -> dict[str, Any]:
    plan = [planned("RevokeSessions", "ask")]
    link = "https://soc.example/api/cases/x/decision?token=1.2.abc"
    return record(
        status="awaiting_decision",
        plan=plan,
        actions=[],
        links={"decision": link},
        asked=asked(**changes).to_json(),
    )


@pytest.mark.parametrize(
    "kinds",
    [set(), {AccountKind.BREAK_GLASS}, {AccountKind.BREAK_GLASS, AccountKind.VIP}],
    ids=["not known", "break-glass", "break-glass and VIP"],
)
def test_silence_does_nothing_to_what_may_be_break_glass(kinds: Collection[AccountKind]) -> None:
    assert permitted_on_silence(ACTS, kinds, Confidence.HIGH) == []


def test_silence_does_what_the_policy_says_at_this_confidence() -> None:
    ordinary = {AccountKind.ORDINARY}
    assert permitted_on_silence(ACTS, ordinary, Confidence.HIGH) == [
        ActionName.REVOKE_SESSIONS,
        ActionName.BLOCK_IP,
    ]
    assert permitted_on_silence(ACTS, ordinary, Confidence.MEDIUM) == []
    assert permitted_on_silence(Asking(), ordinary, Confidence.HIGH) == []


def test_nobody_is_not_two_people() -> None:
    both = ACTS.model_copy(update={"two_persons": [AccountKind.VIP]})
    assert needs_two(both, {AccountKind.VIP, AccountKind.PRIVILEGED})
    assert not needs_two(both, {AccountKind.ORDINARY})
    assert permitted_on_silence(both, {AccountKind.VIP}, Confidence.HIGH) == []


lines = st.lists(
    st.builds(plan_line, st.sampled_from(sorted(MAY_BE_AUTOMATIC)), st.sampled_from(Disposition)),
    max_size=6,
)


@given(lines, st.lists(st.sampled_from(sorted(ActionName)), max_size=6))
def test_silence_is_never_more_than_what_is_asked_and_permitted(
    plan: list[Any], permitted: list[ActionName]
) -> None:
    judged = Decided.model_validate(decided(Confidence.HIGH, plan) | {"on_silence": permitted})
    done = on_silence(judged)
    to_ask = {line.action for line in plan if line.disposition is Disposition.ASK}
    assert done == [ActionName.MONITOR_ONLY] or set(done) <= to_ask & set(permitted)
    assert done


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (timedelta(minutes=15), "nobody has answered for 15 minutes; 45 minutes left"),
        (timedelta(minutes=59), "nobody has answered for 59 minutes; 1 minute left"),
        (timedelta(minutes=61), "nobody has answered for 61 minutes; 0 minutes left"),
    ],
)
def test_a_reminder_says_how_long_is_left(now: timedelta, said: str) -> None:
    words = waiting_words(asked(), AT + now)
    assert words.startswith(said)
    assert words.endswith("until 2026-11-20 02:00 UTC; then nothing is done, only monitored")


def test_a_reminder_says_what_silence_does() -> None:
    words = waiting_words(asked(on_silence=["RevokeSessions", "BlockIP"]), AT)
    assert words.endswith("then RevokeSessions, BlockIP by policy")
    far = asked(answer_by=AT + timedelta(days=9), first_answer=first())
    assert waiting_words(far, AT + timedelta(hours=5)).startswith(
        "no second person answered for 5 hours; 9 days left"
    )


@pytest.mark.parametrize("phase", ["reminder", "escalated", "second_needed"])
def test_who_is_told_again_reads_who_what_and_how_long(phase: str) -> None:
    why = waiting_words(asked(), AT + timedelta(minutes=15))
    message: Notification = notification_for(waiting(), phase, why=why)
    assert message.urgent
    assert "ann@contoso.com" in message.title
    assert "45 minutes left" in message.summary
    assert "RevokeSessions on ann@contoso.com" in message.summary
    assert message.question is not None and message.question.token == "1.2.abc"
    assert "Decide" in dict(message.links)
    note = ticket_for(waiting(), phase=phase, why=why).work_note
    assert "45 minutes left" in note.splitlines()[0]


@pytest.mark.parametrize("phase", ["decided", "overtaken"])
def test_a_message_that_is_over_does_not_ask(phase: str) -> None:
    message = notification_for(waiting(), phase)
    assert message.question is None and "Decide" not in dict(message.links)


def test_the_first_of_two_persons_is_named_everywhere() -> None:
    case = waiting(two_persons=True, first_answer=first())
    said = "kim has chosen RevokeSessions (odd); a second, different person has to confirm it"
    for text in (
        notification_for(case, "reminder").summary,
        ticket_for(case).description,
        incident_comment_for(case).replace("\\", ""),
    ):
        assert said in text
    alone = notification_for(waiting(two_persons=True), "decision_needed").summary
    assert "Two different people have to choose the same" in alone


def test_both_persons_are_named_when_it_is_decided() -> None:
    decision = first().to_json() | {"confirmed_by": "ana", "decided_at": format_utc(AT)}
    case = record(decision=decision)
    assert "Decided by kim, confirmed by ana: RevokeSessions" in ticket_for(case).description


@pytest.mark.parametrize(
    "address",
    [
        "ann@contoso.com",
        "ANN@Contoso.com",
        "ann+soc@contoso.com",
        "Ann Archer <ann@contoso.com>",
        "ann@corp.example",
    ],
)
def test_the_account_gets_no_mail_about_itself(address: str) -> None:
    also = {"details": {"also_in": [{"user_principal_name": "ann@corp.example"}]}}
    case = record() | {"blocks": {"AD_User_Enrichment": also}}
    assert without_the_account([address, "soc@contoso.com"], case) == ["soc@contoso.com"]
    assert without_the_account([address], case) == []


@pytest.mark.parametrize("other", ["joann@contoso.com", "ann@contoso.com.example", "ann@other.com"])
def test_others_get_it(other: str) -> None:
    assert without_the_account([other, other], record()) == [other]
    assert without_the_account([other], {"account": None}) == [other]
