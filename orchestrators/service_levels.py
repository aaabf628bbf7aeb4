"""The clocks of a case: they warn before a target ends, and call the next line after it.

An orchestration of its own beside the case: a clock rings while the case waits for a vendor, and
the case never waits for what a clock has to tell. What rings when is pure
(``shared.playbook.reporting.clocks``); the case says what happens (``orchestrators.clocks``).
"""

from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any

from durabletask import task

from orchestrators.flow import (
    Retry,
    Steps,
    attempt,
    case_activity,
    save,
    settle,
    timeline,
    utc_now,
)
from orchestrators.names import Activity, Event, Orchestrator
from shared.models.base import Json, format_utc, parse_utc
from shared.models.sla import Escalated, SlaTargets, Tier
from shared.playbook.reporting.clocks import MISSED, Clocks
from shared.playbook.reporting.escalation import Reason, to_call_now

CRITERION = "criterion"
_AT_ONCE = timedelta(0)
_FACTS = frozenset({"handed_over", "reopened"})
"""What a case says after which its facts are looked at."""


def keep_service_levels(
    ctx: task.OrchestrationContext, payload: Json
) -> Generator[task.Task[Any], Any, Json]:
    """Keep the clocks of a case until it is over.

    Input: ``{"case_id", "started_at", "received_at", "targets"}``. Output: ``{"told": how many
    warnings and escalations there were}``. A case that is closed has no timer; it may be opened
    again. Never fails.
    """
    keeper = _Keeper(ctx, payload)
    while not keeper.clocks.over:
        yield task.when_any(keeper.pending())
        yield from keeper.go_on()
    keeper.stop()
    yield from settle(keeper.telling)
    return {"told": keeper.told}


