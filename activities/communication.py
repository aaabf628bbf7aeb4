"""Telling people: channels, and the comment on the incident."""

from typing import Any

from durabletask import task

from activities.support import explain, gather_parts, read_record
from shared.bootstrap import get_providers
from shared.errors import NotConfigured, RetryableError, TourniquetError
from shared.models.base import Json
from shared.models.message import Notification, NotificationReceipt
from shared.models.policy import Escalation
from shared.playbook.reporting.case_text import incident_comment_for, notification_for
from shared.playbook.reporting.recipients import without_the_account
from shared.policy import decides_in_slack, get_policy
from shared.ports import Notifier
from shared.settings import get_settings

CAN_CHANGE = frozenset({"slack"})
"""Channels whose messages can be changed once they are sent; a mail is sent for good."""
_CHANGES = frozenset({"decided", "overtaken"})
"""Phases that change messages that are there and send none."""
_LAST_RESORT = frozenset({"emergency", "broke_off", "paused"})
"""Phases in which nobody learns of the case by another way."""
_OWN_MAILBOX = "not sent: the only recipient is the account that the case is about"


async def notify_analysts(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Tell the analysts on every channel; in an emergency only by e-mail to the SOC list.

    An escalation goes to the second line that the policy names. Nothing goes to the mailbox of the
    account that the case is about: whoever is in it must not read along, or answer.

    Input: ``{"case_id", "phase"}`` with phase ``opened``, ``decision_needed``, ``completed``,
    ``containment_failed``, ``not_held``, ``undone``, ``emergency``, ``broke_off`` or
    ``paused``. The last three come with ``why`` and ``record``, and fail when no channel took the
    message, to be tried again. ``reminder``, ``escalated``, ``second_needed`` and ``campaign``
    come with ``why``.
    ``decided`` and ``overtaken`` come with ``references`` of the question and change those
    messages. Output ``{"channels": {channel: "sent" or what went wrong}, "references": {channel:
    its id}}``.

    Effect: one message per channel; ``decided``, ``overtaken``: the message no longer asks.
    Idempotency: e-mail carries a message id made from the content; Slack has no such key, so a
    worker that dies between sending and reporting can double a Slack message.
    Permission: Slack chat:write; an SMTP account.
    """
    phase = payload["phase"]
    earlier: dict[str, str] = payload.get("references") or {}
    notifiers = _channels(phase, earlier)
    if not notifiers:
        return {"channels": {"none": "no channel is configured"}}
    record = await read_record(payload)
    message = notification_for(record, phase, why=payload.get("why", ""))
    messages = {one.channel: _addressed(message, one.channel, phase, record) for one in notifiers}
    parts = await gather_parts(
        {
            one.channel: one.notify(
                wanted.model_copy(update={"reference": earlier.get(one.channel)})
            )
            for one in notifiers
            if (wanted := messages[one.channel]) is not None
        }
    )
    parts.notes += [f"{name}: {_OWN_MAILBOX}" for name, one in messages.items() if one is None]
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


def _channels(phase: str, earlier: Json) -> list[Notifier]:
    """Return the channels that a phase is told on."""
    notifiers = get_providers().notifiers
    if phase == "emergency":
        return [one for one in notifiers if one.channel == "email"] or notifiers
    if phase in _CHANGES:
        return [one for one in notifiers if one.channel in earlier]
    if phase == "escalated":
        second_line = _escalation()
        named = {
            "slack": second_line.slack_channel is not None,
            "email": bool(second_line.mail_to),
            "teams": second_line.teams_webhook,
        }
        return [one for one in notifiers if named.get(one.channel)]
    return notifiers


def _addressed(
    message: Notification, channel: str, phase: str, record: Json
) -> Notification | None:
    """Return the message as addressed on a channel; ``None`` when nobody may get it there."""
    second_line = _escalation() if phase == "escalated" else None
    if channel == "slack" and not decides_in_slack(get_settings()):
        message = message.model_copy(update={"question": None})
    if channel == "slack" and second_line is not None:
        return message.model_copy(update={"place": second_line.slack_channel})
    if channel != "email":
        return message
    listed = second_line.mail_to if second_line is not None else get_settings().soc_mail_to
    recipients = without_the_account(listed, record)
    if listed and not recipients:
        return None
    return message.model_copy(update={"recipients": recipients})


def _escalation() -> Escalation:
    return get_policy().asking.escalation


async def comment_incident(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Write the case's state as a comment on the SIEM's incident (seed ``post_case_comment``).

    Input: ``{"case_id", "phase"}``, with ``incident_ids`` for other incidents than the case's own;
    output ``{"key"}``, ``{"skipped"}`` or ``{"error"}``.

    Effect: one comment per incident, case and phase.
    Idempotency: the comment's id is derived from case and phase, so writing again replaces it.
    Permission: Microsoft Sentinel Responder.
    """
    record = await read_record(payload)
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
