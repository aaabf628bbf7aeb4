"""What one case's lines of the ledger say about its time.

A line is written when the vendor has done its work, after the added latency, so a call began at
``at - latency`` or earlier.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lab.errors import LabError
from shared.models.base import Json

DIRECTORY = "entra"
_STATE_FIELD = "signInSessionsValidFromDateTime"
_PROFILE_FIELD = "displayName"
_RULES = ("messageRules.list", "mailFolders.get")
_INDEPENDENT = ("log_analytics",)
"""Vendors whose calls never need one another's answers: every query is known beforehand."""


@dataclass(frozen=True)
class CaseCalls:
    """The vendor calls of one case until its containment was verified."""

    verified_at: datetime
    count: int
    chain: int
    """Calls on the longest chain in which each needs the answer of the one before."""
    containing: int
    """Those of them from the verdict on."""
    acted_at: datetime
    """When the last action on the account itself was accepted: password, sessions."""


def read_calls(lines: Sequence[Json], latency: float) -> CaseCalls:
    """Read the calls of one case, in the ledger's order, made with ``latency`` seconds each.

    The chain has two parts. Until the decision, everything is gathered at once, so it is the
    longest chain at one vendor. From the first read of the account's state on, one call follows the
    other by design: state, action, read-back; rules, action, read-back. What runs at the same time
    counts once.

    Raises:
        LabError: the account was not contained, or account or rules not read back afterwards.
    """
    directory = [line for line in lines if line["vendor"] == DIRECTORY]
    states = [line for line in directory if _is_state_read(line)]
    if not states:
        raise LabError("a case of the bench was not contained")
    first = states[0]
    rules = [line for line in directory if line["operation"] in _RULES]
    acts = [line for line in directory if line["effect"]]
    for reads, effects in (
        (states, [line for line in acts if not _is_rule(line)]),
        (rules, [line for line in acts if _is_rule(line)]),
    ):
        if effects and (not reads or reads[-1]["seq"] < effects[-1]["seq"]):
            raise LabError("a case of the bench was contained and not read back")
    if all(_is_rule(line) for line in acts):
        raise LabError("a case of the bench was not contained")
    contained = [line for line in (*states, *rules, *acts) if line["seq"] >= first["seq"]]
    verified_at = max(ended_at(line) for line in contained)
    decided = ended_at(first) - timedelta(seconds=latency)
    gathered = [line for line in lines if ended_at(line) <= decided]
    chain = longest_chain(map(ended_at, contained), latency)
    return CaseCalls(
        verified_at=verified_at,
        count=sum(ended_at(line) < verified_at + timedelta(seconds=latency) for line in lines),
        chain=_gathering_chain(gathered, latency) + chain,
        containing=chain,
        acted_at=max(ended_at(line) for line in acts if not _is_rule(line)),
    )


def ended_at(line: Json) -> datetime:
    """Return when the vendor answered."""
    return datetime.fromisoformat(line["at"])


def longest_chain(ends: Iterable[datetime], latency: float) -> int:
    """Return the most calls of which each began after the one before had ended."""
    chain, free = 0, None
    for end in sorted(ends):
        if free is None or end - timedelta(seconds=latency) >= free:
            chain, free = chain + 1, end
    return chain


def _gathering_chain(lines: Iterable[Json], latency: float) -> int:
    ends: dict[str, list[datetime]] = defaultdict(list)
    for line in lines:
        ends[line["vendor"]].append(ended_at(line))
    return max(
        (
            1 if name in _INDEPENDENT else longest_chain(found, latency)
            for name, found in ends.items()
        ),
        default=0,
    )


def _is_rule(line: Json) -> bool:
    return str(line["operation"]).startswith("messageRules.")


def _is_state_read(line: Json) -> bool:
    """Tell a read of the account's state, as before and after an action, from the profile's."""
    fields = str(line.get("query", {}).get("$select", ""))
    return (
        line["vendor"] == DIRECTORY
        and line["operation"] == "users.get"
        and _STATE_FIELD in fields
        and _PROFILE_FIELD not in fields
    )
