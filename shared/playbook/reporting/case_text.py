"""What people read about a case: ticket, message to analysts, comment on the incident.

Answer first, then reasons, then what to do. Everything is made from the record alone, so the same
record gives the same text. Source of the fields: seed 004, Incident_Creation_Notification.
"""

from collections.abc import Callable, Sequence

from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.case import CaseRecord, CaseStatus, OperatingMode
from shared.models.message import Notification, Ticket
from shared.models.next_step import NextStep
from shared.models.outcome import ActionStatus
from shared.models.plan import Disposition
from shared.playbook.intake.fields import one_line
from shared.playbook.planning.impact import Severity, ticket_severity
from shared.playbook.reporting.campaign_text import campaign_lines, campaign_links, campaign_title
from shared.playbook.reporting.case_view import CaseView
from shared.playbook.reporting.evidence_lines import evidence_lines
from shared.playbook.reporting.facts_text import main_facts, seed_fields
from shared.playbook.reporting.markdown import escape, is_plain_url, is_web_address
from shared.playbook.reporting.next_steps import escalations, hand_over, in_brief, in_lines
from shared.playbook.reporting.phases import URGENT, WHOLE_SUMMARY, WITH_WHY, phase_words
from shared.playbook.reporting.question_text import (
    ASKING,
    asking_lines,
    question_of,
    who_decided,
)
from shared.playbook.reporting.sla_lines import sla_lines
from shared.playbook.reporting.technique_text import technique_lines
from shared.playbook.reporting.tickets_kept import known_tickets
from shared.playbook.reporting.undo_lines import fate

TITLE_LIMIT = 160
"""ServiceNow's ``short_description``."""
DESCRIPTION_LIMIT = 4_000
"""ServiceNow's ``description`` unless an administrator made it longer."""
WORK_NOTE_LIMIT = 20_000
COMMENT_LIMIT = 29_000
"""Sentinel refuses comments above 30,000 characters."""
MOST_REASONS, MOST_STEPS, MOST_LINES = 8, 12, 40

_LINK_WORDS = (("decision", "Decide"), ("report", "Report"), ("status", "Case record"))


def ticket_for(record: CaseRecord | Json, *, phase: str = "opened", why: str = "") -> Ticket:
    """Return the case's ticket; the work note carries the state of this phase, and ``why``."""
    view = CaseView(record)
    sections = _sections(view)
    head = phase_words(phase) + (f": {one_line(why, 500)}" if why else "")
    note = f"{head}\n\n{_join(sections, WORK_NOTE_LIMIT)}"
    return Ticket(
        correlation_id=view.record.case_id,
        title=_title(view),
        description=_join(_sections(view, in_brief), DESCRIPTION_LIMIT),
        severity=_severity(view),
        work_note=note[:WORK_NOTE_LIMIT],
    )


def notification_for(record: CaseRecord | Json, phase: str, *, why: str = "") -> Notification:
    """Return the message to analysts for a phase.

    ``opened``, ``decision_needed``, ``decided``, ``completed``, ``not_held``, ``undone``; with
    ``why``, what is new: ``reminder``, ``escalated``, ``second_needed``, ``block_later``; with the
    whole summary (``why`` says the cause): ``emergency``, the ticket could not be written (seed
    004, block 8), and ``broke_off``, the response itself failed.
    """
    view = CaseView(record)
    urgent = phase in URGENT or view.confidence == "High" or bool(_failed(view))
    summary = " ".join(_answer(view))
    if phase == "paused":
        summary = f"{one_line(why, 300).capitalize()}. The first case that waits: {summary}"
    about = campaign_title(view) if phase == "campaign" else _title(view)
    if phase == "campaign":
        summary = f"{one_line(why, 500)}. Look at them together; the latest: {summary}"
    if why and phase in ASKING | WITH_WHY:
        summary = f"{one_line(why, 500).capitalize()}. {summary}"
    if phase == "not_held":
        summary = f"A sign-in succeeded after containment: contain by hand now. {summary}"
    if phase in WHOLE_SUMMARY:
        what = _ticket_words(view)[1] if phase == "emergency" else "Take over by hand"
        reason = f" ({one_line(why, 200)})" if why else ""
        summary = f"{what}{reason}; this is the whole case. {summary}"
        lines = [line for line in _join(_sections(view), WORK_NOTE_LIMIT).split("\n") if line]
    else:
        lines = [*view.reasons(5), *in_brief(hand_over(record)[:6])]
        lines = [f"Asked: {line}" for line in _asked(view)] + lines
    words = _ticket_words(view)[0] if phase == "emergency" else phase_words(phase)
    return Notification(
        case_id=view.record.case_id,
        title=one_line(f"{words}: {about}", TITLE_LIMIT),
        summary=one_line(summary, 1_000),
        facts=main_facts(view),
        lines=lines[: 200 if phase in WHOLE_SUMMARY else MOST_LINES],
        links=[
            *(campaign_links(view) if phase == "campaign" else []),
            *_links(view, with_decision=phase in ASKING),
        ],
        urgent=urgent,
        question=question_of(view) if phase in ASKING else None,
    )


