"""What a chaos run did without storage, as it did not answer in time: the workers say so.

Actions went on without a claim, incidents got cases of their own.

The one thing that a chaos run takes from the app's own log. A storage outage of the plan is known
without it; on a machine with too little CPU, storage or the worker itself is late by itself, and
nothing but the worker's own clock knows of that.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_LINE = re.compile(
    r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),(\d{3}) WARNING tourniquet\.activities: "
    r"(\w+) of (\S+) is not claimed: .*no answer within "
)
"""``activities.tries`` and ``shared.providers.retry``."""
_APART = re.compile(
    r"^\S+ \S+ WARNING tourniquet\.triggers: (\S+) is not looked up among open cases: "
)
"""``triggers.joining``."""


@dataclass(frozen=True)
class Unclaimed:
    """A try that went on without its claim."""

    case_id: str
    action: str
    at: datetime


def unclaimed(logs: Iterable[Path], case_ids: Iterable[str]) -> list[Unclaimed]:
    """Return the tries of these cases whose claim got no answer, in no order.

    Args:
        logs: the workers'; their times are local ones.
        case_ids: of the round.
    """
    wanted = frozenset(case_ids)
    return [one for log in logs for one in _read(log) if one.case_id in wanted]


def apart(logs: Iterable[Path], case_ids: Iterable[str]) -> frozenset[str]:
    """Return those of these cases that were not looked up among the open ones of their account."""
    found: set[str] = set()
    for log in logs:
        with log.open(encoding="utf-8", errors="replace") as lines:
            found |= {one[1] for line in lines if (one := _APART.match(line))}
    return frozenset(case_ids) & found


def _read(log: Path) -> Iterator[Unclaimed]:
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if found := _LINE.match(line):
                at, milliseconds, action, case_id = found.groups()
                moment = datetime.fromisoformat(f"{at}.{milliseconds}").astimezone(UTC)
                yield Unclaimed(case_id, action, moment)
