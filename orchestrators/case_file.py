"""The case record as the orchestration knows it, and its way to storage.

Storage may be away for a while. Nothing waits long for it: a write that failed is made good by the
next one, which then carries everything, and what is told to people in an emergency is made from
here. The record is merged by the same pure function that the storing activity uses.
"""

import contextlib
from datetime import datetime
from typing import Any

from durabletask import task
from pydantic import ValidationError

from orchestrators.flow import Retry, Steps, attempt, save, timeline, utc_now
from shared.models.base import Json, format_utc, parse_utc
from shared.models.case import CaseRequest
from shared.playbook.reporting.record import initial_record, merge_record

_COMPUTED = ("next_steps", "hand_over", "links", "events")
_IDENTITY = ("case_id", "mode", "alert_type", "addresses", *_COMPUTED)
"""Fields that no patch carries: fixed at intake, or computed where the record is stored."""


class CaseFile:
    """Collects what becomes of a case and writes it down.

    The whole record is made only when somebody needs it: storage is behind, or an emergency is
    told. Otherwise every replay would merge every patch again.
    """

    def __init__(self, ctx: task.OrchestrationContext, case: CaseRequest) -> None:
        self._ctx, self._case = ctx, case
        self.case_id, self.run = case.case_id, case.run
        self._record: Json | None = None
        self._patches: list[Json] = []
        self._opening: task.Task[Any] | None = None
        self._behind = False
        self._stored: dict[str, Json] = {}
        self.late_tickets: list[task.Task[Any]] = []
        """What opens tickets that could not be opened, beside the case."""
        self.late_since: datetime | None = None
        """When the newest of them began."""
        self.begun: str | None = None
        """What began before there was a verdict, for people."""

    @property
    def record(self) -> Json:
        """The record with everything that was written until now."""
        record = initial_record(self._case) if self._record is None else self._record
        for patch in self._patches:
            # What makes no record was refused when it was stored; the rest is still to be told.
            with contextlib.suppress(ValidationError):
                record = merge_record(record, patch)
        self._record, self._patches = record, []
        return record

    def _add(self, patch: Json) -> None:
        """Keep a patch as it is now; what it is made of may change afterwards."""
        self._patches.append(
            {key: dict(one) if isinstance(one, dict) else one for key, one in patch.items()}
        )

    def remember(self, begun: str, **patch: Any) -> None:
        """Add to the record what another orchestration stores: what has ``begun``."""
        self.begun = begun
        self._add(patch)

    def open(self) -> None:
        """Schedule the first write and wait for nothing."""
        patch: Json = {"timeline": timeline(self._ctx, "case opened")}
        self._add(patch)
        first = patch | {"case": self._case.to_json()}
        self._opening = save(self._ctx, self._case.case_id, first)

    def write(self, *, patiently: bool = False, stored: bool = False, **patch: Any) -> Steps[None]:
        """Add to the record and store it; never fails.

        ``patiently`` is for the last write of a case: it waits half an hour for storage. What an
        activity has ``stored`` already is only remembered, unless storage lacks something else.
        """
        self._add(patch)
        behind = self._is_behind()
        if stored and not behind:
            self._stored |= patch.get("blocks", {})
            return
        sent = self._everything() if behind else self._without_stored(patch)
        yield from self._save(sent, Retry.LAST if patiently else Retry.WRITE)
        if not self._behind:
            self._stored |= patch.get("blocks", {})

    def catch_up(self) -> Steps[None]:
        """Store what storage lacks, before people are told what is in it; never fails.

        Waits two minutes for storage that is away, or for a token, as telling people does; not when
        it refuses for good.
        """
        if self._is_behind():
            yield from self._save(self._everything(), Retry.SAVE)

    def _save(self, patch: Json, policy: task.RetryPolicy) -> Steps[None]:
        saved = yield from attempt(save(self._ctx, self._case.case_id, patch, policy))
        self._behind = saved.error is not None or "error" in saved.result

    def _without_stored(self, patch: Json) -> Json:
        """Leave out blocks that are stored as they are: they are most of what a history holds."""
        if "blocks" not in patch:
            return patch
        known = self._stored
        new = {name: one for name, one in patch["blocks"].items() if known.get(name) != one}
        return patch | {"blocks": new}

    def _is_behind(self) -> bool:
        opening, self._opening = self._opening, None
        if opening is None:
            return self._behind
        return opening.is_failed or not opening.is_complete or "error" in opening.get_result()

    def _everything(self) -> Json:
        whole = {key: value for key, value in self.record.items() if key not in _IDENTITY}
        return whole | {"case": self._case.to_json()}


def acknowledged(ctx: task.OrchestrationContext, data: Any) -> Json:
    """Return the patch that says who has taken the case; it stops the review clock."""
    who = data.get("by", "unknown") if isinstance(data, dict) else "unknown"
    event = f"acknowledged by {who}"
    return {"sla": reviewed(said_at(ctx, data), who), "timeline": timeline(ctx, event)}


def reviewed(at: datetime, by: str) -> Json:
    """Return what the service levels keep of an analyst who looks after the case."""
    return {"reviewed_at": format_utc(at), "reviewed_by": by}


def said_at(ctx: task.OrchestrationContext, data: Any) -> datetime:
    """Return when somebody said what an event brings, at the latest now.

    The case may hear of it later: while it contains, it waits for vendors.
    """
    now = utc_now(ctx)
    try:
        return min(parse_utc(data["at"]), now)
    except (KeyError, TypeError, ValueError):
        return now