def incident_comment_for(record: CaseRecord | Json) -> str:
    """Return the comment on the SIEM's incident, in Markdown with everything from logs escaped."""
    view = CaseView(record)
    answer, *others = _sections(view)
    parts = [f"**{escape(_title(view))}**", *(f"{escape(line)}  " for line in answer[1])]
    for heading, lines in others:
        if heading == "LINKS":
            continue
        parts += ["", f"**{heading.capitalize()}**", ""]
        bullet = "" if heading == "NEXT STEPS" else "- "
        parts += [bullet + escape(line) for line in lines]
    # Signed decision links stay out: everyone who can read the incident can read its comments.
    links = [f"[{label}]({url})" for label, url in _links(view) if is_plain_url(url)]
    footer = ["", " | ".join(links)] if links else []
    return _cut("\n".join(parts), COMMENT_LIMIT - sum(map(len, footer)) - 100) + "\n".join(
        ["", *footer]
    )


def _ticket_words(view: CaseView) -> tuple[str, str]:
    """Return the title and the sentence of a message about a ticket that nobody takes."""
    known = known_tickets(view.record.to_json()).values()
    if not known:
        return phase_words("emergency"), "The ticket could not be written"
    numbers = " and ".join(str(one["ticket_id"]) for one in known)
    return f"TICKET {numbers} NOT COMPLETED", f"Ticket {numbers} could not be completed"


def _title(view: CaseView) -> str:
    sure = f"{view.confidence} confidence of" if view.confidence else "Possible"
    origin = f" from {view.address}" if view.address else ""
    return one_line(f"{sure} compromise: {view.who} ({view.attack}{origin})", TITLE_LIMIT)


def _severity(view: CaseView) -> Severity:
    """High confidence, a failed action, or a sensitive account: High. Impact makes it louder."""
    given = view.confidence or view.record.incident.get("severity")
    return "High" if _failed(view) else ticket_severity(given, view.kinds)


def _failed(view: CaseView) -> list[str]:
    failed = [one for one in view.outcomes(ActionStatus.FAILED) if not one.elsewhere]
    return [f"{one.action} on {one.target}" for one in failed] + [
        f"{one.action} on {one.target}"
        for one in view.outcomes(ActionStatus.SUCCEEDED)
        if one.verified is False
    ]


def _asked(view: CaseView) -> list[str]:
    if view.record.decision is not None:
        return []
    asked = view.planned(Disposition.ASK)
    return [one_line(f"{line.action} on {line.target} ({line.why})", 300) for line in asked]


