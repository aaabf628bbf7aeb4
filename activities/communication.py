"""Telling people: channels, and the comment on the incident."""

from typing import Any

from durabletask import task

from activities.record import note_in_record
from activities.support import explain, gather_parts, read_record, utc_now
from shared.bootstrap import get_providers
from shared.errors import NotConfigured, RetryableError, TourniquetError
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.measurement import Measurement, Metric
from shared.models.message import Notification, NotificationReceipt
from shared.models.policy import Escalation
from shared.playbook.reporting.case_text import incident_comment_for
from shared.playbook.reporting.channels import (
    CHANGES,
    EMAIL,
    PAGERDUTY,
    hears,
    message_for,
    reference_of,
    with_open_question,
)
from shared.playbook.reporting.recipients import without_the_account
from shared.playbook.reporting.told import SENT, STATUS, told_state
from shared.policy import decides_in_slack, get_policy
from shared.ports import Notifier
from shared.settings import get_settings
from shared.telemetry import measure

CAN_CHANGE = frozenset({"slack"})
"""Channels whose messages can be changed once they are sent; a mail is sent for good."""
_LAST_RESORT = frozenset({"emergency", "broke_off", "paused"})
"""Phases in which nobody learns of the case by another way."""
_SECOND_LINE = " (second line)"
_TO_SECOND_LINE = frozenset({"escalated", "escalated_l2", "sla_missed"})
_OWN_MAILBOX = "not sent: the only recipient is the account that the case is about"
_NOBODY = {"channels": {"none": "no channel is configured"}, "references": {}, "states": {}}
_UNHEARD = _NOBODY | {"channels": {"none": "not sent: no channel that is configured hears of it"}}


