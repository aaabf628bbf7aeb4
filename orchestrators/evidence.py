"""Step 7: evidence is exported beside the containment, and sealed when there is something to seal.

Nothing waits for evidence but the hand-over, and that not for long: a large export goes on during
the watch, and its manifest is made at the end.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from durabletask import task

from orchestrators.flow import (
    Retry,
    Steps,
    attempt,
    case_activity,
    problem,
    save,
    timeline,
    utc_now,
)
from orchestrators.late_ticket import note_later
from orchestrators.names import Activity
from orchestrators.standing import Standing
from shared.models.base import Json, format_utc
from shared.models.block import BlockName
from shared.models.case import CaseRequest
from shared.models.evidence import LAST_SEAL
from shared.models.run import in_run
from shared.playbook.acting.evidence import (
    STILL_EXPORTING,
    sealed_block,
    sealed_details,
    sealed_line,
    unexported_block,
)
from shared.playbook.acting.subject import query_parameters

PATIENCE = timedelta(minutes=5)
"""How long the hand-over waits for the export after everything else is done: longer than the
evidence store is tried when it is away."""


@dataclass
class Preserving:
    """An export under way, for one case and round of it."""

    case: CaseRequest
    number: int
    export: task.Task[Any]
    asked_for: Json
    """The account's names, as the directory told them, and by which addresses logs are asked."""
    late: bool = False
    """Whether the hand-over went ahead without it."""


def preserve(ctx: task.OrchestrationContext, standing: Standing) -> Preserving:
    """Start the export; it runs beside the containment."""
    standing.exports += 1
    payload = {
        "case": standing.case.to_reader(),
        **_asked_for(standing),
        "round": standing.exports,
    }
    export = case_activity(ctx, Activity.PRESERVE_EVIDENCE, payload, Retry.SAVE)
    return Preserving(standing.case, standing.exports, export, _asked_for(standing))


def _asked_for(standing: Standing) -> Json:
    """Return by what logs are asked; on-premises an account may have no name."""
    decided = standing.decided
    on_premises = decided.account.get("on_premises_name")
    return {
        "user_principal_name": decided.user_principal_name,
        "on_premises_name": on_premises,
        "hostile": decided.hostile,
        "spared": decided.spared,
    }


def exported(ctx: task.OrchestrationContext, preserving: Preserving) -> Steps[Json]:
    """Wait for the export, but not for hours; return the block as it is then."""
    if not preserving.export.is_complete:
        patience = ctx.create_timer(PATIENCE)
        winner = yield task.when_any([preserving.export, patience])
        if winner is patience:
            preserving.late = True
            return (yield from _unexported(ctx, preserving, STILL_EXPORTING))
        patience.cancel()
    return (yield from _block(ctx, preserving))


def seal(ctx: task.OrchestrationContext, preserving: Preserving, block: Json) -> Steps[Json]:
    """Write the manifest over what the record now says; return what ``CaseFile.write`` needs."""
    case, why = preserving.case, f"response completed, round {preserving.number}"
    done = yield from _seal(ctx, case.case_id, in_run(case.run, why), missing=True)
    return {
        "stored": done.stored,
        "blocks": {BlockName.EVIDENCE: sealed_block(block, done.sealed, done.error)},
        "timeline": done.lines,
    }


def seal_at_the_end(
    ctx: task.OrchestrationContext, preserving: Preserving, late: list[task.Task[Any]]
) -> Steps[None]:
    """Seal once more, with all that the watch brought, and rows that came late to the logs."""
    case_id = preserving.case.case_id
    if preserving.late:
        block = yield from _block(ctx, preserving)
        yield from attempt(save(ctx, case_id, {"blocks": {BlockName.EVIDENCE: block}}))
    yield from _export_late_rows(ctx, preserving)
    yield from seal_and_tell(ctx, preserving.case, LAST_SEAL, late)


