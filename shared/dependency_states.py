"""How each vendor answered last, for the health route.

A call's end is remembered where it is made, at no cost. What is new about a vendor is written to
the case container now and then, because in the cloud the functions that call vendors and the one
that answers the health route run on different instances. No vendor is called for any of it.
"""

from datetime import UTC, datetime, timedelta

from shared.models.dependency import FAILING, WORKING, Seen
from shared.models.measurement import VENDORS, Outcome

_FAILURES = {
    Outcome.THROTTLED,
    Outcome.RETRYABLE,
    Outcome.PERMISSION_DENIED,
    Outcome.UNEXPECTED,
}
"""Anything else is an answer: also that there is no such user."""
WRITE_AGAIN = timedelta(minutes=5)
"""How often an unchanged state is written, at most, by one process."""
CHANGE_AGAIN = timedelta(seconds=15)
"""How often a state that changes is."""


class Memory:
    """The states that this process has seen, and which of them are to be written; bounded."""

    def __init__(self) -> None:
        self._seen: dict[str, Seen] = {}
        self._written: dict[str, Seen] = {}

    def note(self, vendor: str, outcome: Outcome, *, now: datetime | None = None) -> None:
        """Remember how a call ended."""
        if vendor not in VENDORS or outcome is Outcome.NOT_CONFIGURED:
            return
        at = now or datetime.now(UTC)
        failing = outcome in _FAILURES
        state, error = (FAILING, str(outcome)) if failing else (WORKING, None)
        before = self._seen.get(vendor)
        since = before.since if before and before.state == state else at
        self._seen[vendor] = Seen(state, since, at, error)

    def seen(self) -> dict[str, Seen]:
        """Return what this process knows."""
        return dict(self._seen)

    def take_due(self, *, now: datetime | None = None) -> dict[str, Seen]:
        """Return what is to be written now; it counts as written."""
        at = now or datetime.now(UTC)
        due = {name: one for name, one in self._seen.items() if self._is_due(name, one, at)}
        self._written |= due
        return due

    def _is_due(self, vendor: str, one: Seen, now: datetime) -> bool:
        before = self._written.get(vendor)
        if before is None:
            return True
        changed = one.state != before.state
        return one.at > before.at and now - before.at >= (CHANGE_AGAIN if changed else WRITE_AGAIN)

    def forget(self) -> None:
        """Know nothing again; for tests."""
        self._seen.clear()
        self._written.clear()


memory = Memory()
"""This process's own."""