class _Keeper:
    """What the orchestration remembers."""

    def __init__(self, ctx: task.OrchestrationContext, payload: Json) -> None:
        self._ctx = ctx
        self._case_id: str = payload["case_id"]
        self._targets = SlaTargets.model_validate(payload["targets"])
        self.clocks = Clocks(
            self._targets,
            started_at=parse_utc(payload["started_at"]),
            received_at=parse_utc(payload["received_at"]),
        )
        self.telling: list[task.Task[Any]] = []
        self.told = 0
        self._criteria: set[str] = set()
        self._taken = False
        self._heard = ctx.wait_for_external_event(str(Event.SERVICE_LEVEL))
        self._timer: task.CancellableTask[Any] | None = None
        self._timer_for: datetime | None = None

    def pending(self) -> list[task.Task[Any]]:
        """Return what is waited for: what the case says, and the next clock to ring."""
        moment = self.clocks.next_moment()
        # A timer that rings too early finds nothing due, and costs less than another one.
        if moment is None or (self._timer_for is not None and moment < self._timer_for):
            self._cancel_timer()
        if moment is not None and self._timer is None:
            self._timer = self._ctx.create_timer(max(moment - utc_now(self._ctx), _AT_ONCE))
            self._timer_for = moment
        waits: list[task.Task[Any]] = [self._heard, *self._first_words()]
        return waits if self._timer is None else [*waits, self._timer]

    def go_on(self) -> Steps[None]:
        """Hear everything that was said, then let ring what is due: who was in time is heard."""
        look = self._hear()
        if self._timer is not None and self._timer.is_complete:
            self._timer = self._timer_for = None
        self._hear_of_messages()
        if self._is_over():
            return
        now = utc_now(self._ctx)
        if self.clocks.notified and self.clocks.is_due(now):
            yield from self._look_at_tickets()
            look |= self._hear()
            if self._is_over():
                return
        # By the time before the look: what ends while the tickets' systems are asked is not missed
        # before what people said meanwhile is heard.
        calls = self.clocks.ring(now)
        yield from self._call(calls)
        if look or any(one.kind == MISSED for one in calls):
            yield from self._look_at_facts()

    def _is_over(self) -> bool:
        return self.clocks.over

    def _hear(self) -> bool:
        """Hear everything that was said; return whether the facts are to be looked at."""
        look = False
        while self._heard.is_complete:
            said = self._heard.get_result()
            self._heard = self._ctx.wait_for_external_event(str(Event.SERVICE_LEVEL))
            if isinstance(said, dict):
                self.clocks.hear(said)
                look |= said.get("what") in _FACTS
        return look

    def stop(self) -> None:
        """Wait for nothing any more."""
        self._cancel_timer()
        if not self._heard.is_complete:
            self._heard.cancel()

    def _first_words(self) -> list[task.Task[Any]]:
        """Return the messages under way by which people may learn of the case at all."""
        return [] if self.clocks.notified else [one for one in self.telling if not one.is_complete]

    def _hear_of_messages(self) -> None:
        """Take a warning that somebody has got for what it is: now people know of the case."""
        ended = [one for one in self.telling if one.is_complete and not one.is_failed]
        if not self.clocks.notified and any(one.get_result().get("reached") for one in ended):
            self.clocks.hear({"what": "notified", "at": format_utc(utc_now(self._ctx))})

    def _cancel_timer(self) -> None:
        if self._timer is not None and not self._timer.is_complete:
            self._timer.cancel()
        self._timer = self._timer_for = None

    def _look_at_tickets(self) -> Steps[None]:
        """Hear, before anybody is called, who has taken or closed the case in its ticket.

        The case is told as by its page, and clocks of what was heard do not ring.
        """
        asked = case_activity(
            self._ctx, Activity.LOOK_AT_TICKETS, {"case_id": self._case_id}, Retry.READ
        )
        heard: Json | None = ((yield from attempt(asked)).result or {}).get("heard")
        if heard is None or (heard["what"] == "reviewed" and self._taken):
            return
        self._taken = True
        at = heard["at"] or format_utc(utc_now(self._ctx))
        event = Event.CLOSED if heard["what"] == "closed" else Event.ACKNOWLEDGED
        told = {"by": heard["by"], "comment": heard["comment"], "at": at}
        self._ctx.send_event(self._case_id, str(event), data=told)
        self.clocks.hear({"what": heard["what"], "at": at})

    def _look_at_facts(self) -> Steps[None]:
        """Call the second line and the response team by the criteria that hold, each once."""
        asked = case_activity(
            self._ctx, Activity.EVALUATE_ESCALATION, {"case_id": self._case_id}, Retry.READ
        )
        found: Json = (yield from attempt(asked)).result or {"reasons": [], "confidence": None}
        reasons = [
            Reason(one["criterion"], Tier(one["tier"]), one["why"]) for one in found["reasons"]
        ]
        due = to_call_now(
            reasons,
            confidence=found["confidence"],
            missed=self.clocks.any_missed,
            told=self._criteria,
        )
        calls = []
        for tier, holding in due.items():
            self._criteria |= {one.criterion for one in holding}
            calls.append(
                Escalated(
                    tier=tier,
                    about="+".join(one.criterion for one in holding),
                    kind=CRITERION,
                    at=utc_now(self._ctx),
                    why="; ".join(one.why for one in holding),
                )
            )
        yield from self._call(calls)

    def _call(self, calls: list[Escalated]) -> Steps[None]:
        """Write down who is called, then have them told beside everything else."""
        if not calls:
            return
        told = [one if self._reaches(one) else _written_only(one) for one in calls]
        events = timeline(self._ctx, *(_line(one) for one in told))
        patch = {"sla": {"escalations": [one.to_json() for one in told]}, "timeline": events}
        yield from attempt(save(self._ctx, self._case_id, patch, Retry.WRITE))
        for one in told:
            self.told += 1
            if one.channels is None:
                self._tell(one)

    def _reaches(self, call: Escalated) -> bool:
        """Return whether the policy names anybody who has not been told of it as it is.

        Of a containment that failed or did not hold the first line is told by the case.
        """
        named = {Tier.L2: self._targets.second_line, Tier.IRT: self._targets.response_team}
        return named.get(call.tier, True)

    def _tell(self, call: Escalated) -> None:
        phase = _phase(call)
        payload = {
            "case_id": self._case_id,
            "phase": phase,
            "why": call.why,
            "escalated": call.to_json(),
            "first": not self.clocks.notified,
        }
        self.telling.append(
            self._ctx.call_sub_orchestrator(
                str(Orchestrator.TELL_AGAIN),
                input=payload,
                instance_id=f"{self._case_id}:{phase}:{self.told}",
            )
        )


_PHASES = {(Tier.L2, CRITERION): "escalated_l2", (Tier.IRT, CRITERION): "escalated_irt"}


def _phase(call: Escalated) -> str:
    usual = "sla_missed" if call.kind == MISSED else "sla_warning"
    return _PHASES.get((call.tier, call.kind), usual)


def _written_only(call: Escalated) -> Escalated:
    return call.model_copy(
        update={"channels": {}, "why": f"{call.why}; the policy names nobody to call"}
    )


def _line(call: Escalated) -> str:
    words = {MISSED: "service level missed", CRITERION: "to be escalated"}
    word = words.get(call.kind, "service level at risk")
    return f"{word} ({call.tier}): {call.why}"