def seal_and_tell(
    ctx: task.OrchestrationContext, case: CaseRequest, why: str, late: list[task.Task[Any]]
) -> Steps[None]:
    """Seal when nothing more will be told, and give the ticket the hash: it vouches for it.

    ``late`` is what writes the notes that a ticket did not take; this one, too.
    """
    if not (yield from seal_again(ctx, case.case_id, in_run(case.run, why))):
        return
    message: Json = {"case_id": case.case_id, "phase": "sealed", "why": why, "must_exist": True}
    told = yield from attempt(case_activity(ctx, Activity.OPEN_TICKET, message, Retry.SAVE))
    if reason := problem(told):
        written = [one["system"] for one in (told.result or {}).get("tickets", ())]
        refused = {"refused": reason, "written": written}
        note_later(ctx, late, case, refused, phase=message["phase"], why=why)
        event = f"the ticket does not have the hash of the newest manifest yet: {reason}"
        yield from attempt(save(ctx, case.case_id, {"timeline": timeline(ctx, event)}))


def seal_again(ctx: task.OrchestrationContext, case_id: str, why: str) -> Steps[bool]:
    """Write a manifest over what came since the one before; the record names it. Never fails.

    Returns whether there is one.
    """
    done = yield from _seal(ctx, case_id, why)
    patch: Json = {"timeline": done.lines}
    if done.sealed:
        patch["blocks"] = {BlockName.EVIDENCE: {"details": sealed_details(done.sealed)}}
    if not done.stored:
        yield from attempt(save(ctx, case_id, patch))
    return done.sealed is not None


def _export_late_rows(ctx: task.OrchestrationContext, preserving: Preserving) -> Steps[None]:
    """Export what the logs have had since the export, up to now."""
    case = preserving.case
    payload = {
        "case": case.to_reader(),
        **preserving.asked_for,
        "round": preserving.number,
        "until": format_utc(max(case.now, utc_now(ctx))),
    }
    late = yield from attempt(case_activity(ctx, Activity.EXPORT_LATE_ROWS, payload, Retry.SAVE))
    found: Json = late.result or {"items": [], "missing": []}
    events = [f"rows that came late were not exported: {late.error}"] if late.error else []
    if rows := sum(item["rows"] or 0 for item in found["items"]):
        tables = ", ".join(sorted({item["source"] for item in found["items"]}))
        events.append(f"evidence: {rows} rows came later and were exported ({tables})")
    if found["items"] or found["missing"] or events:
        details = {"late": found["items"], "late_missing": found["missing"]}
        patch: Json = {"blocks": {BlockName.EVIDENCE: {"details": details}}}
        if events:
            patch["timeline"] = timeline(ctx, *events)
        yield from attempt(save(ctx, case.case_id, patch))


def _block(ctx: task.OrchestrationContext, preserving: Preserving) -> Steps[Json]:
    settled = yield from attempt(preserving.export)
    block: Json | None = (settled.result or {}).get("block")
    return block or (yield from _unexported(ctx, preserving, settled.error or "no answer"))


def _unexported(ctx: task.OrchestrationContext, preserving: Preserving, why: str) -> Steps[Json]:
    """Return the block without any log; each is listed, which takes the settings."""
    case, asked_for = preserving.case, preserving.asked_for
    payload = {"case": case.to_reader(), **asked_for, "reason": why}
    listed = yield from attempt(case_activity(ctx, Activity.LIST_UNEXPORTED, payload, Retry.READ))
    block: Json | None = (listed.result or {}).get("block")
    names = (asked_for["user_principal_name"], asked_for["on_premises_name"])
    return block or unexported_block(case, query_parameters(case, *names), why, [])


@dataclass(frozen=True)
class _Seal:
    """What became of sealing."""

    sealed: Json | None
    error: str | None
    lines: list[Json]
    stored: bool
    """Whether the record says so already."""


def _seal(
    ctx: task.OrchestrationContext, case_id: str, why: str, *, missing: bool = False
) -> Steps[_Seal]:
    payload: Json = {"case_id": case_id, "why": why, "at": format_utc(utc_now(ctx))}
    payload |= {"missing": True} if missing else {}
    settled = yield from attempt(case_activity(ctx, Activity.SEAL_EVIDENCE, payload, Retry.SAVE))
    answer: Json = settled.result or {}
    sealed, error = (answer, None) if answer.get("manifest") else (None, answer.get("error"))
    event = sealed_line(sealed, error or settled.error)
    at = payload["at"] if sealed else format_utc(utc_now(ctx))
    stored = bool(answer.get("stored"))
    return _Seal(sealed, error or settled.error, [{"at": at, "event": event}], stored)
