"""The SLA as code: the targets of seed 004 section 10, measured from a case's own times."""

from datetime import datetime, timedelta

from shared.models.base import Json, format_utc, parse_utc

DETECTION_TO_NOTIFICATION = timedelta(minutes=5)
NOTIFICATION_TO_CONTAINMENT = timedelta(minutes=10)
"""Holds when confidence is High; the time of the first containment action that was done."""
NOTIFICATION_TO_REVIEW = timedelta(minutes=15)
FULL_REMEDIATION = {
    "High": timedelta(hours=4),
    "Medium": timedelta(hours=12),
    "Low": timedelta(hours=24),
    "Informational": timedelta(hours=24),
}
"""Seed 004: "4-24 hours depending on the scope and severity"; 12 hours is our middle."""
STALE = timedelta(hours=1)
"""An incident older than this on arrival was replayed or delivered late by somebody else: its
clock starts when we received it, and the delay is stated beside it."""

_TIMES = ("detected_at", "received_at", "notified_at", "contained_at", "reviewed_at", "closed_at")


def compute_sla(
    *,
    detected_at: datetime,
    received_at: datetime,
    notified_at: datetime | None = None,
    contained_at: datetime | None = None,
    reviewed_at: datetime | None = None,
    closed_at: datetime | None = None,
    severity: str = "High",
    now: datetime | None = None,
    containment_due: bool = True,
) -> Json:
    """Return when the clock started, and for every target what became of it.

    ``measures`` is a list of ``{"name", "title", "target_seconds", "seconds", "due_at", "met"}``:
    ``met`` is true or false once the end is known, false when ``now`` has passed the due time
    without it, else ``None``. Durations are in seconds. ``containment_due`` is false when nothing
    was to be contained by itself: then only a containment that happened counts.
    """
    delay = received_at - detected_at
    stale = delay > STALE
    start = received_at if stale else min(detected_at, received_at)
    remediation = FULL_REMEDIATION.get(severity, FULL_REMEDIATION["High"])
    notes = []
    if stale:
        notes.append(
            f"The incident was {_hours(delay)} old when it arrived (a replay, or a late delivery); "
            "the clock starts at its arrival."
        )
    return {
        "clock_started_at": format_utc(start),
        "intake_delay_seconds": max(0.0, round(delay.total_seconds(), 3)),
        "measures": [
            _measure(
                "detection_to_notification", start, notified_at, DETECTION_TO_NOTIFICATION, now
            ),
            _measure(
                "notification_to_containment",
                notified_at,
                contained_at,
                NOTIFICATION_TO_CONTAINMENT,
                now if containment_due else None,
            ),
            _measure(
                "notification_to_review", notified_at, reviewed_at, NOTIFICATION_TO_REVIEW, now
            ),
            _measure("full_remediation", start, closed_at, remediation, now),
        ],
        "notes": notes,
    }


def with_measures(times: Json, *, severity: str, now: datetime | None = None) -> Json:
    """Return a record's ``sla`` with its measures; applying it again changes nothing.

    ``times`` holds ``detected_at`` and ``received_at``, and the others once they are known, as ISO
    8601 text.
    """
    given = {name: parse_utc(times[name]) for name in _TIMES if times.get(name)}
    if "received_at" not in given:
        return times
    received = given.pop("received_at")
    measures = compute_sla(
        detected_at=given.pop("detected_at", received),
        received_at=received,
        severity=severity,
        now=now,
        notified_at=given.get("notified_at"),
        contained_at=given.get("contained_at"),
        reviewed_at=given.get("reviewed_at"),
        closed_at=given.get("closed_at"),
    )
    return {key: value for key, value in times.items() if key in _TIMES} | measures


def _measure(
    name: str,
    start: datetime | None,
    end: datetime | None,
    target: timedelta,
    now: datetime | None,
) -> Json:
    due = start + target if start is not None else None
    seconds: float | None = None
    met: bool | None = None
    if start is not None and end is not None:
        # Containment can begin before the message is out; that is early, not negative.
        seconds = max(0.0, round((end - start).total_seconds(), 3))
        met = seconds < target.total_seconds()
    elif due is not None and now is not None and now >= due:
        met = False
    return {
        "name": name,
        "title": name.replace("_", " "),
        "target_seconds": int(target.total_seconds()),
        "seconds": seconds,
        "due_at": format_utc(due) if due is not None else None,
        "met": met,
    }


def _hours(delay: timedelta) -> str:
    hours = delay.total_seconds() / 3600
    return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.0f} days"
