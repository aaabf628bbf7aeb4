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
from shared.models.sla import Escalated, Tier
from shared.playbook.planning.block_answer import why_no_block
from shared.playbook.planning.nudges import ESCALATION, REMINDER, nudge_minutes
from shared.playbook.planning.silence import on_silence
from shared.playbook.reporting.question_text import waiting_words

SECOND, TAKEN = "second_needed", "acknowledged"
"""Phases in which people are told beside reminder and escalation: who has to, and who looks."""


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
        decided = standing.decided
        self.blockable_address = decided.blockable_address
        """Of when it was asked: another, by a later judgement, nobody has been shown."""
        self._address = decided.blockable_address or decided.address
        self._why_no_block = why_no_block(decided, self._address)
        self.first_answer: Decision | None = None
        self.answer = ctx.wait_for_external_event(str(Event.DECISION))
        self.taken = ctx.wait_for_external_event(str(Event.ACKNOWLEDGED))
        self.closing = ctx.wait_for_external_event(str(Event.CLOSED))
        self.deadline = ctx.create_timer(timedelta(minutes=timing.approval_deadline_minutes))
        self._nudges = self._timers(reviewed=standing.clocks.reviewed)
        self._nudged_at: dict[str, datetime] = {}
        self._sending: list[task.Task[Any]] = []
        self._messages: list[Json] = []
        self._is_taken = False

    def _timers(self, *, reviewed: bool) -> dict[str, task.CancellableTask[Any]]:
        now = utc_now(self._ctx)
        wanted = nudge_minutes(self._standing.case.timing, reviewed=reviewed)
        moments = {phase: self._at + timedelta(minutes=number) for phase, number in wanted.items()}
        return {
            phase: self._ctx.create_timer(max(moment - now, timedelta(0)))
            for phase, moment in moments.items()
        }

    def taken_over(self) -> None:
        """Somebody has taken the case: people hear again at the question's own times only."""
        left = [phase for phase, timer in self._nudges.items() if not timer.is_complete]
        if self._standing.clocks.reviewed or not left:
            return
        for phase in left:
            self._nudges.pop(phase).cancel()
        own = self._timers(reviewed=True)
        for phase, timer in own.items():
            if phase in left:
                self._nudges[phase] = timer
            else:
                timer.cancel()

    def asked(self) -> Asked:
        """Return the question as the record tells it."""
        decided = self._standing.decided
        return Asked(
            at=self._at,
            answer_by=self._answer_by,
            on_silence=on_silence(decided),
            two_persons=decided.two_persons,
            first_answer=self.first_answer,
            address=self._address,
            why_no_block=self._why_no_block or why_no_block(decided, self._address),
            reminded_at=self._nudged_at.get(REMINDER),
            escalated_at=self._nudged_at.get(ESCALATION),
        )

    def pending(self) -> list[task.Task[Any]]:
        """Return what this question waits for."""
        return [
            self.answer,
            self.taken,
            self.closing,
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

    def next_closing(self) -> Any:
        """Return who wanted to close the case, and wait for the next."""
        data = self.closing.get_result()
        self.closing = self._ctx.wait_for_external_event(str(Event.CLOSED))
        return data

    def tell_again(self) -> Steps[None]:
        """Remind, or tell the second line, if it is time; each once."""
        for phase in [one for one, timer in self._nudges.items() if timer.is_complete]:
            del self._nudges[phase]
            self._nudged_at[phase] = utc_now(self._ctx)
            asked = self.asked()
            why = waiting_words(asked, utc_now(self._ctx))
            event = f"{'analysts reminded' if phase == REMINDER else 'escalated'}: {why}"
            call = _call(phase, utc_now(self._ctx), why)
            yield from self._file.write(
                asked=asked.to_json(),
                sla={"escalations": [call]},
                timeline=timeline(self._ctx, event),
            )
            self.tell(phase, why, call)

    def tell(self, phase: str, why: str, escalated: Json | None = None) -> None:
        """Have people told, beside everything else: nobody who answers waits for a mail."""
        payload: Json = {"case_id": self._standing.case.case_id, "phase": phase, "why": why}
        if escalated is not None:
            payload["escalated"] = escalated
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
        events = (self.answer, self.taken, self.closing)
        for one in (*events, self.deadline, *self._nudges.values()):
            if not one.is_complete:
                one.cancel()
        self._nudges.clear()


def _call(phase: str, at: datetime, why: str) -> Json:
    """Return what the record keeps of a reminder or an escalation of a question."""
    tier, kind = (Tier.L1, "warning") if phase == REMINDER else (Tier.L2, "unanswered")
    return Escalated(tier=tier, about="decision", kind=kind, at=at, why=why).to_json()
