"""The times of a case: where its look-back windows end and when the SIEM detected it."""

from datetime import datetime, timedelta
from typing import TypedDict

from shared.models.base import to_utc
from shared.models.case import Incident


class CaseTimes(TypedDict):
    """The time fields of ``CaseRequest``."""

    now: datetime
    detected_at: datetime
    received_at: datetime


def case_times(
    incident: Incident, login_time: datetime | None, received_at: datetime, window_minutes: int
) -> CaseTimes:
    """Return the case's own times.

    ``now`` is the latest of last activity, creation and reported login, plus the detection window,
    so that recorded incidents can be replayed; never later than receipt plus the window (clocks of
    log sources run ahead). Without any of them it is the receipt. ``detected_at`` is when the SIEM
    created the incident, or the receipt when that is unknown or later.
    """
    received = to_utc(received_at)
    margin = timedelta(minutes=window_minutes)
    known = [incident.last_activity_at, incident.created_at, login_time]
    latest = max((moment for moment in known if moment is not None), default=None)
    created = incident.created_at
    # Compared without the margin: adding it to year 9999 would overflow.
    now = received if latest is None else min(latest, received) + margin
    detected = min(created, received) if created else received
    return CaseTimes(now=now, detected_at=detected, received_at=received)
