"""The clocks of one case: which run, when the next rings, and whom it calls.

Pure state, so that every boundary can be tested; ``orchestrators.service_levels`` keeps it alive.
A clock starts and stops by what the case says (``hear``); ``ring`` says what is to be told, once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.models.base import Json, parse_utc
from shared.models.sla import Escalated, Measure, SlaTargets, Tier

MISSED, WARNING = "missed", "warning"
_BY_QUESTION = "the question that is open reminds of it"
LEAST_NOTICE = 0.2
"""Share of the target that a case has at least before it is warned that nobody was told: one that
arrives late is about to tell people anyway."""


@dataclass
class Clock:
    """One measure that is running."""

    measure: Measure
    about: str
    """The measure; numbered, when it is measured again."""
    due_at: datetime
    warn_at: datetime | None
    target: timedelta
    warned: bool = False
    missed: bool = False

    def next_moment(self) -> datetime | None:
        """Return when there is something to say, or ``None``."""
        if self.missed:
            return None
        return self.due_at if self.warned or self.warn_at is None else self.warn_at

    def ring(self, now: datetime) -> str | None:
        """Return what is to be told now, and never again: ``missed``, ``warning`` or nothing."""
        if self.missed or now < (self.next_moment() or now):
            return None
        self.warned = True
        self.missed = now >= self.due_at
        return MISSED if self.missed else WARNING


class Clocks:
    """All clocks of a case."""

    def __init__(self, targets: SlaTargets, *, started_at: datetime, received_at: datetime) -> None:
        self.over = False
        self.any_missed = False
        self._targets = targets
        self._running: dict[Measure, Clock] = {}
        self._notified_at: datetime | None = None
        self._reviewed = False
        self._stopped: dict[Measure, Clock] = {}
        self._asking = False
        self._containing = False
        self._reopened = 0
        self._start(Measure.NOTIFICATION, started_at, not_before=received_at)
        self._start(Measure.REMEDIATION, started_at)
        first = self._running[Measure.NOTIFICATION]
        if first.due_at <= received_at:
            # Nobody here could have kept it; the record measures it, and calls nobody.
            first.warned = first.missed = True

    @property
    def notified(self) -> bool:
        """Whether people know of the case."""
        return self._notified_at is not None

    def next_moment(self) -> datetime | None:
        """Return when the next clock rings; ``None``: none does."""
        moments = [one.next_moment() for one in self._running.values()]
        return min((one for one in moments if one is not None), default=None)

    def is_due(self, now: datetime) -> bool:
        """Return whether a clock is to ring by ``now``."""
        moment = self.next_moment()
        return moment is not None and moment <= now

    def ring(self, now: datetime) -> list[Escalated]:
        """Return whom to call for what has become due by ``now``.

        A call with ``channels`` set is for the record alone: people hear of it otherwise.
        """
        calls = []
        for clock in self._running.values():
            kind = clock.ring(now)
            if kind is None:
                continue
            missed = kind == MISSED
            self.any_missed |= missed
            tier = Tier.L2 if missed and self._targets.second_line else Tier.L1
            why = _missed_words(clock) if missed else _warning_words(clock, now)
            call = Escalated(tier=tier, about=clock.about, kind=kind, at=now, why=why)
            if clock.measure is Measure.REVIEW and self._asking:
                call = call.model_copy(update={"why": f"{why}; {_BY_QUESTION}", "channels": {}})
            calls.append(call)
        return calls

    def hear(self, said: Json) -> None:
        """Take note of what the case says: ``{"what", "at", ...}``.

        ``notified`` (with ``containment_due``), ``contained``, ``handed_over``, ``reviewed``,
        ``asked`` (a question is open, which reminds by itself), ``answered``, ``closed``,
        ``not_closed`` (after all), ``reopened``, ``over``. Anything else changes nothing.
        """
        match said.get("what"):
            case "notified":
                self._hear_notified(parse_utc(said["at"]), bool(said.get("containment_due")))
            case "contained" | "handed_over":
                self._containing = True
                self._running.pop(Measure.CONTAINMENT, None)
            case "reviewed":
                self._reviewed = True
                self._running.pop(Measure.REVIEW, None)
            case "asked":
                self._asking = True
            case "answered":
                self._asking = False
            case "closed":
                self._stopped, self._running = self._running, {}
                self._reviewed = self._containing = True
            case "not_closed":
                self._running |= {
                    measure: clock
                    for measure, clock in self._stopped.items()
                    if measure in (Measure.REMEDIATION, Measure.REMEDIATION_AGAIN)
                }
            case "reopened":
                self._reopened += 1
                self._running.pop(Measure.REMEDIATION, None)
                self._start(Measure.REMEDIATION_AGAIN, parse_utc(said["at"]))
            case "over":
                self._running.clear()
                self.over = True

    def _hear_notified(self, at: datetime, containment_due: bool) -> None:
        self._running.pop(Measure.NOTIFICATION, None)
        first = self._notified_at is None
        since = at if self._notified_at is None else self._notified_at
        self._notified_at = since
        if first and not self._reviewed:
            self._start(Measure.REVIEW, since)
        if containment_due and not self._containing:
            self._containing = True
            self._start(Measure.CONTAINMENT, since)

    def _start(self, measure: Measure, at: datetime, *, not_before: datetime | None = None) -> None:
        target = timedelta(seconds=self._targets.seconds(measure))
        due, share = at + target, self._targets.warn_share
        warn = at + target * share if share is not None else None
        if warn is not None and not_before is not None:
            warn = max(warn, not_before + target * LEAST_NOTICE)
        again = f":{self._reopened}" if measure is Measure.REMEDIATION_AGAIN else ""
        self._running[measure] = Clock(
            measure=measure,
            about=f"{measure}{again}",
            due_at=due,
            warn_at=warn if warn is not None and warn < due else None,
            target=target,
        )


_MISSED_WORDS = {
    Measure.NOTIFICATION: "nobody was told within {target} of the detection",
    Measure.CONTAINMENT: "nothing was contained within {target} of people being told",
    Measure.REVIEW: "nobody has taken the case within {target} of being told",
    Measure.REMEDIATION: "the case was not closed within {target} of the detection",
    Measure.REMEDIATION_AGAIN: "the case was not closed within {target} of the sign-in that the "
    "containment did not stop",
}
_WARNING_WORDS = {
    Measure.NOTIFICATION: "there is no verdict yet, facts are still gathered; people are to know "
    "of the case by {due}",
    Measure.CONTAINMENT: "nothing is contained yet; the target ends at {due}, in {left}",
    Measure.REVIEW: "nobody has taken the case yet; take it on its page by {due}, in {left}",
    Measure.REMEDIATION: "the case is not closed yet; the target ends at {due}, in {left}",
    Measure.REMEDIATION_AGAIN: "the case is not closed yet, after its containment did not hold; "
    "the target ends at {due}, in {left}",
}


def _missed_words(clock: Clock) -> str:
    return _MISSED_WORDS[clock.measure].format(target=_duration(clock.target))


def _warning_words(clock: Clock, now: datetime) -> str:
    due = f"{clock.due_at:%Y-%m-%d %H:%M UTC}"
    return _WARNING_WORDS[clock.measure].format(due=due, left=_duration(clock.due_at - now))


def _duration(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 120:
        return f"{minutes} minute{'' if minutes == 1 else 's'}"
    return f"{minutes / 60:.1f}".removesuffix(".0") + " hours"
