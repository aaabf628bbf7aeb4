"""What a case says to its clocks, which run beside it (``orchestrators.service_levels``)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from durabletask import task

from orchestrators.flow import Steps, attempt, utc_now
from orchestrators.names import Event, Orchestrator, clocks_instance
from shared.models.base import Json, format_utc
from shared.models.case import CaseRequest
from shared.playbook.acting.containment import first_done
from shared.playbook.reporting.sla import clock_start


class CaseClocks:
    """The clocks of one case, seen from the case; silent for one that has no targets."""

    def __init__(self, ctx: task.OrchestrationContext, case: CaseRequest) -> None:
        self._ctx = ctx
        self._instance = clocks_instance(ctx.instance_id)
        self._kept: task.Task[Any] | None = None
        self._containing: list[task.Task[Any]] = []
        self._contained = False
        self.reviewed = False
        """Whether an analyst has taken, decided or closed the case."""
        targets = case.timing.sla
        if targets is None:
            return
        self._kept = ctx.call_sub_orchestrator(
            str(Orchestrator.KEEP_SERVICE_LEVELS),
            input={
                "case_id": case.case_id,
                "started_at": format_utc(clock_start(case.detected_at, case.received_at)),
                "received_at": format_utc(case.received_at),
                "targets": targets.to_json(),
            },
            instance_id=self._instance,
        )

    def notified(self, *, containment_due: bool) -> None:
        """People have been told."""
        self._say("notified", containment_due=containment_due)

    def asked(self) -> None:
        """A question is open, which reminds people of the case by itself."""
        self._say("asked")

    def answered(self) -> None:
        """The question is over."""
        self._say("answered")

    def taken(self) -> None:
        """An analyst looks after the case."""
        self.reviewed = True
        self._say("reviewed")

    def containing(self, started: Sequence[task.Task[Any]]) -> None:
        """The account is being contained by these, each of which returns outcomes."""
        if self._kept is not None:
            self._containing += started

    def pending(self) -> list[task.Task[Any]]:
        """Return what is to be waited for beside a question: the containment, to note its time."""
        if self._contained:
            return []
        return [one for one in self._containing if not one.is_complete]

    def contained_at(self) -> str | None:
        """Return when the account was first contained, the first time that it is known."""
        ended = [one for one in self._containing if one.is_complete and not one.is_failed]
        first = first_done([item for one in ended for item in one.get_result()])
        if self._contained or first is None:
            return None
        self._contained = True
        self._say("contained")
        return first

    def handed_over(self) -> None:
        """Everything that was started has an outcome, and people can read it."""
        self._say("handed_over")

    def closed(self) -> None:
        """A person has closed the case."""
        self.reviewed = True
        self._say("closed")

    def not_closed(self) -> None:
        """What a person was told is being closed stays open."""
        self._say("not_closed")

    def reopened(self, at: datetime) -> None:
        """The containment did not hold."""
        self._say("reopened", at=format_utc(at))

    def end(self) -> Steps[None]:
        """Let no clock run any more, and wait for what is being told."""
        if self._kept is None:
            return
        self._say("over")
        kept, self._kept = self._kept, None
        yield from attempt(kept)

    def _say(self, what: str, **more: Any) -> None:
        if self._kept is None or self._kept.is_complete:
            return
        said: Json = {"what": what, "at": format_utc(utc_now(self._ctx))} | more
        self._ctx.send_event(self._instance, str(Event.SERVICE_LEVEL), data=said)
