"""The blast radius: how many accounts the app may contain by itself before people take over.

A wrong detection, a wrong weight or an attacker who provokes alerts must not lock out a company.
Four limits: accounts within an hour, privileged accounts within an hour, and of both a share of the
directory within 24 hours, which stops a slow storm that no hour shows. Whichever is passed first
trips the breaker: from then on everything is asked, until a person resets it (DESIGN section 7).
"""

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from shared.models.base import Model, UtcDatetime
from shared.models.policy import Limits

HOUR, DAY = timedelta(hours=1), timedelta(hours=24)


class Limit(StrEnum):
    """What the breaker tripped at, by the names of the policy's ``limits``."""

    ACCOUNTS = "automatic_per_hour"
    PRIVILEGED = "privileged_per_hour"
    SHARE = "directory_share_percent"
    PRIVILEGED_SHARE = "privileged_share_percent"


class Contained(Model):
    """One case that contained by itself."""

    case_id: str
    at: UtcDatetime
    privileged: bool = False


class Earlier(Model):
    """How many did so in one hour of the clock that is over."""

    hour: UtcDatetime
    count: int
    privileged: int = 0
    """Of these, privileged accounts."""


class Tripped(Model):
    """Since when, by which case and at which limit the breaker is open."""

    at: UtcDatetime
    case_id: str
    limit: int
    """How many accounts were allowed."""
    which: Limit = Limit.ACCOUNTS
    users: int | None = None
    """Enabled or privileged users, of whom ``limit`` is the share."""


class Reset(Model):
    """Who closed the breaker again, and why."""

    at: UtcDatetime
    by: str
    comment: str
    recorded_in: str | None = None
    """The case whose timeline says so; ``None``: no case that it concerned has a record."""


class Breaker(Model):
    """What the breaker remembers: at most the limit of an hour, and a number for 25 hours each."""

    recent: list[Contained] = Field(default_factory=list)
    """The last hour's."""
    earlier: list[Earlier] = Field(default_factory=list)
    """Those before. An hour counts until its end is 24 hours ago."""
    tripped: Tripped | None = None
    held: int = 0
    """Cases held since it tripped."""
    last_reset: Reset | None = None

    def within_a_day(self) -> int:
        """Return how many accounts were contained in the last 24 hours, rounded up."""
        return len(self.recent) + sum(one.count for one in self.earlier)

    def privileged_within_a_day(self) -> int:
        """Return how many of them were privileged."""
        recent = sum(one.privileged for one in self.recent)
        return recent + sum(one.privileged for one in self.earlier)


class Asked(Model):
    """A case asks whether it may contain by itself now."""

    case_id: str
    at: UtcDatetime
    limits: Limits = Field(default_factory=Limits)
    users: int | None = None
    """Enabled users of the directory; ``None``: not known, then only an hour's limits hold."""
    privileged_users: int | None = None
    """Who holds a role or may activate one; ``None``: not known, likewise."""
    privileged: bool = False
    counted: bool = False
    """The case was let through before, with an account of this kind: that was counted then."""
    held: bool = False
    """The case was held before: it is not another one."""


class Admission(Model):
    """Whether a case may contain by itself now."""

    admitted: bool
    first: bool = False
    """This case tripped the breaker: people are told once."""
    why: str = ""


def admit(breaker: Breaker, asked: Asked) -> tuple[Breaker, Admission]:
    """Return the breaker after a case asked, and the answer.

    The same case again costs nothing, but a limit that is 0 by now holds for it, too.
    """
    breaker = as_of(breaker, asked.at)
    if breaker.tripped is not None:
        held = breaker.held + (not asked.held)
        after = breaker.model_copy(update={"held": held})
        return after, Admission(admitted=False, why=_why(breaker.tripped))
    if (asked.counted or _counts(breaker, asked)) and not _nobody_may(asked):
        return breaker, Admission(admitted=True)
    tripped = _passed(breaker, asked)
    if tripped is not None:
        after = breaker.model_copy(update={"tripped": tripped, "held": 1})
        return after, Admission(admitted=False, first=True, why=_why(tripped))
    one = Contained(case_id=asked.case_id, at=asked.at, privileged=asked.privileged)
    others = [known for known in breaker.recent if known.case_id != asked.case_id]
    return breaker.model_copy(update={"recent": [*others, one]}), Admission(admitted=True)


