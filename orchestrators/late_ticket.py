"""What a ticketing system did not take is tried again, beside the case, until it is there.

First often, then people are told once, then in growing steps up to once a day, as long as the
evidence is kept. The case does not wait for that: it ends, and this goes on. Each of the later
tries is a run of its own (continue as new), so that the history stays as small as it is, however
long the system is away.
"""

from collections.abc import Generator, Sequence
from datetime import timedelta
from typing import Any

from durabletask import task

from orchestrators.case_file import CaseFile
from orchestrators.flow import (
    Retry,
    Steps,
    attempt,
    case_activity,
    save,
    timeline,
    utc_now,
)
from orchestrators.names import Activity, Orchestrator
from shared.models.base import Json, format_utc, parse_utc
from shared.models.block import BlockName
from shared.models.case import CaseRequest
from shared.playbook.reporting.handover import (
    NO_TICKET_YET,
    NOT_COMPLETED,
    missing_notes,
    takes_none,
)
from shared.playbook.reporting.tickets_kept import ticket_patch

TICKET_RETRY_MINUTES = (1, 2, 5, 10, 15, 30, 60, 60, 60, 60)
"""Waits before the ticket is tried again after the ITSM was down: about 5 hours in all."""
LATER_HOURS = (1, 2, 4, 8, 12, 24)
"""Waits after people were told; the last one again and again."""
TICKET_LIMIT = timedelta(days=365)
"""How long after the first try a ticket is tried: as long as the evidence behind it is kept when
nobody sets anything else (``EVIDENCE_RETENTION_DAYS``)."""
COMPLETED = "completed"


def is_complete(ticket: Json) -> bool:
    """Return whether every ticketing system has the case's ticket."""
    return bool(ticket.get("ticket_id")) and not ticket.get("missing")


def open_ticket_late(
    ctx: task.OrchestrationContext, payload: Json
) -> Generator[task.Task[Any], Any, bool]:
    """Try to open the tickets that could not be opened, and link them to the case.

    When no system has taken it after hours, people are told once, to open it by hand if it cannot
    wait; it is tried on.

    Input: ``{"case_id", "systems": those that have the completed ticket, "there": {system: a
    ticket that is not completed}}``; for a note that a ticket lacks ``{"case_id", "systems",
    "phase", "why"}``. Output: whether it was written at last. Runs beside the watch, so that
    nothing waits for an ITSM.
    """
    late = _Late(ctx, payload)
    for wait in late.waits():
        yield ctx.create_timer(wait)
        if (yield from late.try_once()):
            return True
        if late.is_unfit:
            yield from late.say_unfit()
            return False
    if late.goes_on():
        if late.is_first:
            yield from late.give_notice("; it is tried again, at last once a day")
        ctx.continue_as_new(late.next_input())
    elif late.is_first:
        yield from late.give_notice("")
    else:
        yield from late.give_up()
    return False


