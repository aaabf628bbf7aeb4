"""Further incidents on the account of an open case join it, in batches.

An incident waits in the case store; the event ``Joined`` only wakes the case. So an event that is
delivered twice, late, or lost with the worker that sent it neither doubles nor loses an incident:
the next look finds what waits. Each look is an orchestration of its own, whose history the case's
does not hold, and looks become rarer: a storm costs a case a bounded history.
"""

from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any

from durabletask import task

from orchestrators.campaign import start_linking
from orchestrators.deciding import decide
from orchestrators.evidence import seal_again
from orchestrators.flow import (
    Retry,
    Steps,
    attempt,
    case_activity,
    problem,
    save,
    settle,
    timeline,
    utc_now,
)
from orchestrators.gather import gather
from orchestrators.names import Activity, Event, Orchestrator
from orchestrators.standing import Raised, Standing, Todo
from shared.models.base import Json
from shared.models.case import CaseRequest
from shared.models.run import in_run
from shared.models.undo import TakenBack
from shared.playbook.intake.joining import joined_request
from shared.playbook.planning.decided import Decided
from shared.playbook.planning.rising import (
    ask_about_undone,
    newly_asked,
    newly_automatic,
    rises,
)

LOOK_SECONDS = (0, 15, 30, 60, 120, 300, 600, 900)
"""Least time between looks: the first is at once, then a storm is taken in ever larger batches."""
MOST_LOOKS = 48
"""After so many looks the account is given free: the next incident opens a case of its own."""
FAREWELL_MINUTES = (1, 5, 15, 30, 60)
"""Waits between tries to give the account free at the end of a case; then every hour."""
MOST_FAREWELLS = 48
"""Tries to give the account free, about two days; then only the end of the case does."""


