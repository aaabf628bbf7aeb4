"""When an account signed in around an attack, counted per address: what a page can plot.

Counts in a bounded number of slots instead of events: a case may hold thousands of failures, and
this crosses the durable boundary.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from pydantic import Field

from shared.models.base import Model, UtcDatetime
from shared.models.signin import SignIn
from shared.playbook.sign_ins.detection import distinct_attempts, source_of
from shared.playbook.sign_ins.models import SignInAnalysis

SLOTS = 60
"""Slots of equal length; more cannot be told apart on a phone."""
MOST_ADDRESSES = 5
"""Addresses kept: the suspicious one, then those with most sign-ins."""
MARGIN_SHARE = 0.15
LEAST_MARGIN = timedelta(minutes=3)


class AddressTimes(Model):
    """Sign-ins from one address: ``[slot, number]`` for every slot that has any."""

    address: str
    suspicious: bool
    failed: list[tuple[int, int]] = Field(default_factory=list)
    succeeded: list[tuple[int, int]] = Field(default_factory=list)


class SignInTimes(Model):
    """Sign-ins from ``start`` to ``end`` in ``slots`` equal slots, the suspicious address first."""

    start: UtcDatetime
    end: UtcDatetime
    slots: int = SLOTS
    addresses: list[AddressTimes]
    other_addresses: int = 0
    """Addresses with sign-ins in this time that are not listed."""


def sign_in_times(events: Iterable[SignIn], analysis: SignInAnalysis) -> SignInTimes | None:
    """Return the sign-ins around the attack, ``None`` when there is nothing to show.

    The time shown reaches from the first guess (without guesses: from the last login elsewhere) to
    the last guess or the success, with a margin on both sides.
    """
    span = _attack(analysis)
    if span is None:
        return None
    margin = max((span[1] - span[0]) * MARGIN_SHARE, LEAST_MARGIN)
    start, end = span[0] - margin, span[1] + margin
    failed: dict[str, Counter[int]] = {}
    succeeded: dict[str, Counter[int]] = {}
    for event in distinct_attempts(events):
        if start <= event.at < end:
            slot = int((event.at - start) / (end - start) * SLOTS)
            side = succeeded if event.succeeded else failed
            side.setdefault(source_of(event) or "no address", Counter())[slot] += 1
    suspicious = analysis.suspicious_address

    def rank(address: str) -> tuple[bool, int, str]:
        total = failed.get(address, Counter()).total() + succeeded.get(address, Counter()).total()
        return address != suspicious, -total, address

    addresses = sorted({*failed, *succeeded}, key=rank)
    if not addresses:
        return None
    rows = [
        AddressTimes(
            address=address,
            suspicious=address == suspicious,
            failed=sorted(failed.get(address, Counter()).items()),
            succeeded=sorted(succeeded.get(address, Counter()).items()),
        )
        for address in addresses[:MOST_ADDRESSES]
    ]
    others = max(0, len(addresses) - MOST_ADDRESSES)
    return SignInTimes(start=start, end=end, addresses=rows, other_addresses=others)


def _attack(analysis: SignInAnalysis) -> tuple[datetime, datetime] | None:
    success = analysis.successful_login_details
    run = analysis.guessing_run
    times = [success.time] if success else []
    if run:
        times += [run.first_failure_at, run.last_failure_at]
    elif success and analysis.last_known_logon_time:
        times.append(analysis.last_known_logon_time)
    return (min(times), max(times)) if times else None
