"""The blast radius: how many accounts the app may contain by itself before people take over.

A wrong detection, a wrong weight or an attacker who provokes alerts must not lock out a company.
More than a stated number of automatic containments within an hour trips the breaker: from then on
everything is asked, until a person resets it (DESIGN section 7).
"""

from datetime import timedelta

from pydantic import Field

from shared.models.base import Model, UtcDatetime

WINDOW = timedelta(hours=1)


class Contained(Model):
    """One case that contained by itself."""

    case_id: str
    at: UtcDatetime


class Tripped(Model):
    """Since when, and by which case, the breaker is open."""

    at: UtcDatetime
    case_id: str
    limit: int


class Reset(Model):
    """Who closed the breaker again, and why."""

    at: UtcDatetime
    by: str
    comment: str


class Breaker(Model):
    """What the breaker remembers; bounded by the limit."""

    recent: list[Contained] = Field(default_factory=list)
    tripped: Tripped | None = None
    held: int = 0
    """Cases held since it tripped."""
    last_reset: Reset | None = None


class Admission(Model):
    """Whether a case may contain by itself now."""

    admitted: bool
    first: bool = False
    """This case tripped the breaker: people are told once."""
    why: str = ""


def admit(
    breaker: Breaker, *, case_id: str, at: UtcDatetime, limit: int
) -> tuple[Breaker, Admission]:
    """Return the breaker after a case asked, and the answer; the same case again costs nothing.

    Args:
        breaker: its state now.
        case_id: the case that wants to contain by itself.
        at: when it asks, UTC.
        limit: containments allowed within ``WINDOW``.
    """
    if any(one.case_id == case_id for one in breaker.recent):
        return breaker, Admission(admitted=True)
    if breaker.tripped is not None:
        held = breaker.model_copy(update={"held": breaker.held + 1})
        return held, Admission(admitted=False, why=_why(breaker.tripped))
    recent = [one for one in breaker.recent if at - one.at < WINDOW]
    if len(recent) < limit:
        recent = [*recent, Contained(case_id=case_id, at=at)]
        return breaker.model_copy(update={"recent": recent}), Admission(admitted=True)
    tripped = Tripped(at=at, case_id=case_id, limit=limit)
    after = breaker.model_copy(update={"recent": recent, "tripped": tripped, "held": 1})
    return after, Admission(admitted=False, first=True, why=_why(tripped))


def reset(*, at: UtcDatetime, by: str, comment: str) -> Breaker:
    """Return the breaker closed again; the count starts anew."""
    return Breaker(last_reset=Reset(at=at, by=by, comment=comment))


def _why(tripped: Tripped) -> str:
    return (
        f"automatic containment is paused: {tripped.limit} accounts within an hour is the limit; "
        "a person decides until it is reset"
    )