class Joins:
    """The incidents that join one case, as something to wait for among other things."""

    def __init__(self, ctx: task.OrchestrationContext, standing: Standing) -> None:
        self._ctx, self._standing = ctx, standing
        self._wake = ctx.wait_for_external_event(str(Event.JOINED))
        self._pause: task.CancellableTask[Any] | None = None
        self._look: task.Task[Any] | None = None
        self._seen: task.Task[Any] | None = None
        self._looks = 0
        self._takes = 1
        self._looked_at: datetime | None = None
        self._closing = False
        self._farewells = 0
        self._over = standing.case.account is None

    def pending(self) -> list[task.Task[Any]]:
        """Return what is waited for; nothing when no incident can join any more."""
        return [] if self._over else [self._look or self._pause or self._wake]

    def go_on(self) -> Raised | None:
        """Go on when what was waited for has happened; return a judgement that changes things."""
        if self._look is not None:
            return self._judge_again() if self._look is self._seen else self._finish_look()
        seconds = self._seconds_to_wait()
        if self._pause is None and seconds > 0:
            self._pause = self._ctx.create_timer(timedelta(seconds=seconds))
            return None
        self._pause = None
        self._start_look()
        return None

    def close(self) -> Steps[Raised | None]:
        """Let no incident join any more, and look at what still waits.

        While the case store is away neither can be done. Then it is tried again and again
        (``pending`` says what is waited for): who joins meanwhile is not lost.
        """
        if self._over:
            return None
        if self._look is not None:
            yield from settle([self._look])
            raised = self.go_on()
            if raised is not None or self._over:
                return raised
        self._closing = True
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        if not self._wake.is_complete:
            self._wake.cancel()
        waiting = yield from release(self._ctx, self._standing.case)
        if waiting is False:
            self._over = True
            return None
        yield from settle([self._start_look()])
        return self._finish_look()

    def _seconds_to_wait(self) -> float:
        if self._looked_at is None or self._closing:
            return 0
        least = LOOK_SECONDS[min(self._looks, len(LOOK_SECONDS) - 1)]
        return least - (utc_now(self._ctx) - self._looked_at).total_seconds()

    def _start_look(self) -> task.Task[Any]:
        """Start a look, which answers for every event that has come until now."""
        while not self._closing and self._wake.is_complete:
            self._wake = self._ctx.wait_for_external_event(str(Event.JOINED))
        self._looks += 1
        standing = self._standing
        self._look = self._ctx.call_sub_orchestrator(
            str(Orchestrator.JOIN_INCIDENTS),
            input={
                "case_id": standing.case.case_id,
                "case": standing.case.to_json(),
                "look": self._takes,
                "decided": standing.decided.model_copy(update={"blocks": {}}).to_json(),
                "outcomes": standing.outcomes,
                "last": self._closing or self._looks >= MOST_LOOKS,
                "sealed": standing.sealed,
            },
            instance_id=f"{self._ctx.instance_id}:join:{self._looks}",
        )
        return self._look

    def _finish_look(self) -> Raised | None:
        self._seen, self._look = self._look, None
        look = self._seen
        self._looked_at = utc_now(self._ctx)
        failed: Json = {"taken": False, "again": True}
        found: Json = failed if look is None or look.is_failed else look.get_result() or failed
        # A look that failed may have taken incidents already: the next takes the same again.
        self._takes += bool(found["taken"])
        self._go_on_later(again=bool(found["again"]))
        if judged := found.get("decided") or found.get("judged"):
            start_linking(self._ctx, self._standing, Decided.model_validate(judged))
        return self._judge(found)

    def put_back(self) -> None:
        """Have the last look's judgement taken again: the case went on without it."""
        self._look = self._seen

    def _judge_again(self) -> Raised | None:
        look, self._look = self._look, None
        return self._judge(look.get_result()) if look is not None else None

    def _judge(self, found: Json) -> Raised | None:
        """Return what is to do by a look, as the case stands now."""
        if not found.get("decided"):
            return None
        after = Decided.model_validate(found["decided"])
        todo = _todo(self._standing.decided, after, self._standing.outcomes, _taken_back(found))
        case = CaseRequest.model_validate(found["case"])
        return Raised(todo, case, after, found["blocks"]) if todo else None

    def _go_on_later(self, *, again: bool) -> None:
        """Look again after a while, also when nothing wakes the case, if something is left."""
        if not again:
            self._over = self._closing
            return
        if not self._closing:
            self._pause = self._ctx.create_timer(timedelta(seconds=self._seconds_to_wait()))
            return
        wait = FAREWELL_MINUTES[min(self._farewells, len(FAREWELL_MINUTES) - 1)]
        self._farewells += 1
        self._over = self._farewells > MOST_FAREWELLS
        if not self._over:
            self._pause = self._ctx.create_timer(timedelta(minutes=wait))


def release(ctx: task.OrchestrationContext, case: CaseRequest) -> Steps[bool | None]:
    """Give the account free for a case of its own.

    Returns whether incidents wait all the same; ``None`` when it could not be given free.
    """
    if case.account is None:
        return False
    payload = {"case_id": case.case_id, "account_key": case.account.key}
    released = yield from attempt(case_activity(ctx, Activity.RELEASE_ACCOUNT, payload, Retry.SAVE))
    return bool(released.result["waiting"]) if released.result else None