def _answer(view: CaseView) -> list[str]:
    """Return the answer: how sure, what was done, what failed, what is waited for."""
    verdict = view.record.verdict
    if verdict is None:
        lines = [f"It is not known yet whether {view.who} is compromised; facts are gathered."]
    else:
        lines = [
            f"{view.confidence} confidence ({verdict.score} of 100) that {view.who} is "
            f"compromised, with {verdict.completeness:.0%} of the critical inputs known."
        ]
    lines += fate(view)
    if failed := _failed(view):
        lines.append(f"FAILED, do by hand now: {', '.join(failed)}.")
    for one in view.outcomes(ActionStatus.FAILED):
        if one.elsewhere:
            lines.append(f"FAILED: {one.action} on {one.target}: {view.text(one.detail)}.")
    done = [
        f"{one.action} on {one.target}" + (" (verified)" if one.verified else "")
        for one in view.outcomes(ActionStatus.SUCCEEDED)
        if one.verified is not False
    ]
    if done:
        lines.append(f"Done: {', '.join(done)}.")
    elif view.record.mode is OperatingMode.OBSERVE:
        lines.append("Observe mode: nothing was changed.")
    elif not failed and not view.record.undos:
        lines.append("Nothing was changed so far.")
    decision = view.record.decision
    if decision is not None:
        comment = f" ({view.text(decision.comment)})" if decision.comment else ""
        chosen = ", ".join(decision.actions)
        lines.append(f"Decided by {who_decided(decision)}: {chosen}{comment}.")
    elif view.record.status is CaseStatus.AWAITING_DECISION:
        lines.append(f"WAITING FOR A DECISION: {', '.join(_asked(view)) or 'see the case'}.")
        lines += asking_lines(view)
    return lines


def _sections(
    view: CaseView, told: Callable[[Sequence[NextStep]], list[str]] = in_lines
) -> list[tuple[str, list[str]]]:
    """Return headings with their lines; earlier sections survive when the text has to be cut.

    ``told`` says how much of a next step is told.
    """
    steps = told(hand_over(view.record)[:MOST_STEPS])
    incident = view.record.incident
    about = [
        f"Case {view.record.case_id}, {view.record.status}, mode {view.record.mode}",
        f"Incident: {view.text(incident.get('title'))} ({view.text(incident.get('number'))})",
    ]
    links = [f"{label}: {url}" for label, url in _links(view)]
    sections = [
        ("ANSWER", _answer(view)),
        ("DETAILS", [f"{name}: {value}" for name, value in seed_fields(view)]),
        ("ACTIONS", view.done_lines()),
        ("WHAT IS MISSING", [line for _name, line in view.troubled_blocks()]),
        ("NEXT STEPS", [f"{number}. {step}" for number, step in enumerate(steps, 1)]),
        ("WHY", view.reasons(MOST_REASONS)),
        ("WHAT WOULD CHANGE THIS VERDICT", view.what_would_change),
        ("IMPACT", view.impact),
        ("MITRE ATT&CK", technique_lines(view)),
        ("ESCALATION", escalations(view.record)),
        ("SERVICE LEVELS", sla_lines(view)),
        ("HIT FROM THE SAME ADDRESS", campaign_lines(view)),
        ("JOINED INCIDENTS", view.joined_lines()),
        ("EVIDENCE", evidence_lines(view.record)),
        ("CASE", about),
        ("LINKS", links),
    ]
    return [
        (heading, [one_line(one, 2_500) for one in lines]) for heading, lines in sections if lines
    ]


def _links(view: CaseView, *, with_decision: bool = False) -> list[tuple[str, str]]:
    links = [
        (label, view.record.links[name])
        for name, label in _LINK_WORDS
        if name in view.record.links and (with_decision or name != "decision")
    ]
    block = view.record.blocks.get(BlockName.NOTIFICATION)
    ticket = block.details.get("ticket_url") if block is not None else None
    for label, url in (("Ticket", ticket), ("Incident", view.record.incident.get("url"))):
        if isinstance(url, str) and is_web_address(url):
            links.append((label, url))
    return links


def _join(sections: list[tuple[str, list[str]]], limit: int) -> str:
    texts = ["\n".join([heading, *lines]) for heading, lines in sections]
    return _cut("\n\n".join(texts), limit)


def _cut(text: str, limit: int) -> str:
    mark = "\n... (cut; the report has everything)"
    return text if len(text) <= limit else text[: limit - len(mark)].rstrip() + mark
