"""What vendors answered while something was found out, for the evidence.

Nothing is written here: whoever opens a :func:`hearing` gets the answers as the adapters got them,
and keeps them when it has time. Answers that prove who we are, or are ours, are never heard.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime

_UNHEARD = frozenset(
    {
        *("blob", "block_list", "email", "graph_mail", "communication_services"),
        *("slack", "teams", "pagerduty", "servicenow", "jira", "google_secops_soar"),
    }
)
"""Where the case itself is kept and told, not asked about."""
_SECRET = ("token", "temporaryaccesspass")
"""In an operation's name: its answer opens something."""


@dataclass(frozen=True)
class Heard:
    """One answer of a vendor."""

    vendor: str
    operation: str
    at: datetime
    answer: object
    """As the adapter has it: a model, or status and body."""


_hearing: ContextVar[list[Heard] | None] = ContextVar("hearing", default=None)


@contextmanager
def hearing() -> Iterator[list[Heard]]:
    """Collect every vendor's answer to what is asked within, also by tasks that are started."""
    heard: list[Heard] = []
    token = _hearing.set(heard)
    try:
        yield heard
    finally:
        _hearing.reset(token)


def hear(vendor: str, operation: str, answer: object) -> None:
    """Note an answer for whoever listens; nobody: nothing happens."""
    heard = _hearing.get()
    if heard is None or vendor in _UNHEARD or any(one in operation.lower() for one in _SECRET):
        return
    heard.append(Heard(vendor, operation, datetime.now(UTC), answer))
