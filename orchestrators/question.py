"""One question to people while it is open: what is waited for, and who is told again."""

from datetime import datetime, timedelta
from typing import Any

from durabletask import task

from orchestrators.case_file import CaseFile
from orchestrators.flow import Steps, settle, timeline, utc_now
from orchestrators.names import Event, Orchestrator
from orchestrators.standing import Standing
from shared.models.asked import Asked
from shared.models.base import Json
from shared.models.plan import Decision
from shared.playbook.planning.silence import on_silence
from shared.playbook.reporting.question_text import waiting_words

REMINDER, ESCALATION, SECOND, TAKEN = "reminder", "escalated", "second_needed", "acknowledged"
"""Phases in which people are told again."""


class Question:
    """A question that has been put; made before anybody is told, so that its time counts from then.

    The second of two persons is asked within the same question's time, under a number of its own.
    """

    def __init__(self, ctx: task.OrchestrationContext, file: CaseFile, standing: Standing) -> None:
        self._ctx, self._file, self._standing = ctx, file, standing
        standing.questions += 1
        timing = standing.case.timing
        self._at = utc_now(ctx)
        self._answer_by = self._at + timedelta(minutes=timing.approval_deadline_minutes)
        self.first_answer: Decision | None = None
        self.answer = ctx.wait_for_external_event(str(Event.DECISION))
        self.taken = ctx.wait_for_external_event(str(Event.ACKNOWLEDGED))
        self.deadline = ctx.create_timer(timedelta(minutes=timing.approval_deadline_minutes))
        waits = {REMINDER: timing.reminder_minutes, ESCALATION: timing.escalate_minutes}
        self._nudges: dict[str, task.CancellableTask[Any]] = {
            phase: ctx.create_timer(timedelta(minutes=minutes))
            for phase, minutes in waits.items()
            if minutes is not None and minutes < timing.approval_deadline_minutes
        }
        self._nudged_at: dict[str, datetime] = {}
        self._sending: list[task.Task[Any]] = []
        self._messages: list[Json] = []
        self._is_taken = False

    def asked(self) -> Asked:
        """Return the question as the record tells it."""
        decided = self._standing.decided
        return Asked(
            at=self._at,
            answer_by=self._answer_by,
            on_silence=on_silence(decided),
            two_persons=decided.two_persons,
            first_answer=self.first_answer,
            reminded_at=self._nudged_at.get(REMINDER),
            escalated_at=self._nudged_at.get(ESCALATION),
        )

    def pending(self) -> list[task.Task[Any]]:
        """Return what this question waits for."""
        return [
            self.answer,
            self.taken,
            self.deadline,
            *self._nudges.values(),
            *(one for one in self._sending if not one.is_complete),
        ]

    def next_answer(self) -> Any:
        """Return what was answered, and wait for the next answer."""
        data = self.answer.get_result()
        self.answer = self._ctx.wait_for_external_event(str(Event.DECISION))
        return data

    def next_taken(self) -> Any:
        """Return who has taken the case, and wait for the next."""
        data = self.taken.get_result()
        self.taken = self._ctx.wait_for_external_event(str(Event.ACKNOWLEDGED))
        return data

    def tell_again(self) -> Steps[None]:
        """Remind, or tell the second line, if it is time; each once."""
        for phase in [one for one, timer in self._nudges.items() if timer.is_complete]:
            del self._nudges[phase]
            self._nudged_at[phase] = utc_now(self._ctx)
            asked = self.asked()
            why = waiting_words(asked, utc_now(self._ctx))
            event = f"{'analysts reminded' if phase == REMINDER else 'escalated'}: {why}"
            yield from self._file.write(asked=asked.to_json(), timeline=timeline(self._ctx, event))
            self.tell(phase, why)

    def tell(self, phase: str, why: str) -> None:
        """Have people told, beside everything else: nobody who answers waits for a mail."""
        payload = {"case_id": self._standing.case.case_id, "phase": phase, "why": why}
        self._sending.append(
            self._ctx.call_sub_orchestrator(
                str(Orchestrator.TELL_AGAIN),
                input=payload,
                instance_id=f"{self._ctx.instance_id}:{phase}:{self._standing.questions}",
            )
        )

    def tell_taken(self, why: str) -> None:
        """Have people told, the first time, that somebody has taken the case."""
        if not self._is_taken:
            self._is_taken = True
            self.tell(TAKEN, why)

    def add_message(self, told: Json) -> None:
        """Remember messages that ask; ``told``: ``{"references": {channel: its id}}``."""
        if told.get("references") and told["references"] not in self._messages:
            self._messages.append(told["references"])

    def take_messages(self, *, wait: bool) -> Steps[list[Json]]:
        """Return the messages that still ask, and forget them; ``wait`` for those under way."""
        sent = [one for one in self._sending if wait or one.is_complete]
        self._sending = [one for one in self._sending if one not in sent]
        for done in (yield from settle(sent)):
            self.add_message(done.result or {})
        taken, self._messages = self._messages, []
        return taken

    def close(self) -> None:
        """Wait for nothing any more."""
        for one in (self.answer, self.taken, self.deadline, *self._nudges.values()):
            if not one.is_complete:
                one.cancel()
        self._nudges.clear()
