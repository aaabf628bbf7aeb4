"""Telling people: ticket, channels, and the comment on the incident."""

from typing import Any

from durabletask import task

from activities.support import explain, gather_parts
from shared.bootstrap import get_providers
from shared.errors import NotConfigured, RetryableError, TourniquetError
from shared.models.base import Json
from shared.models.message import NotificationReceipt
from shared.playbook.reporting.case_text import incident_comment_for, notification_for, ticket_for

CAN_CHANGE = frozenset({"slack"})
"""Channels whose messages can be changed once they are sent; a mail is sent for good."""
_LAST_RESORT = frozenset({"emergency", "broke_off"})
"""Phases in which nobody learns of the case by another way."""


async def _record(payload: Json) -> Json:
    """Return the stored record, or the one that came along for the case that storage is away."""
    known: Json | None = payload.get("record")
    try:
        found = await get_providers().require("cases").load(payload["case_id"])
    except TourniquetError:
        if known is None:
            raise
        return known
    if found is None and known is None:
        raise RetryableError("the case record is not there yet", operation="load_case")
    return found[0] if found else known or {}


async def open_ticket(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Open the case's ticket, or add to the one that is there.

    Input: ``{"case_id", "phase"}``; output ``{"ticket_id", "url"}``, or ``ticket_id`` ``None`` and
    ``error`` when the ITSM refuses for good.

    Effect: one ticket per case, and a work note per phase.
    Idempotency: the ticket carries the case id as correlation id; it is looked up before it is
    created.
    Permission: ServiceNow role itil (create and update incidents).
    """
    ticketing = get_providers().ticketing
    if not ticketing:
        return {"ticket_id": None, "url": None, "error": "no ticketing system is configured"}
    ticket = ticket_for(await _record(payload), phase=payload["phase"])
    try:
        reference = await ticketing[0].upsert(ticket)
    except RetryableError:
        raise
    except TourniquetError as error:
        return {"ticket_id": None, "url": None, "error": explain(error)}
    return {"ticket_id": reference.ticket_id, "url": reference.url}


async def notify_analysts(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Tell the analysts on every channel; in an emergency only by e-mail to the SOC list.

    Input: ``{"case_id", "phase"}`` with phase ``opened``, ``decision_needed``, ``completed``,
    ``containment_failed``, ``not_held``, ``undone``, ``emergency`` or ``broke_off``. The last two
    come with ``why`` and ``record``, and fail when no channel took the message, to be tried again.
    ``decided`` comes with ``references`` of the question and changes those messages. Output
    ``{"channels": {channel: "sent" or what went wrong}, "references": {channel: its id}}``.

    Effect: one message per channel; ``decided``: the question's message no longer asks.
    Idempotency: e-mail carries a message id made from the content; Slack has no such key, so a
    worker that dies between sending and reporting can double a Slack message.
    Permission: Slack chat:write; an SMTP account.
    """
    phase = payload["phase"]
    notifiers = get_providers().notifiers
    if phase == "emergency":
        notifiers = [one for one in notifiers if one.channel == "email"] or notifiers
    if not notifiers:
        return {"channels": {"none": "no channel is configured"}}
    earlier: dict[str, str] = payload.get("references") or {}
    if phase == "decided":
        notifiers = [one for one in notifiers if one.channel in earlier]
    record = await _record(payload)
    message = notification_for(record, phase, why=payload.get("why", ""))
    parts = await gather_parts(
        {
            one.channel: one.notify(
                message.model_copy(update={"reference": earlier.get(one.channel)})
            )
            for one in notifiers
        }
    )
    if phase in _LAST_RESORT and not parts.results:
        raise RetryableError("; ".join(parts.notes), operation="notify_analysts")
    states = dict.fromkeys(parts.results, "sent")
    for note in parts.notes:
        channel, _colon, reason = note.partition(": ")
        states[channel] = reason
    receipts: dict[str, NotificationReceipt] = parts.results
    references = {
        channel: receipt.reference
        for channel, receipt in receipts.items()
        if channel in CAN_CHANGE and receipt.reference
    }
    return {"channels": states, "references": references}


async def comment_incident(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Write the case's state as a comment on the SIEM's incident (seed ``post_case_comment``).

    Input: ``{"case_id", "phase"}``, with ``incident_ids`` for other incidents than the case's own;
    output ``{"key"}``, ``{"skipped"}`` or ``{"error"}``.

    Effect: one comment per incident, case and phase.
    Idempotency: the comment's id is derived from case and phase, so writing again replaces it.
    Permission: Microsoft Sentinel Responder.
    """
    record = await _record(payload)
    wanted = payload.get("incident_ids") or [record["incident"]["incident_id"]]
    incident_ids = [one for one in dict.fromkeys(wanted) if one.startswith("/subscriptions/")]
    if not incident_ids:
        return {"skipped": "the case does not come from a Sentinel incident"}
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
