"""Step 9: watch the case until it is closed: acknowledgement, "did it hold?"."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from durabletask import task

from orchestrators.ask import parse_answer
from orchestrators.case_file import acknowledged, reviewed, said_at
from orchestrators.flow import Retry, Steps, attempt, case_activity, save, timeline, utc_now
from orchestrators.joining import Joins
from orchestrators.late_ticket import note_later
from orchestrators.names import Activity, Event
from orchestrators.standing import Raised, Standing
from orchestrators.telling import tell_everywhere
from shared.models.base import Json, format_utc
from shared.models.case import CaseRequest, CaseStatus
from shared.models.outcome import ActionStatus
from shared.models.plan import ActionName
from shared.models.undoing import ACCESS
from shared.playbook.acting.containment import IDENTITY_ACTIONS


@dataclass
class _Waits:
    """Everything a watched case waits for; each is replaced or removed when it happened."""

    acknowledged: task.CancellableTask[Any] | None
    closed: task.CancellableTask[Any] | None
    end: task.CancellableTask[Any] | None
    answer: task.CancellableTask[Any] | None
    """One that comes too late."""
    recheck: task.CancellableTask[Any] | None

    def pending(self) -> list[task.Task[Any]]:
        every = (self.acknowledged, self.closed, self.end, self.answer, self.recheck)
        return [one for one in every if one is not None]

    def cancel(self) -> None:
        """Wait for nothing any more."""
        for one in self.pending():
            if isinstance(one, task.CancellableTask) and not one.is_complete:
                one.cancel()


def watch(ctx: task.OrchestrationContext, standing: Standing, joins: Joins) -> Steps[Raised | None]:
    """Watch a handed-over case until a person closes it or the watch ends.

    The re-check is owed to a closed case, too; when the containment did not hold, the case is open
    again. Its blocks end by themselves (``block_address``). Returns a judgement that asks for
    more, made by incidents that joined; then the caller acts, and watches anew. An answer that
    comes now is too late, and noted.
    """
    case, outcomes = standing.case, standing.outcomes
    done = [item for item in outcomes if item["status"] == ActionStatus.SUCCEEDED]
    contained = any(item["action"] != ActionName.BLOCK_IP for item in done)
    timing = case.timing
    waits = _Waits(
        **_people(ctx, case),
        recheck=ctx.create_timer(timedelta(minutes=timing.recheck_minutes)) if contained else None,
    )
    watching = True
    while watching or waits.recheck is not None or joins.pending():
        winner = yield task.when_any([*waits.pending(), *joins.pending()])
        if winner is waits.acknowledged:
            standing.clocks.taken()
            yield from _acknowledge(ctx, standing, waits)
        elif winner is waits.answer:
            yield from _too_late(ctx, standing, waits)
        elif winner is waits.recheck:
            waits.recheck = None
            held = yield from _recheck(ctx, standing, outcomes)
            if held is False:
                standing.clocks.reopened(utc_now(ctx))
            if held is False and not watching:
                watching = True
                vars(waits).update(_people(ctx, case))
        elif winner in joins.pending():
            if raised := joins.go_on():
                yield from _put_off(ctx, standing, waits)
                return raised
        elif winner is waits.closed and _is_older(ctx, standing, waits):
            yield from _refuse_older(ctx, standing, waits)
        else:
            watching = False
            if raised := (yield from joins.close()):
                yield from _put_off(ctx, standing, waits)
                return raised
            yield from _end(ctx, standing, waits)
    return None


def _people(
    ctx: task.OrchestrationContext, case: CaseRequest
) -> dict[str, task.CancellableTask[Any]]:
    """Return what a watch waits for from people, and its end."""
    return {
        "acknowledged": ctx.wait_for_external_event(str(Event.ACKNOWLEDGED)),
        "closed": ctx.wait_for_external_event(str(Event.CLOSED)),
        "end": ctx.create_timer(timedelta(hours=case.timing.watch_hours)),
        "answer": ctx.wait_for_external_event(str(Event.DECISION)),
    }


def _put_off(ctx: task.OrchestrationContext, standing: Standing, waits: _Waits) -> Steps[None]:
    """End this watch because there is more to do; what people have just said is written down."""
    patch: Json = {"timeline": []}
    standing.opened_again = utc_now(ctx)
    if waits.acknowledged is not None and waits.acknowledged.is_complete:
        standing.clocks.taken()
        patch |= acknowledged(ctx, waits.acknowledged.get_result())
    if waits.closed is not None and waits.closed.is_complete:
        standing.clocks.not_closed()
        event = "not closed: an incident that joined meanwhile calls for more; close it again"
        patch["timeline"] += timeline(ctx, event)
    while waits.closed is not None and waits.closed.is_complete:
        waits.closed = ctx.wait_for_external_event(str(Event.CLOSED))
    waits.cancel()
    if patch["timeline"]:
        yield from attempt(save(ctx, standing.case.case_id, patch))


def _acknowledge(ctx: task.OrchestrationContext, standing: Standing, waits: _Waits) -> Steps[None]:
    case = standing.case
    patch = acknowledged(ctx, _told(waits.acknowledged))
    waits.acknowledged = ctx.wait_for_external_event(str(Event.ACKNOWLEDGED))
    yield from attempt(save(ctx, case.case_id, patch))
    yield from _tell(ctx, standing, "acknowledged", patch["timeline"][0]["event"])


def _is_older(ctx: task.OrchestrationContext, standing: Standing, waits: _Waits) -> bool:
    """Whether a closing was sent before the case was opened again: its sender did not know that.

    Two may be sent before the record says that the case is closed; the second waits to be heard.
    """
    since = standing.opened_again
    if since is None or waits.closed is None or not waits.closed.is_complete:
        return False
    return said_at(ctx, waits.closed.get_result()) < since


def _refuse_older(ctx: task.OrchestrationContext, standing: Standing, waits: _Waits) -> Steps[None]:
    """Write down that the case stays open, and wait for the next closing."""
    data = _told(waits.closed)
    waits.closed = ctx.wait_for_external_event(str(Event.CLOSED))
    standing.clocks.not_closed()
    who = data.get("by", "unknown") if isinstance(data, dict) else "unknown"
    event = f"not closed by {who}: sent before the case was opened again; look at it anew"
    yield from attempt(save(ctx, standing.case.case_id, {"timeline": timeline(ctx, event)}))


def _take_before_the_end(
    ctx: task.OrchestrationContext, standing: Standing, waits: _Waits
) -> Steps[None]:
    """Write down who has taken the case until now, and wait for nobody else to."""
    if waits.acknowledged is None:
        waits.acknowledged = ctx.wait_for_external_event(str(Event.ACKNOWLEDGED))
    while waits.acknowledged.is_complete:
        standing.clocks.taken()
        yield from _acknowledge(ctx, standing, waits)
    waits.acknowledged.cancel()
    waits.acknowledged = None


def _too_late(ctx: task.OrchestrationContext, standing: Standing, waits: _Waits) -> Steps[None]:
    """Note an answer that no question waits for; one that was taken is often sent again."""
    answer = parse_answer(ctx, standing, _told(waits.answer))
    waits.answer = ctx.wait_for_external_event(str(Event.DECISION))
    if answer is None or standing.answered.get(answer.question) == answer.decided_at:
        return
    chosen = ", ".join(answer.actions)
    event = (
        f"an answer by {answer.decided_by} ({chosen}) came too late: no question is open, nothing "
        "was done by it"
    )
    yield from attempt(save(ctx, standing.case.case_id, {"timeline": timeline(ctx, event)}))


def _told(event: task.CancellableTask[Any] | None) -> Any:
    return event.get_result() if event is not None else None


def _recheck(
    ctx: task.OrchestrationContext, standing: Standing, outcomes: list[Json]
) -> Steps[bool | None]:
    """Search sign-ins since the containment began; a success reopens the case loudly."""
    case = standing.case
    begun = format_utc(utc_now(ctx) - timedelta(minutes=case.timing.recheck_minutes))
    contained = [
        item["at"]
        for item in outcomes
        if item["status"] == ActionStatus.SUCCEEDED and item["action"] in ACCESS
    ] or [
        item["at"]
        for item in outcomes
        if item["status"] == ActionStatus.SUCCEEDED and item["action"] in IDENTITY_ACTIONS
    ]
    payload = {"case": case.to_json(), "since": min(contained, default=begun)}
    settled = yield from attempt(case_activity(ctx, Activity.RECHECK_SIGN_INS, payload, Retry.READ))
    found = settled.result or {"held": None, "detail": f"could not be checked: {settled.error}"}
    patch: Json = {
        "recheck": found | {"at": format_utc(utc_now(ctx))},
        "timeline": timeline(ctx, f"containment re-checked: {found['detail']}"),
    }
    if found["held"] is False:
        patch["status"] = CaseStatus.FAILED
        patch["sla"] = {"reopenings": [format_utc(utc_now(ctx))]}
        patch["watched"] = True
    yield from attempt(save(ctx, case.case_id, patch))
    if found["held"] is False:
        standing.opened_again = utc_now(ctx)
        ctx.set_custom_status({"phase": CaseStatus.FAILED})
        yield from _tell(ctx, standing, "not_held")
    held: bool | None = found["held"]
    return held


def _sent_meanwhile(ctx: task.OrchestrationContext) -> task.CancellableTask[Any] | None:
    """Return a closing that was taken before the record said that nobody hears it any more."""
    closed = ctx.wait_for_external_event(str(Event.CLOSED))
    if closed.is_complete:
        return closed
    closed.cancel()
    return None


def _end(ctx: task.OrchestrationContext, standing: Standing, waits: _Waits) -> Steps[None]:
    """Wait for people no longer; write down who closed the case, if somebody did."""
    case = standing.case
    yield from _take_before_the_end(ctx, standing, waits)
    while _is_older(ctx, standing, waits):
        yield from _refuse_older(ctx, standing, waits)
    closed = waits.closed if waits.closed is not None and waits.closed.is_complete else None
    for one in (waits.closed, waits.end, waits.answer):
        if one is not None and not one.is_complete:
            one.cancel()
    waits.closed = waits.end = waits.answer = None
    if closed is None:
        event = "watch ended; the case was not closed by a person"
        patch = {"watched": False, "timeline": timeline(ctx, event)}
        yield from attempt(save(ctx, case.case_id, patch))
        yield from _take_before_the_end(ctx, standing, waits)
        closed = _sent_meanwhile(ctx)
    if closed is None:
        return
    standing.clocks.closed()
    told = closed.get_result()
    data = told if isinstance(told, dict) else {}
    who, at = data.get("by", "unknown"), said_at(ctx, data)
    event = f"closed by {who}: {data.get('comment') or 'no comment'}"
    yield from attempt(
        save(
            ctx,
            case.case_id,
            {
                "status": CaseStatus.CLOSED,
                "sla": {"closed_at": format_utc(at), "closed_by": who} | reviewed(at, who),
                "timeline": timeline(ctx, event),
            },
        )
    )
    yield from _tell(ctx, standing, "closed", event)


def _tell(
    ctx: task.OrchestrationContext, standing: Standing, phase: str, why: str = ""
) -> Steps[None]:
    """Tell people everywhere; a ticket that does not take it gets the note later."""
    told = yield from tell_everywhere(ctx, standing.case.case_id, phase, why)
    note_later(ctx, standing.late_notes, standing.case, told, phase=phase, why=why)