def join_incidents(
    ctx: task.OrchestrationContext, payload: Json
) -> Generator[task.Task[Any], Any, Json]:
    """Look at the incidents that wait to join a case, and judge the case anew by them.

    Input: ``{"case_id", "case", "look": number of what is taken, "decided": what the case acts
    on, "outcomes", "last": whether the account is given free first, "sealed": whether the case's
    evidence was sealed before}``. Output: ``{"count",
    "taken": whether it is known what waited, "again": whether something is left to look at or to
    give free}``, and when there is more to do than before ``{"case": what was judged, "decided",
    "blocks", "taken_back"}``, else ``{"judged": the judgement without plan}``. Never fails.
    """
    case = CaseRequest.model_validate(payload["case"])
    # First free, then a look at who waits: who still joins before sees its case take it.
    free = (yield from release(ctx, case)) is not None if payload["last"] else True
    request = {"case_id": case.case_id, "run": case.run, "look": payload["look"]}
    taken = yield from attempt(case_activity(ctx, Activity.TAKE_JOINED, request, Retry.SAVE))
    if not taken.result:
        return {"count": 0, "taken": False, "again": True}
    found: Json = taken.result
    again = bool(found.get("more")) or not free
    result: Json = {"count": found["count"], "taken": True, "again": again}
    if not found["count"]:
        return result
    if not found["cases"]:
        yield from _note(
            ctx, case, found, "what was kept of them cannot be read: judge them by hand"
        )
        return result
    joined = [CaseRequest.model_validate(item) for item in found["cases"]]
    anew = joined_request(case, joined)
    gathered = yield from gather(ctx, anew)
    undone = _taken_back(found)
    after = ask_about_undone((yield from decide(ctx, anew, gathered)), undone)
    before = Decided.model_validate(payload["decided"])
    todo = _todo(before, after, payload["outcomes"], undone)
    yield from _note(ctx, case, found, _what_changes(before, after, todo), more=todo is not None)
    if todo is None:
        if payload.get("sealed"):
            # What is done because of them is sealed when it is done.
            why = in_run(case.run, f"incidents joined, look {payload['look']}")
            yield from seal_again(ctx, case.case_id, why)
        judged = after.model_copy(update={"blocks": {}, "plan": [], "account": {}})
        return result | {"judged": judged.to_json()}
    return result | {
        "case": anew.to_json(),
        "decided": after.model_copy(update={"blocks": {}}).to_json(),
        "blocks": gathered.blocks,
        "taken_back": found.get("taken_back", []),
    }


def _taken_back(found: Json) -> list[TakenBack]:
    return [TakenBack.model_validate(one) for one in found.get("taken_back", [])]


def _todo(
    before: Decided, after: Decided, outcomes: list[Json], undone: list[TakenBack]
) -> Todo | None:
    automatic = newly_automatic(before, after, outcomes, undone)
    asks = bool(newly_asked(before, after, outcomes, undone))
    return Todo(automatic, asks) if automatic or asks else None


def _what_changes(before: Decided, after: Decided, todo: Todo | None) -> str:
    known, now = before.verdict, after.verdict
    if todo is not None:
        lines = [str(line.action) for line in todo.automatic]
        acts = f"; to do without asking: {', '.join(lines)}" if lines else "; a person is asked"
        word = "rises" if rises(before, after) else "stays"
        return f"the verdict {word} ({now.compromise_confidence_score}, {now.score} of 100){acts}"
    return f"the verdict stays {known.compromise_confidence_score}; nothing more is done"


def _note(
    ctx: task.OrchestrationContext, case: CaseRequest, found: Json, what: str, *, more: bool = False
) -> Steps[None]:
    """Write down what joined, then say so; ``more`` that is to do does not wait for storage."""
    titles = "; ".join(dict.fromkeys(item["title"] for item in found["incidents"]))
    noun = "incident" if found["count"] == 1 else "incidents"
    event = f"{found['count']} more {noun} on the account joined ({titles[:300]}): {what}"
    patch = {"joined": found["incidents"], "timeline": timeline(ctx, event)}
    stored = yield from attempt(save(ctx, case.case_id, patch))
    message = {"case_id": case.case_id, "phase": "joined"}
    about = message | {"incident_ids": [item["incident_id"] for item in found["incidents"]]}
    ticket, comment = yield from settle(
        [
            case_activity(ctx, Activity.OPEN_TICKET, message | {"must_exist": True}, Retry.READ),
            case_activity(ctx, Activity.COMMENT_INCIDENT, about, Retry.READ),
        ]
    )
    lines = [
        f"{where} NOT told of what joined: {why}"
        for where, one in (("ticket", ticket), ("incidents", comment))
        if (why := problem(one))
    ]
    left = patch if stored.error or "error" in stored.result else {"timeline": []}
    left["timeline"] += timeline(ctx, *lines)
    if left["timeline"]:
        yield from attempt(save(ctx, case.case_id, left, Retry.WRITE if more else Retry.LAST))
