"""Sign-ins as lanes over time, one for each address or place: the picture of two plots.

Bars are failed sign-ins; what succeeded is a circle, or a square where the attacker is, so that the
form tells them apart without colour. Heights and areas grow with the number.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

import detroit as d3
from markupsafe import Markup

from shared.models.base import Json
from shared.pages.drawing import Drawing, Room, Span, box, canvas, finished, mark, time_axis, write

WIDTH = 560
_EDGE = 8
_ROOM = 24
"""At both ends of the axis, for half the label of a tick."""
_LEGEND = 26
_LANE = 62
_LABEL_BASE = 19
_GROUND = 10
"""From a lane's lower end up to the line that its bars stand on."""
_SHORTEST, _TALLEST = 5, 26
_SMALLEST, _LARGEST = 80, 220
_AXIS = 28
_TICKS = 5
_NAME_LIMIT = 40
_SIDES = ("failed", "succeeded")


class Lane(NamedTuple):
    """One lane; ``counts`` holds ``[slot, number]`` of what failed and of what succeeded."""

    name: str
    suspicious: bool
    counts: Json

    def total(self, side: str) -> int:
        """Return the number of sign-ins of one side."""
        return sum(number for _slot, number in self.counts[side])

    @property
    def words(self) -> str:
        """What the lane shows."""
        whose = " (the attacker)" if self.suspicious else ""
        return f"{self.name}{whose}: {self.tally}"

    @property
    def tally(self) -> str:
        """Its numbers."""
        return f"{self.total('failed')} failed, {self.total('succeeded')} succeeded"


def lanes_chart(title: str, lanes: Sequence[Lane], span: Span, slots: int) -> Markup:
    """Return the picture.

    Args:
        title: what it shows, for a screen reader.
        lanes: from above to below; at least one.
        span: the time from the left to the right end, in UTC.
        slots: how many equal parts of it the counts are of.
    """
    floor = _LEGEND + _LANE * len(lanes)
    words = f"{title}. {'; '.join(lane.words for lane in lanes)}."
    drawing = canvas("chart lanes", WIDTH, floor + _AXIS, words)
    _legend(drawing, attacker=any(lane.suspicious for lane in lanes))
    room = Room(_ROOM, WIDTH - _ROOM, floor)
    time_axis(drawing, span, room, ticks=_TICKS, grid=floor - _LEGEND)
    down = d3.scale_band([*range(len(lanes))], [_LEGEND, floor])
    slot = (span.end - span.start) / slots
    counts = [number for lane in lanes for side in _SIDES for _slot, number in lane.counts[side]]
    most = max(counts, default=1)
    for index, lane in enumerate(lanes):
        top = float(down(index))
        kind = "attack" if lane.suspicious else "usual"
        name = lane.name if len(lane.name) <= _NAME_LIMIT else f"{lane.name[: _NAME_LIMIT - 3]}..."
        write(drawing, f"lane {kind}", _EDGE, top + _LABEL_BASE, f"{name}: {lane.tally}")
        _sign_ins(drawing.append("g").attr("class", kind), lane, span, slot, top + _LANE, most)
    return finished(drawing)


def _sign_ins(
    lane_group: Drawing, lane: Lane, span: Span, slot: timedelta, end: float, most: int
) -> None:
    across = span.scale(_ROOM, WIDTH - _ROOM)
    height = d3.scale_sqrt([0, most], [0, _TALLEST])
    area = d3.scale_linear([0, most], [_SMALLEST, _LARGEST])
    ground = end - _GROUND
    box(lane_group, "ground", (_EDGE, ground), WIDTH - 2 * _EDGE, 1)
    for index, number in lane.counts["failed"]:
        left, right = (across(span.start + part * slot) for part in (index, index + 1))
        tall = max(_SHORTEST, float(height(number)))
        width = max(2.0, 0.7 * (right - left))
        box(lane_group, "failed", ((left + right - width) / 2, ground - tall), width, tall)
    for index, number in lane.counts["succeeded"]:
        middle = across(span.start + (index + 0.5) * slot)
        mark(lane_group, "succeeded", (middle, ground), float(area(number)), square=lane.suspicious)


def _legend(drawing: Drawing, *, attacker: bool) -> None:
    middle = _LEGEND / 2
    key = drawing.append("g").attr("class", "legend")
    box(key, "failed", (_EDGE, middle - 7), 5, 12)
    write(key, "key", _EDGE + 12, middle + 5, "failed")
    mark(key.append("g").attr("class", "usual"), "succeeded", (98, middle), _SMALLEST, square=False)
    write(key, "key", 110, middle + 5, "succeeded")
    if attacker:
        group = key.append("g").attr("class", "attack")
        mark(group, "succeeded", (232, middle), _SMALLEST, square=True)
        write(key, "key", 244, middle + 5, "succeeded, the attacker")
