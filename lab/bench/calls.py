"""What one case's lines of the ledger say about its time.

A line is written when the vendor has done its work, after the added latency, so a call began at
``at - latency`` or earlier.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lab.bench.needs import DIRECTORY, is_rule, is_state_read
from lab.errors import LabError
from shared.models.base import Json

_RULES = ("messageRules.list", "mailFolders.get")
_INDEPENDENT = ("log_analytics",)
"""Vendors whose calls never need one another's answers: every query is known beforehand."""


type Latencies = Mapping[str, float]
"""Seconds that a vendor's answer takes, by vendor; ``*``: every other one."""


@dataclass(frozen=True)
class Steps:
    """Calls as the app sent them: those of a step were under way together.

    A step may wait for the one before without need; what needs what says ``lab.bench.needs``.
    """

    gathering: list[list[list[Json]]]
    """By vendor, the steps one after the other; the vendors do not wait for one another."""
    containing: list[list[Json]]
    """From the first read of the account's state on."""

    @property
    def length(self) -> int:
        """Calls on the longest chain in which each was sent after the answer of the one before."""
        return max(map(len, self.gathering), default=0) + len(self.containing)


@dataclass(frozen=True)
class CaseCalls:
    """The vendor calls of one case until its containment was verified."""

    verified_at: datetime
    count: int
    steps: Steps
    gathered: list[Json]
    """Those answered before the first read of the account's state."""
    contained: list[Json]
    """From then on, those about the account's state and its inbox rules."""
    acted_at: datetime
    """When the last action on the account itself was accepted: password, sessions."""


def seconds_of(latencies: Latencies, vendor: str) -> float:
    """Return how long a vendor's answer takes."""
    return latencies.get(vendor, latencies.get("*", 0.0))


def read_calls(lines: Sequence[Json], latencies: Latencies) -> CaseCalls:
    """Read the calls of one case, in the ledger's order.

    The steps have two parts. Until the decision, everything is gathered at once, so they are the
    longest chain at one vendor. From the first read of the account's state on, they are in the
    order in which the app sent them. What runs at the same time counts once.

    Raises:
        LabError: the account was not contained, or account or rules not read back afterwards.
    """
    directory = [line for line in lines if line["vendor"] == DIRECTORY]
    states = [line for line in directory if is_state_read(line)]
    if not states:
        raise LabError("a case of the bench was not contained")
    first = states[0]
    rules = [line for line in directory if line["operation"] in _RULES]
    acts = [line for line in directory if line["effect"]]
    for reads, effects in (
        (states, [line for line in acts if not is_rule(line)]),
        (rules, [line for line in acts if is_rule(line)]),
    ):
        if effects and (not reads or reads[-1]["seq"] < effects[-1]["seq"]):
            raise LabError("a case of the bench was contained and not read back")
    if all(is_rule(line) for line in acts):
        raise LabError("a case of the bench was not contained")
    contained = [line for line in (*states, *rules, *acts) if line["seq"] >= first["seq"]]
    verified_at = max(ended_at(line) for line in contained)
    decided = _began_at(first, latencies)
    gathered = [line for line in lines if ended_at(line) <= decided]
    return CaseCalls(
        verified_at=verified_at,
        count=sum(_began_at(line, latencies) < verified_at for line in lines),
        steps=Steps(
            gathering=_by_vendor(gathered, latencies), containing=in_steps(contained, latencies)
        ),
        gathered=gathered,
        contained=contained,
        acted_at=max(ended_at(line) for line in acts if not is_rule(line)),
    )


def ended_at(line: Json) -> datetime:
    """Return when the vendor answered."""
    return datetime.fromisoformat(line["at"])


def _began_at(line: Json, latencies: Latencies) -> datetime:
    return ended_at(line) - timedelta(seconds=seconds_of(latencies, line["vendor"]))


def in_steps(lines: Iterable[Json], latencies: Latencies) -> list[list[Json]]:
    """Return calls as few steps: one begins with the first call after the last step's first end."""
    steps: list[list[Json]] = []
    free: datetime | None = None
    for line in sorted(lines, key=ended_at):
        if free is None or _began_at(line, latencies) >= free:
            steps.append([])
            free = ended_at(line)
        steps[-1].append(line)
    return steps


def _by_vendor(lines: Iterable[Json], latencies: Latencies) -> list[list[list[Json]]]:
    found: dict[str, list[Json]] = defaultdict(list)
    for line in lines:
        found[line["vendor"]].append(line)
    return [
        [calls] if name in _INDEPENDENT else in_steps(calls, latencies)
        for name, calls in found.items()
    ]
