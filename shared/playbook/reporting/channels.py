"""Which channel hears of what, how loudly, and what wakes somebody."""

from typing import Literal

from shared.models.account_kind import AccountKind
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.case import CaseStatus
from shared.models.message import Notification
from shared.playbook.intake.fields import one_line
from shared.playbook.reporting.case_text import notification_for
from shared.playbook.reporting.case_view import CaseView
from shared.playbook.reporting.phases import OF_THEIR_OWN, URGENT, WHOLE_SUMMARY
from shared.playbook.reporting.question_text import ASKING
from shared.playbook.reporting.sla_lines import sla_brief
from shared.playbook.reporting.told import STATUS

type Paging = Literal["trigger", "acknowledge", "resolve"]

SLACK, TEAMS, EMAIL, PAGERDUTY = "slack", "teams", "email", "pagerduty"
CHANGES = frozenset({"decided", "overtaken"})
"""Phases that change messages that are there, and tell nobody anew who has none."""
START_AND_END = frozenset({"opened", "decision_needed", "completed"})
QUIET = CHANGES | {"acknowledged", "closed"}
"""Phases that are worth no mail: whoever did it knows, and the case says it."""
WAKING = frozenset(
    {
        "paused",
        "containment_failed",
        "not_held",
        "broke_off",
        "escalated",
        "escalated_l2",
        "escalated_irt",
        "sla_missed",
    }
)
"""Phases in which somebody has to act now, whatever the hour."""
TAKEN = frozenset({"acknowledged", "decided"})
NEEDS_A_PERSON = ASKING | {"opened"}


def message_for(record: Json, phase: str, why: str = "") -> Notification:
    """Return the message of a phase, with what each kind of channel needs to know of it."""
    message = notification_for(record, phase, why=why)
    update: Json = {"alert": phase in URGENT, "wake": paging(record, phase)}
    if kept := sla_brief(CaseView(record)):
        update["facts"] = [*message.facts, ("Service levels", kept)]
    if phase not in WHOLE_SUMMARY | OF_THEIR_OWN:
        update["subject"] = mail_subject(record)
    if why and phase in ("acknowledged", "closed"):
        update["summary"] = one_line(f"{one_line(why, 500)}. {message.summary}", 1_000)
    return message.model_copy(update=update)


def with_open_question(message: Notification, record: Json, phase: str) -> Notification:
    """Return a change of the case's message: it goes on asking what nobody has answered yet."""
    waits = record.get("status") == CaseStatus.AWAITING_DECISION and not record.get("decision")
    if not waits or phase in ASKING or phase == "decided":
        return message
    asking = notification_for(record, "decision_needed")
    return message.model_copy(update={"question": asking.question, "links": asking.links})


def hears(channel: str, phase: str, record: Json) -> bool:
    """Return whether a channel is told of a phase.

    Slack changes its message, so it is told of everything. What a Teams webhook has posted cannot
    be changed: one card at the start, one at hand-over, and one each time that somebody has to act.
    A mail is sent for good, too, but it stays in its conversation. PagerDuty only wakes.
    """
    match channel:
        case "teams":
            return phase in START_AND_END | URGENT
        case "email":
            return phase not in QUIET
        case "pagerduty":
            return paging(record, phase) is not None
        case _:
            return phase not in CHANGES or reference_of(record, channel) is not None


def paging(record: Json, phase: str) -> Paging | None:
    """Return what becomes of the case's page.

    It is triggered when the breaker has tripped, a containment failed or did not hold, the response
    broke off, nobody answered in time, a break-glass account is suspected, or a High verdict waits
    for a person. Whoever takes the case or decides acknowledges it; closing resolves it.
    """
    if phase == "closed":
        return "resolve"
    if phase in TAKEN:
        return "acknowledge" if reference_of(record, PAGERDUTY) else None
    if phase in WAKING:
        return "trigger"
    view = CaseView(record)
    suspected = AccountKind.BREAK_GLASS in view.kinds and phase in NEEDS_A_PERSON
    waits = view.confidence == "High" and phase in ASKING
    return "trigger" if suspected or waits else None


def mail_subject(record: Json) -> str:
    """Return what every mail of the case is called: mail programs keep it together by that."""
    return one_line(f"Account compromise: {CaseView(record).who} [{record['case_id']}]", 160)


def reference_of(record: Json, channel: str) -> str | None:
    """Return a channel's own id of the message that the case has there, if it has one."""
    block: Json = (record.get("blocks") or {}).get(BlockName.NOTIFICATION) or {}
    known = ((block.get("outputs") or {}).get(STATUS) or {}).get(channel)
    return (known.get("reference") or None) if isinstance(known, dict) else None
