"""How every picture of a page is made: static SVG by detroit, a port of D3 (scales, axes, symbols).

Elements carry classes, and ``style.css`` gives them colour and size: a page allows no style and no
script inside a picture, and its colours follow the device's light or dark and the paper. Lengths
are in units of the picture's own view box, times in UTC.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, cast

import detroit as d3
from detroit.selection.selection import Selection
from markupsafe import Markup

from shared.pages.text import clean

type Drawing = Selection[Any]
type TimeScale = Callable[[datetime], float]

TICK_LENGTH = 5
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""Any midnight: from there the ticks of a time scale are round durations."""


def canvas(kind: str, width: float, height: float, words: str | None) -> Drawing:
    """Return an empty picture.

    Args:
        kind: its classes.
        width: of the view box; on the page it fills the room there is.
        height: of the view box.
        words: what a screen reader says instead; ``None`` when the words stand beside the picture.
    """
    drawing: Drawing = d3.create("svg")
    drawing.attr("class", kind).attr("viewBox", f"0 0 {width:g} {height:g}")
    if words is None:
        return drawing.attr("aria-hidden", "true")
    return drawing.attr("role", "img").attr("aria-label", clean(words))


class Room(NamedTuple):
    """Where an axis lies in a picture."""

    left: float
    right: float
    floor: float


class Span(NamedTuple):
    """The time that a picture shows."""

    start: datetime
    end: datetime

    def scale(self, left: float, right: float) -> TimeScale:
        """Return where a time stands between ``left`` and ``right``."""
        scale: Any = d3.scale_time([self.start, self.end], [left, right])
        return cast("TimeScale", scale)

    def tick(self, at: datetime) -> str:
        """Return what stands at a tick: no more than tells the ticks of such a time apart."""
        if self.end - self.start < timedelta(minutes=3):
            return f"{at:%H:%M:%S}"
        return f"{at.day} {at:%b}" if (at.hour, at.minute) == (0, 0) else f"{at:%H:%M}"


def time_axis(drawing: Drawing, span: Span, room: Room, *, ticks: int, grid: float = 0) -> Drawing:
    """Draw an axis of time with about ``ticks`` ticks, with lines ``grid`` units up from it."""
    axis: Any = d3.axis_bottom(cast("Any", span.scale(room.left, room.right)))
    axis.set_ticks(ticks).set_tick_size_outer(0).set_tick_size_inner(TICK_LENGTH)
    group = drawing.append("g").attr("class", "axis")
    group.attr("transform", f"translate(0,{room.floor:g})").call(axis.set_tick_format(span.tick))
    group.select_all(".tick").select("line").attr("y1", -grid)
    return group


def elapsed_axis(drawing: Drawing, whole: timedelta, room: Room, *, ticks: int) -> None:
    """Draw an axis of the time since a beginning."""
    group = time_axis(drawing, Span(_BEGINNING, _BEGINNING + whole), room, ticks=ticks)
    group.select_all(".tick").select("text").text(_since)


def _since(at: datetime) -> str:
    seconds = int((at - _BEGINNING).total_seconds())
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.2g} {name}"
    return f"{seconds} s"


def write(drawing: Drawing, kind: str, x: float, y: float, text: str) -> Drawing:
    """Write ``text``, from a log as it may be: cleaned, and escaped by the library."""
    line = drawing.append("text").attr("class", kind)
    return line.attr("x", _units(x)).attr("y", _units(y)).text(str(clean(text)))


def box(drawing: Drawing, kind: str, corner: Sequence[float], width: float, height: float) -> None:
    """Draw a rectangle from its upper left ``corner``."""
    drawing.append("rect").attr("class", kind).attr("x", _units(corner[0])).attr(
        "y", _units(corner[1])
    ).attr("width", _units(width)).attr("height", _units(height))


def mark(drawing: Drawing, kind: str, at: Sequence[float], area: float, *, square: bool) -> None:
    """Draw a circle or a square of ``area`` square units around ``at``."""
    form = d3.symbol(d3.symbol_square if square else d3.symbol_circle, area)
    place = f"translate({_units(at[0])},{_units(at[1])})"
    drawing.append("path").attr("class", kind).attr("transform", place).attr("d", form())


def finished(drawing: Drawing) -> Markup:
    """Return the picture for a template; the library has escaped what is in it."""
    return Markup(drawing.to_string(pretty_print=False))  # noqa: S704 - made of elements


def _units(value: float) -> float:
    return round(float(value), 1)
