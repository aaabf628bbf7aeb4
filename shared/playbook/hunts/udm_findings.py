"""What makes findings of UDM events: a search only selects, so counting is done here.

Each judgement gets events in order of time and returns the events that stand for its findings, the
latest of each, with what was counted under ``counted``.
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from shared.models.base import Json, format_utc, parse_utc

type Events = Sequence[Json]
type Judge = Callable[[Events], list[Json]]

COUNTED = "counted"
"""Name of what was counted."""
_PATH = r"[a-z_][a-z0-9_.]*"


def judge(finding: str) -> Judge:
    """Return what makes findings of events; the words are listed in ``hunts.udm``.

    Raises:
        ValueError: there is no such judgement.
    """
    for expression, make in _JUDGES:
        if match := re.fullmatch(expression, finding):
            return make(match)
    raise ValueError(f"no such finding: {finding!r}")


def values_at(event: Json, path: str) -> list[Any]:
    """Return the values at a UDM path (``principal.ip``), of every element of repeated fields."""
    found: list[Any] = [event]
    for part in path.split("."):
        name = _camel(part)
        found = [
            inner
            for one in found
            if isinstance(one, dict)
            for value in [one.get(name, one.get(part))]
            for inner in (value if isinstance(value, list) else [value])
            if inner is not None
        ]
    return found


def time_of(event: Json) -> datetime:
    """Return when an event happened.

    Raises:
        ValueError: it does not say so.
    """
    times = values_at(event, "metadata.event_timestamp")
    if not times:
        raise ValueError("an event without a time")
    return parse_utc(str(times[0]))


def _each(_: re.Match[str]) -> Judge:
    return list


def _burst(match: re.Match[str]) -> Judge:
    least, path = int(match["least"]), match["path"]
    window = timedelta(minutes=int(match["minutes"]))

    def most(events: Events) -> tuple[int, Events]:
        """Return the largest number of different values in a window, and the window."""
        values = [[str(one) for one in values_at(event, path)] for event in events]
        seen: Counter[str] = Counter()
        begin, best, span = 0, 0, (0, -1)
        for first, last in _windows(events, window):
            seen.update(values[last])
            for value in (value for gone in values[begin:first] for value in gone):
                seen[value] -= 1
                if not seen[value]:
                    del seen[value]
            begin = first
            if len(seen) > best:
                best, span = len(seen), (first, last)
        return best, events[span[0] : span[1] + 1]

    def findings(events: Events) -> list[Json]:
        found = []
        for group, own in _grouped(events, match["by"]):
            count, span = most(own)
            if count >= least:
                found.append(_counted(span, counted=count, By=group))
        return found

    return findings


def _bytes(match: re.Match[str]) -> Judge:
    limit, path = int(match["most"]), match["path"]
    window = timedelta(minutes=int(match["minutes"]))

    def findings(events: Events) -> list[Json]:
        found = []
        for group, own in _grouped(events, match["by"]):
            sizes = [sum(int(value) for value in values_at(one, path)[:1]) for one in own]
            sums = [0]
            for size in sizes:
                sums.append(sums[-1] + size)
            best, first, last = max(
                (
                    (sums[last + 1] - sums[first], first, last)
                    for first, last in _windows(own, window)
                ),
            )
            if best > limit:
                found.append(_counted(own[first : last + 1], counted=best, By=group))
        return found

    return findings


def _several(match: re.Match[str]) -> Judge:
    def findings(events: Events) -> list[Json]:
        groups = list(_grouped(events, match["path"]))
        return [_counted(own) for _, own in groups] if len(groups) >= int(match["least"]) else []

    return findings


def _unusual(match: re.Match[str]) -> Judge:
    def findings(events: Events) -> list[Json]:
        groups = {name: own for name, own in _grouped(events, match["path"]) if name}
        usual = min(groups, key=lambda name: (-len(groups[name]), name), default=None)
        return [_counted(own) for name, own in groups.items() if name != usual]

    return findings


def _failures(match: re.Match[str]) -> Judge:
    window = timedelta(minutes=int(match["minutes"]))

    def findings(events: Events) -> list[Json]:
        found = []
        for group, own in _grouped(events, match["path"]):
            failed = [one for one in own if not _succeeded(one)]
            times = [time_of(one) for one in failed]
            ids = [str(values_at(one, "metadata.product_log_id")) for one in failed]
            for event in filter(_succeeded, own):
                at = time_of(event)
                count = len({*ids[bisect_left(times, at - window) : bisect_right(times, at)]})
                if count >= int(match["least"]):
                    found.append(event | {"counted": {COUNTED: count, "By": group}})
        return found

    return findings


_JUDGES: tuple[tuple[str, Callable[[re.Match[str]], Judge]], ...] = (
    ("each", _each),
    (
        rf"burst of (?P<least>\d+) (?P<path>{_PATH})(?: by (?P<by>{_PATH}))?"
        r" within (?P<minutes>\d+) minutes",
        _burst,
    ),
    (
        rf"bytes over (?P<most>\d+) of (?P<path>{_PATH}) by (?P<by>{_PATH})"
        r" within (?P<minutes>\d+) minutes",
        _bytes,
    ),
    (rf"(?P<least>\d+) different (?P<path>{_PATH})", _several),
    (rf"not the usual (?P<path>{_PATH})", _unusual),
    (
        r"(?P<least>\d+) failures within (?P<minutes>\d+) minutes before a success by"
        rf" (?P<path>{_PATH})",
        _failures,
    ),
)


def _grouped(events: Events, path: str | None) -> Iterator[tuple[str, list[Json]]]:
    groups: defaultdict[str, list[Json]] = defaultdict(list)
    for event in events:
        values = values_at(event, path) if path else []
        groups[str(values[0]) if values else ""].append(event)
    yield from groups.items()


def _windows(events: Events, window: timedelta) -> Iterator[tuple[int, int]]:
    """Yield, for each event, the first and the last of the window that ends with it."""
    times = [time_of(one) for one in events]
    first = 0
    for last, time in enumerate(times):
        while times[first] < time - window:
            first += 1
        yield first, last


def _succeeded(event: Json) -> bool:
    return "ALLOW" in values_at(event, "security_result.action")


def _counted(events: Events, **counted: object) -> Json:
    """Return the latest event, with what was counted, since when, and all events of it."""
    shown = {name: value for name, value in counted.items() if value != ""}
    first = {"FirstSeen": format_utc(time_of(events[0])), "Events": len(events)}
    return events[-1] | {"counted": first | shown, "span": list(events)}


@cache
def _camel(part: str) -> str:
    first, *rest = part.split("_")
    return first + "".join(word.capitalize() for word in rest)
