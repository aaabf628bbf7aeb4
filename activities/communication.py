"""Telling people: channels, and the comment on the incident."""

from dataclasses import dataclass
from typing import Any

from durabletask import task

from activities.audience import EMERGENCY, SECOND_LINE, Audience, audience_of
from activities.record import note_in_record
from activities.support import explain, gather_parts, read_record, utc_now
from shared.bootstrap import get_providers
from shared.errors import NotConfigured, RetryableError, TourniquetError
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.measurement import Measurement, Metric
from shared.models.message import Notification, NotificationReceipt
from shared.playbook.reporting.case_text import incident_comment_for
from shared.playbook.reporting.channels import (
    CHANGES,
    EMAIL,
    PAGERDUTY,
    message_for,
    reference_of,
    with_open_question,
)
from shared.playbook.reporting.told import SENT, STATUS, told_state
from shared.telemetry import measure

CAN_CHANGE = frozenset({"slack"})
"""Channels whose messages can be changed once they are sent; a mail is sent for good."""
_LAST_RESORT = frozenset({"emergency", "broke_off", "paused"})
"""Phases in which nobody learns of the case by another way."""
_OWN_MAILBOX = "not sent: the only recipient is the account that the case is about"
_NOBODY = {"channels": {"none": "no channel is configured"}, "references": {}, "states": {}}
_UNHEARD = _NOBODY | {"channels": {"none": "not sent: no channel that is configured hears of it"}}


async def notify_analysts(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Tell the analysts on every channel that hears of the phase; in an emergency by e-mail.

    A case has one message on each channel: a later phase changes it where a channel can, and is a
    note in its thread; mails are one conversation. An escalation goes to the second line that the
    policy names; when none of its channels takes it, the first line is told in its place, and an
    emergency that no mail brings goes out by every other channel. Nothing goes to the mailbox of
    the account that the case is about: whoever is in it must not read along, or answer.

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
    told = await _tell(audience_of(phase), phase, why, earlier, record)
    if not told.given_to:
        return _UNHEARD
    if in_place := told.audience.in_place(told.took, told.given_to):
        others = await _tell(in_place, phase, why, earlier, record)
        told = _together(told, others) if others.given_to else told
    if phase in _LAST_RESORT and not told.took:
        reasons = (f"{channel}: {word}" for channel, word in told.words.items())
        raise RetryableError("; ".join(reasons), operation="notify_analysts")
    outputs = {"outputs": {STATUS: told.states}}
    await note_in_record(payload["case_id"], {"blocks": {BlockName.NOTIFICATION: outputs}})
    return {"channels": told.words, "references": told.references, "states": told.states}


@dataclass(frozen=True)
class _Told:
    """What became of a message to an audience."""

    audience: Audience
    given_to: list[str]
    """The channels."""
    took: list[str]
    """Those of them that took it."""
    words: dict[str, str]
    """By channel ``sent``, or what went wrong."""
    references: dict[str, str]
    states: Json


async def _tell(
    audience: Audience, phase: str, why: str, earlier: dict[str, str], record: Json
) -> _Told:
    notifiers = audience.channels(earlier, record)
    message = message_for(record, phase, why)
    messages = {
        one.channel: _made(message, one.channel, audience, earlier, record) for one in notifiers
    }
    parts = await gather_parts(
        {
            one.channel: one.notify(wanted)
            for one in notifiers
            if (wanted := messages[one.channel]) is not None
        }
    )
    parts.notes += [f"{name}: {_OWN_MAILBOX}" for name, one in messages.items() if one is None]
    words = dict.fromkeys(parts.results, SENT)
    for note in parts.notes + (audience.notes if notifiers else []):
        channel, _colon, reason = note.partition(": ")
        words[channel] = reason
    references = {
        channel: receipt.reference
        for channel, receipt in parts.results.items()
        if channel in CAN_CHANGE and receipt.reference
    }
    states = {
        _name(channel, audience, messages.get(channel), record): told_state(
            word, utc_now(), phase=phase, reference=_kept(parts[channel], messages.get(channel))
        )
        for channel, word in words.items()
    }
    return _Told(audience, list(messages), list(parts.results), words, references, states)


def _together(first: _Told, second: _Told) -> _Told:
    """Return what became of a message that others got in place of those whom it did not reach."""
    named = {channel + first.audience.suffix: word for channel, word in first.words.items()}
    return _Told(
        second.audience,
        first.given_to + second.given_to,
        first.took + second.took,
        named | second.words,
        first.references | second.references,
        first.states | second.states,
    )


def _made(
    message: Notification, channel: str, audience: Audience, earlier: Json, record: Json
) -> Notification | None:
    """Return the message for a channel: for whom, and which earlier one it changes or answers."""
    phase, known = audience.phase, None
    if phase != EMERGENCY:
        known = reference_of(record, channel + audience.suffix)
    reference = earlier.get(channel) or known
    if phase == "overtaken":
        if reference == known:
            # The case's own message goes on with the question that is open now.
            asks = record.get("asked") and not record.get("decision")
            message = message_for(record, "decision_needed" if asks else "opened")
        message = message.model_copy(update={"quiet": True})
    if channel in CAN_CHANGE and reference == known and known is not None:
        message = with_open_question(message, record, phase)
    made = audience.addressed(message, channel, record)
    return made and made.model_copy(update={"reference": reference})


def _name(channel: str, audience: Audience, message: Notification | None, record: Json) -> str:
    """Return the name under which the record keeps what became of a message.

    A case has one page, whoever it wakes.
    """
    if channel == PAGERDUTY:
        return channel
    if audience.phase in CHANGES and message is not None:
        own = message.reference == (reference_of(record, channel) or message.reference)
        return channel if own else channel + SECOND_LINE
    return channel + audience.suffix


def _kept(receipt: NotificationReceipt | None, message: Notification | None) -> str | None:
    """Return the id of the message that later ones change or answer: of mails it is the first."""
    if receipt is None:
        return None
    if receipt.channel == EMAIL and message is not None and message.reference:
        return message.reference
    return receipt.reference


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