def allowed_within_a_day(percent: float, users: int | None, per_hour: int) -> int | None:
    """Return how many accounts 24 hours allow; ``None`` when nobody knows how many users there are.

    Never fewer than one hour allows: in a small company one per cent is nobody, and the storm that
    the share stops is the one that no hour shows.
    """
    if users is None:
        return None
    return max(int(Decimal(str(percent)) * users / 100), per_hour)


def as_of(breaker: Breaker, now: datetime) -> Breaker:
    """Return the breaker with what is over an hour old as numbers, and without what is over a day.

    The numbers are kept by the hour of the clock, so that the state stays small whatever happens.
    """
    hours = {one.hour: one for one in breaker.earlier}
    for one in breaker.recent:
        if now - one.at >= HOUR:
            hour = one.at.replace(minute=0, second=0, microsecond=0)
            known = hours.get(hour, Earlier(hour=hour, count=0))
            hours[hour] = Earlier(
                hour=hour, count=known.count + 1, privileged=known.privileged + one.privileged
            )
    earlier = [one for hour, one in sorted(hours.items()) if now - hour < DAY + HOUR]
    recent = [one for one in breaker.recent if now - one.at < HOUR]
    return breaker.model_copy(update={"recent": recent, "earlier": earlier})


def reset(*, at: datetime, by: str, comment: str, recorded_in: str | None = None) -> Breaker:
    """Return the breaker closed again; all counts start anew."""
    return Breaker(last_reset=Reset(at=at, by=by, comment=comment, recorded_in=recorded_in))


def _nobody_may(asked: Asked) -> bool:
    """Return whether a limit is 0: then nothing is done without asking, whoever was counted."""
    limits = asked.limits
    return not limits.automatic_per_hour or (asked.privileged and not limits.privileged_per_hour)


def _counts(breaker: Breaker, asked: Asked) -> bool:
    return any(
        one.case_id == asked.case_id and one.privileged >= asked.privileged
        for one in breaker.recent
    )


def _passed(breaker: Breaker, asked: Asked) -> Tripped | None:
    """Return the limit that this case would pass, if any."""
    others = [one for one in breaker.recent if one.case_id != asked.case_id]
    without = breaker.model_copy(update={"recent": others})
    limits, hour = asked.limits, asked.limits.automatic_per_hour
    day = allowed_within_a_day(limits.directory_share_percent, asked.users, hour)
    checks: list[tuple[Limit, int, int | None, int | None]] = [
        (Limit.ACCOUNTS, len(others), hour, None),
        (Limit.SHARE, without.within_a_day(), day, asked.users),
    ]
    if asked.privileged:
        of, most = asked.privileged_users, limits.privileged_per_hour
        share = allowed_within_a_day(limits.privileged_share_percent, of, most)
        checks[1:1] = [(Limit.PRIVILEGED, sum(one.privileged for one in others), most, None)]
        checks.append((Limit.PRIVILEGED_SHARE, without.privileged_within_a_day(), share, of))
    for which, count, allowed, users in checks:
        if allowed is not None and count >= allowed:
            return Tripped(
                at=asked.at, case_id=asked.case_id, limit=allowed, which=which, users=users
            )
    return None


def _why(tripped: Tripped) -> str:
    noun = "account" if tripped.limit == 1 else "accounts"
    texts = {
        Limit.ACCOUNTS: f"{tripped.limit} {noun} within an hour is the limit",
        Limit.PRIVILEGED: f"{tripped.limit} privileged {noun} within an hour is the limit",
        Limit.SHARE: f"{tripped.limit} {noun} within 24 hours is the limit for a directory of "
        f"{tripped.users} enabled users",
        Limit.PRIVILEGED_SHARE: f"{tripped.limit} privileged {noun} within 24 hours is the limit "
        f"for {tripped.users} privileged users",
    }
    return (
        f"automatic containment is paused: {texts[tripped.which]} (limits.{tripped.which}); a "
        "person decides until it is reset"
    )
