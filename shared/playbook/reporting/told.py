"""What became of the messages to analysts, by channel: ``analyst_notification_status``."""

from datetime import datetime

from shared.models.base import Json, format_utc

STATUS = "analyst_notification_status"
"""The output of the block that says, by channel, what became of its message."""
SENT, FAILED, NOT_SENT = "sent", "failed", "not_sent"


def told_state(
    text: str | None, at: datetime, *, phase: str = "", reference: str | None = None
) -> Json:
    """Return the state of one channel.

    Args:
        text: ``sent``, or what went wrong.
        at: when the channel had answered, UTC.
        phase: what the message told.
        reference: the channel's own id of the message, if it took it.
    """
    reason = "" if text == SENT else str(text)
    status = SENT if not reason else NOT_SENT if reason.startswith("not sent") else FAILED
    return {
        "status": status,
        "at": format_utc(at),
        "phase": phase,
        "reference": reference,
        "reason": reason,
    }


def whom(channels: Json) -> str:
    """Return who was reached and who was not, and why, from what each channel answered."""
    reached = sorted(name for name, word in channels.items() if word == SENT)
    failed = [f"{name}: {word}" for name, word in sorted(channels.items()) if word != SENT]
    parts = [", ".join(reached) or "NOBODY on any channel"]
    return "; ".join(parts + ([f"NOT told by {', '.join(failed)}"] if failed else []))


def merge_told(old: Json, new: Json) -> Json:
    """Return the states by channel: the later one counts, and a message once known stays known."""
    merged = dict(old)
    for name, state in new.items():
        before = merged.get(name)
        if not isinstance(before, dict) or not isinstance(state, dict):
            merged[name] = state
            continue
        earlier, later = (state, before) if state["at"] < before["at"] else (before, state)
        merged[name] = earlier | {key: value for key, value in later.items() if value is not None}
    return merged
