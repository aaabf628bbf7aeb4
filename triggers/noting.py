"""One more line in a case's timeline, for what is done outside its orchestrations."""

from datetime import UTC, datetime

from shared.bootstrap import get_providers
from shared.errors import Conflict, NotFound, RetryableError
from shared.models.base import format_utc
from shared.models.evidence import extend_chain
from shared.playbook.reporting.record import merge_record

_ATTEMPTS = 5
"""Tries against another writer of the same record."""


async def note(case_id: str, event: str) -> None:
    """Write an event into the record's timeline, and into the chain of its events.

    Raises:
        NotFound: there is no such record: it was never written, or its time is over.
        TourniquetError: it is not there: storage is away, or others were always faster.
    """
    store = get_providers().require("cases")
    entry = {"at": format_utc(datetime.now(UTC)), "event": event}
    for _attempt in range(_ATTEMPTS):
        found = await store.load(case_id)
        if found is None:
            raise NotFound("there is no such case record", operation="note")
        record, etag = found
        merged = merge_record(record, {"timeline": [entry]})
        merged["events"] = extend_chain(record["events"], merged["timeline"])
        try:
            await store.save(case_id, merged, etag=etag)
        except Conflict:
            continue
        return
    raise RetryableError("the case record could not be written", operation="note")