class _Late:
    """One stretch of tries: the first one, or a later try."""

    def __init__(self, ctx: task.OrchestrationContext, payload: Json) -> None:
        self._ctx, self._payload = ctx, payload
        self._case_id: str = payload["case_id"]
        self._phase: str = payload.get("phase", COMPLETED)
        self._there: Json = payload.get("there", {})
        self._linked = set(payload.get("systems", ()))
        self._later: int | None = payload.get("later")
        since = payload.get("since")
        self._since = parse_utc(since) if since else utc_now(ctx)
        self.is_unfit = False
        """No ticketing system takes such a case, or none is configured any more."""
        self._missing: Json = payload.get("missing", {})

    @property
    def is_first(self) -> bool:
        """Whether nobody was told yet that it does not work."""
        return self._later is None

    def waits(self) -> list[timedelta]:
        """Return how long to wait before each try of this stretch."""
        if self._later is None:
            return [timedelta(minutes=one) for one in TICKET_RETRY_MINUTES]
        return [_later_wait(self._later)]

    def goes_on(self) -> bool:
        """Return whether there is another try."""
        wait = _later_wait(self._number_of_next())
        return utc_now(self._ctx) + wait <= self._since + TICKET_LIMIT

    def next_input(self) -> Json:
        """Return the input of the next stretch."""
        return self._payload | {
            "systems": sorted(self._linked),
            "missing": self._missing,
            "since": format_utc(self._since),
            "later": self._number_of_next(),
        }

    def _number_of_next(self) -> int:
        return 0 if self._later is None else min(self._later + 1, len(LATER_HOURS) - 1)

    def try_once(self) -> Steps[bool]:
        """Ask every system once; what it took is linked. Return whether nothing is left to do."""
        # Its own call, which claims a ticket's creation for itself alone.
        tried_at = format_utc(utc_now(self._ctx))
        message: Json = {"case_id": self._case_id, "phase": self._phase, "tried_at": tried_at}
        if self._phase != COMPLETED:
            message |= {"why": self._payload.get("why", ""), "must_exist": True}
        call = case_activity(self._ctx, Activity.OPEN_TICKET, message, Retry.READ)
        tried = yield from attempt(call)
        ticket: Json = tried.result or {}
        self._missing = ticket.get("missing") or {}
        self.is_unfit = takes_none(ticket)
        new = [one for one in ticket.get("tickets", ()) if one["system"] not in self._linked]
        if new:
            self._linked |= {one["system"] for one in new}
            yield from self._link(ticket, self._line(new))
        return is_complete(ticket)

    def give_notice(self, more: str) -> Steps[None]:
        """Write down what does not work, and tell people when no system has the ticket."""
        lines = [f"{line}{more}" for line in self._undone()]
        yield from self._write(lines)
        if self._phase == COMPLETED and not self._missing:
            emergency = {"case_id": self._case_id, "phase": "emergency", "why": lines[0]}
            told = case_activity(self._ctx, Activity.NOTIFY_ANALYSTS, emergency, Retry.SAVE)
            yield from attempt(told)

    def give_up(self) -> Steps[None]:
        """Write down that nothing tries any more."""
        days = f"it was tried for {TICKET_LIMIT.days} days and is not tried again"
        yield from self._write([f"{line}; {days}" for line in self._undone()])

    def say_unfit(self) -> Steps[None]:
        """Write down that there is nothing to try: nothing is down."""
        what = "ticket" if self._phase == COMPLETED else f"note ({self._words})"
        yield from self._write([f"{what} not tried again: no ticketing system takes this case"])

    def _write(self, lines: Sequence[str]) -> Steps[None]:
        patch = {"timeline": timeline(self._ctx, *lines)}
        yield from attempt(save(self._ctx, self._case_id, patch))

    def _line(self, new: list[Json]) -> str:
        if self._phase != COMPLETED:
            ids = " and ".join(str(one["ticket_id"]) for one in new)
            return f"note ({self._words}) written late to ticket {ids}"
        completed = [str(one["ticket_id"]) for one in new if one["system"] in self._there]
        opened = [str(one["ticket_id"]) for one in new if one["system"] not in self._there]
        parts = {"opened": opened, "completed": completed}
        return "; ".join(
            f"ticket {' and '.join(ids)} {what} late" for what, ids in parts.items() if ids
        )

    @property
    def _words(self) -> str:
        return self._phase.replace("_", " ")

    def _undone(self) -> list[str]:
        """Return what a person can do: ``_missing`` names systems only where others answered."""
        missing = self._missing
        if self._phase != COMPLETED:
            where = f" in {', '.join(sorted(missing))}" if missing else ""
            note = f"note ({self._words}) not written to the ticket{where}"
            return [f"{note}: the ITSM stayed down; write it by hand"]
        left = {name: one for name, one in self._there.items() if name in missing or not missing}
        without = sorted(name for name in missing if name not in self._there)
        lines = []
        if without or not left:
            where = f" in {', '.join(without)}" if without else ""
            lines.append(f"no ticket{where}: the ITSM stayed down; open by hand")
        if left:
            lines.append(
                f"ticket {' and '.join(left.values())} not completed: the ITSM stayed down; "
                "complete by hand"
            )
        return lines

    def _link(self, ticket: Json, event: str) -> Steps[None]:
        if self._phase == COMPLETED:
            block = ticket_patch(ticket, [NO_TICKET_YET, NOT_COMPLETED])
            # One note stood for all systems without a ticket: those left get one of their own.
            block |= {"notes": missing_notes(ticket)}
        else:
            block = ticket_patch(ticket, [])
        patch = {
            "blocks": {BlockName.NOTIFICATION: block},
            "timeline": timeline(self._ctx, event),
        }
        yield from attempt(save(self._ctx, self._case_id, patch))


def _later_wait(number: int) -> timedelta:
    return timedelta(hours=LATER_HOURS[min(number, len(LATER_HOURS) - 1)])


def complete_later(ctx: task.OrchestrationContext, file: CaseFile, ticket: Json) -> None:
    """Have a ticket that a system did not take tried again, beside the watch.

    What tries already writes what the record says by then, so one at a time is enough.
    """
    if is_complete(ticket) or takes_none(ticket):
        return
    if any(not one.is_complete for one in file.late_tickets):
        return
    systems = [one["system"] for one in ticket.get("tickets", ())]
    payload = {"case_id": file.case_id, "systems": systems, "there": ticket["there"]}
    number = len(file.late_tickets) + 1
    name = f"ticket:{number}:{file.run}"
    file.late_tickets.append(_start(ctx, payload, name))
    file.late_since = utc_now(ctx)


def may_open(ctx: task.OrchestrationContext, file: CaseFile) -> bool:
    """Return whether a hand-over may open a ticket: one at a time does, or it becomes two.

    Later tries are hours apart. Who comes between them finds the system there, perhaps, and opens
    the ticket: two at the same instant are kept apart by their claims.
    """
    if file.late_since is None or all(one.is_complete for one in file.late_tickets):
        return True
    often = timedelta(minutes=sum(TICKET_RETRY_MINUTES))
    return utc_now(ctx) > file.late_since + often


def note_later(
    ctx: task.OrchestrationContext,
    late: list[task.Task[Any]],
    case: CaseRequest,
    told: Json,
    *,
    phase: str,
    why: str = "",
) -> None:
    """Have a note that a ticket lacks written later, if it lacks one; ``late`` is what does.

    Args:
        ctx: the case's.
        late: the notes that are tried again.
        case: the case.
        told: what ``tell_everywhere`` returned.
        phase: of what people were told.
        why: what was new.
    """
    if not told["refused"]:
        return
    payload = {"case_id": case.case_id, "systems": told["written"], "phase": phase, "why": why}
    late.append(_start(ctx, payload, f"note:{len(late) + 1}:{case.run}"))


def _start(ctx: task.OrchestrationContext, payload: Json, name: str) -> task.Task[Any]:
    # It outlives the case, which may run anew meanwhile: the run is in its id.
    started: task.Task[Any] = ctx.call_sub_orchestrator(
        str(Orchestrator.OPEN_TICKET_LATE),
        input=payload,
        instance_id=f"{ctx.instance_id}:{name}",
    )
    return started
