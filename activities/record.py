"""The case record's writer; only an access pass is noted beside it (triggers/noting.py)."""

import logging
from collections.abc import Sequence
from typing import Any

from durabletask import task
from pydantic import ValidationError

from activities.support import explain, utc_now
from shared.bootstrap import get_providers
from shared.case_links import case_links
from shared.case_measurements import case_measurements, sla_escalation, sla_measurement
from shared.errors import (
    Conflict,
    PermanentError,
    RetryableError,
    TourniquetError,
    Unauthenticated,
)
from shared.models.base import Json, format_utc
from shared.models.case import CaseRequest
from shared.models.evidence import extend_chain
from shared.playbook.acting.undoing import with_undo
from shared.playbook.intake.fields import one_line
from shared.playbook.reporting.next_steps import hand_over, in_lines
from shared.playbook.reporting.record import (
    begin_run,
    initial_record,
    merge_record,
    with_notification_inputs,
)
from shared.playbook.reporting.sla import called_since, containment_is_due, finished, with_measures
from shared.ports import CaseStore
from shared.settings import get_settings
from shared.telemetry import measure

_log = logging.getLogger("tourniquet.activities")
WRITE_ATTEMPTS = 5
"""Tries against another writer of the same record before the activity is tried again later."""


async def save_case(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Merge a patch into the case record, creating the record when it is not there yet.

    Input: ``{"case_id", "patch"}``; a patch with ``case`` (a ``CaseRequest``) may create, and
    begins the record of a later run anew. Output: ``{"case_id"}``, with ``error`` when storage
    refuses for good.

    Effect: one blob ``<case_id>/record.json`` is written.
    Idempotency: merging the same patch again changes nothing; concurrent writers are detected by
    ETag and the merge is done again on what they wrote.
    Permission: Storage Blob Data Contributor on the case container.

    Raises:
        RetryableError: storage is away, or other writers were always faster.
        Unauthenticated: our token is refused, or there is none now.
    """
    case_id, patch = payload["case_id"], dict(payload["patch"])
    try:
        await _merge_and_store(get_providers().require("cases"), case_id, patch)
    except Unauthenticated:
        raise
    except PermanentError as error:
        return {"case_id": case_id, "error": explain(error)}
    return {"case_id": case_id}


async def note_in_record(case_id: str, patch: Json) -> bool:
    """Merge a patch into a record that is there; return whether it is kept.

    What storage refuses is logged.
    """
    try:
        await _merge_and_store(get_providers().require("cases"), case_id, dict(patch))
    except (TourniquetError, ValidationError) as error:
        _log.warning("not kept in the record: %s", explain(error))
        return False
    return True


async def note_lines(record: Json, lines: Sequence[str]) -> None:
    """Add lines to the timeline of a record that is there, unless it has them already."""
    known = {one["event"] for one in record.get("timeline") or []}
    at = format_utc(utc_now())
    new = [{"at": at, "event": one_line(line, 500)} for line in lines]
    if new := [one for one in new if one["event"] not in known]:
        await note_in_record(record["case_id"], {"timeline": new})


async def _merge_and_store(store: CaseStore, case_id: str, patch: Json) -> None:
    opening = patch.pop("case", None)
    case = CaseRequest.model_validate(opening) if opening else None
    for _attempt in range(WRITE_ATTEMPTS):
        found = await store.load(case_id)
        if found and case:
            record, etag = begin_run(found[0], case), found[1]
        elif found:
            record, etag = found
        elif case:
            record, etag = initial_record(case), None
        else:
            raise RetryableError("the case record is not there yet", operation="save_case")
        try:
            merged = merge_record(record, patch)
            done = _finish(merged)
            await store.save(case_id, done, etag=etag)
        except Conflict:
            continue
        _count(record, done)
        return
    raise RetryableError("other writers were always faster", operation="save_case")


def _count(before: Json, after: Json) -> None:
    """Emit what has just ended of the case and its service levels.

    Only the writer whose record was stored gets here, so each is counted once; one is lost with a
    worker that dies between the two.
    """
    for ended in case_measurements(before, after):
        measure(ended)
    for one in finished(before["sla"], after["sla"]):
        measure(sla_measurement(after, one))
    for one in called_since(before["sla"], after["sla"]):
        measure(sla_escalation(after, one))


def _finish(record: Json) -> Json:
    sla = with_measures(record["sla"], now=utc_now(), containment_due=containment_is_due(record))
    done = with_notification_inputs(with_undo(record)) | {
        "sla": sla,
        "links": case_links(record, get_settings()),
        "events": extend_chain(record["events"], record["timeline"]),
    }
    steps = hand_over(done)
    return done | {"hand_over": [step.to_json() for step in steps], "next_steps": in_lines(steps)}
