"""The audit log, asked what an account registered or consented to since the compromise began."""

import logging
from datetime import datetime, timedelta

from activities.support import explain, utc_now
from shared.bootstrap import get_providers
from shared.errors import TourniquetError
from shared.models.base import Json
from shared.playbook.acting.persistence.trail import (
    CONSENTS,
    MOST_ROWS,
    REGISTRATIONS,
    Consent,
    Registration,
    read_consents,
    read_registrations,
)

_log = logging.getLogger("tourniquet.activities")


async def registrations_since(object_id: str, since: datetime) -> list[Registration] | None:
    """Return the changes of security information; ``None`` when the log could not be read."""
    rows = await _rows(REGISTRATIONS, object_id, since)
    return None if rows is None else read_registrations(rows)


async def consents_since(object_id: str, since: datetime) -> list[Consent] | None:
    """Return the consents; ``None`` when the log could not be read."""
    rows = await _rows(CONSENTS, object_id, since)
    return None if rows is None else read_consents(rows)


async def _rows(query: str, object_id: str, since: datetime) -> list[Json] | None:
    """Return all rows, or ``None``: a part would date too little, and silently."""
    try:
        siem = get_providers().require("siem")
        if siem.language != "kql":
            _log.warning("audit log: not asked, this SIEM has no query for it")
            return None
        result = await siem.run_query(
            query,
            parameters={"userId": object_id},
            start=since,
            end=max(utc_now(), since) + timedelta(minutes=1),
        )
    except TourniquetError as error:
        _log.warning("audit log: %s", explain(error))
        return None
    if result.partial or len(result.rows) >= MOST_ROWS:
        _log.warning("audit log: incomplete: %s", result.detail or "too many rows")
        return None
    return result.rows