async def notify_analysts(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Tell the analysts on every channel that hears of the phase; in an emergency only by e-mail.

    A case has one message on each channel: a later phase changes it where a channel can, and is a
    note in its thread; mails are one conversation. An escalation goes to the second line that the
    policy names. Nothing goes to the mailbox of the account that the case is about: whoever is in
    it must not read along, or answer.

    Input: ``{"case_id", "phase"}`` with phase ``opened``, ``decision_needed``, ``completed``,
    ``containment_failed``, ``not_held``, ``undone``, ``emergency``, ``broke_off`` or
    ``paused``. The last three come with ``why`` and ``record``, and fail when no channel took the
    message, to be tried again. ``reminder``, ``escalated``, ``second_needed``, ``campaign``,
    ``acknowledged``, ``closed``, ``sla_warning``, ``sla_missed``, ``escalated_l2`` and
    ``escalated_irt`` come with ``why``.
    ``decided`` and ``overtaken`` come with ``references`` of the question and change those
    messages. Output ``{"channels": {channel: "sent" or what went wrong}, "references": {channel:
    its id}, "states": {channel: its state as in the record}}``.

    Effect: one message per channel or a change of it; its page is triggered, acknowledged or
    resolved; the record says what became of each.
    Idempotency: e-mail carries a message id made from the content, PagerDuty the case id, and a
    change is the same twice; Slack has no such key, so a worker that dies between sending and
    reporting can double a Slack message or note, and so can Graph a mail.
    Permission: Slack chat:write; an SMTP account, Mail.Send or Azure Communication Services.
    """
    phase, why = payload["phase"], payload.get("why", "")
    if phase == "paused":
        # Again with each try to tell the SOC: what is told late is still paused.
        measure(Measurement(Metric.BREAKER_CHANGES, 1.0, {"change": "tripped"}))
    earlier: dict[str, str] = payload.get("references") or {}
    if not get_providers().notifiers:
        return _NOBODY
    record = await read_record(payload)
    notifiers = _channels(phase, earlier, record)
    if not notifiers:
        return _UNHEARD
    message = message_for(record, phase, why)
    messages = {
        one.channel: _made(message, one.channel, phase, earlier, record) for one in notifiers
    }
    parts = await gather_parts(
        {
            one.channel: one.notify(wanted)
            for one in notifiers
            if (wanted := messages[one.channel]) is not None
        }
    )
    parts.notes += [f"{name}: {_OWN_MAILBOX}" for name, one in messages.items() if one is None]
    parts.notes += _not_called(phase)
    if phase in _LAST_RESORT and not parts.results:
        raise RetryableError("; ".join(parts.notes), operation="notify_analysts")
    words = dict.fromkeys(parts.results, SENT)
    for note in parts.notes:
        channel, _colon, reason = note.partition(": ")
        words[channel] = reason
    references = {
        channel: receipt.reference
        for channel, receipt in parts.results.items()
        if channel in CAN_CHANGE and receipt.reference
    }
    states = {
        _name(channel, phase, messages.get(channel), record): told_state(
            word, utc_now(), phase=phase, reference=_kept(parts[channel], messages.get(channel))
        )
        for channel, word in words.items()
    }
    told = {"blocks": {BlockName.NOTIFICATION: {"outputs": {STATUS: states}}}}
    await note_in_record(payload["case_id"], told)
    return {"channels": words, "references": references, "states": states}


def _channels(phase: str, earlier: Json, record: Json) -> list[Notifier]:
    """Return the channels that a phase is told on."""
    notifiers = get_providers().notifiers
    hearing = [
        one for one in notifiers if one.channel in earlier or hears(one.channel, phase, record)
    ]
    if phase == "emergency":
        return [one for one in hearing if one.channel == "email"] or hearing or notifiers
    if (line := _line(phase)) is not None:
        return [one for one in hearing if one.channel in {*line.channels, PAGERDUTY}]
    return hearing


def _made(
    message: Notification, channel: str, phase: str, earlier: Json, record: Json
) -> Notification | None:
    """Return the message for a channel: for whom, and which earlier one it changes or answers."""
    known = None
    if phase != "emergency":
        known = reference_of(record, channel + _elsewhere(phase))
    reference = earlier.get(channel) or known
    if phase == "overtaken":
        if reference == known:
            # The case's own message goes on with the question that is open now.
            asks = record.get("asked") and not record.get("decision")
            message = message_for(record, "decision_needed" if asks else "opened")
        message = message.model_copy(update={"quiet": True})
    if channel in CAN_CHANGE and reference == known and known is not None:
        message = with_open_question(message, record, phase)
    made = _addressed(message, channel, phase, record)
    return made and made.model_copy(update={"reference": reference})


def _name(channel: str, phase: str, message: Notification | None, record: Json) -> str:
    """Return the name under which the record keeps what became of a message.

    A case has one page, whoever it wakes.
    """
    if channel == PAGERDUTY:
        return channel
    if phase in CHANGES and message is not None:
        own = message.reference == (reference_of(record, channel) or message.reference)
        return channel if own else channel + _SECOND_LINE
    return channel + _elsewhere(phase)


def _kept(receipt: NotificationReceipt | None, message: Notification | None) -> str | None:
    """Return the id of the message that later ones change or answer: of mails it is the first."""
    if receipt is None:
        return None
    if receipt.channel == EMAIL and message is not None and message.reference:
        return message.reference
    return receipt.reference


def _addressed(
    message: Notification, channel: str, phase: str, record: Json
) -> Notification | None:
    """Return the message as addressed on a channel; ``None`` when nobody may get it there."""
    line = _line(phase)
    if channel == "slack" and not decides_in_slack(get_settings()):
        message = message.model_copy(update={"question": None})
    if channel == "slack" and line is not None:
        return message.model_copy(update={"place": line.slack_channel})
    if channel != "email":
        return message
    listed = line.mail_to if line is not None else get_settings().soc_mail_to
    recipients = without_the_account(listed, record)
    if listed and not recipients:
        return None
    return message.model_copy(update={"recipients": recipients})


def _line(phase: str) -> Escalation | None:
    """Return who is called in a phase; ``None``: those who hear of every case.

    So they do in place of a line that no configured channel reaches, and of what was missed
    without a second line to call.
    """
    line = _named_line(phase)
    return None if line is None or _not_called(phase) else line


def _named_line(phase: str) -> Escalation | None:
    policy = get_policy()
    second = policy.asking.escalation
    if phase == "escalated_irt":
        return policy.sla.irt
    if phase not in _TO_SECOND_LINE or (phase == "sla_missed" and not second.reaches_anybody):
        return None
    return second


def _not_called(phase: str) -> list[str]:
    """Return the note that the line of a phase was not called, if no channel reaches it."""
    line = _named_line(phase)
    configured = {one.channel for one in get_providers().notifiers}
    if line is None or not line.reaches_anybody or configured & set(line.channels):
        return []
    who = "response team" if phase == "escalated_irt" else "second line"
    where = " and ".join(line.channels)
    return [f"{who}: not sent: the policy names {where}, not configured here; first line told"]


def _elsewhere(phase: str) -> str:
    """Return how the record tells messages apart that are not those to the SOC."""
    if phase == "emergency" or _line(phase) is None:
        return " (emergency)" if phase == "emergency" else ""
    return " (response team)" if phase == "escalated_irt" else _SECOND_LINE


async def comment_incident(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Write the case's state as a comment on the SIEM's incident (seed ``post_case_comment``).

    Input: ``{"case_id", "phase"}``, with ``incident_ids`` for other incidents than the case's own;
    output ``{"key"}``, ``{"skipped"}`` or ``{"error"}``.

    Effect: one comment per incident, case and phase.
    Idempotency: the comment's id is derived from case and phase, so writing again replaces it.
    Permission: Microsoft Sentinel Responder, or Chronicle API Editor (``roles/chronicle.editor``).
    """
    record = await read_record(payload)
    wanted = payload.get("incident_ids") or [record["incident"]["incident_id"]]
    siem = get_providers().siem
    incident_ids = [
        one for one in dict.fromkeys(wanted) if siem is None or siem.takes_comments_on(one)
    ]
    if not incident_ids:
        return {"skipped": "the case does not come from an incident that takes comments"}
    key = f"{payload['case_id']}:{payload['phase']}"
    try:
        siem = get_providers().require("siem")
        text = incident_comment_for(record)
        for incident_id in incident_ids:
            await siem.comment_on_incident(incident_id, key=key, text=text)
    except RetryableError:
        raise
    except (TourniquetError, NotConfigured) as error:
        return {"error": explain(error)}
    return {"key": key}
