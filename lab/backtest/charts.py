"""Pictures of a result as static SVG, without script: pure functions of the bins."""

from collections.abc import Sequence
from typing import Any

import detroit as d3
from markupsafe import Markup

from lab.backtest.results import Bin
from shared.pages.drawing import Drawing, box, canvas, finished, mark

WIDTH, HEIGHT = 640, 240
_LEFT, _RIGHT, _BOTTOM, _TOP = 44, 12, 30, 10
_KINDS = ("compromised", "benign", "unlabelled")
_SMALLEST, _LARGEST = 50, 450
_TICKS = 5


def score_histogram(bins: Sequence[Bin]) -> Markup:
    """Return bars of how many accounts have which score, stacked by what they were."""
    drawing = _canvas("Accounts by score of the evidence")
    highest = max((sum(_numbers(one)) for one in bins), default=0) or 1
    up: Any = d3.scale_linear([0, highest], [HEIGHT - _BOTTOM, _TOP])
    across: Any = d3.scale_band([one.start for one in bins], [_LEFT, WIDTH - _RIGHT])
    across.set_padding(0.1)
    _axes(drawing, d3.axis_bottom(across), d3.axis_left(up).set_ticks(min(_TICKS, highest)))
    for one in bins:
        below = 0
        for kind, number in zip(_KINDS, _numbers(one), strict=True):
            if number:
                group = drawing.append("g")
                group.append("title").text(f"{number} {kind}, score {one.start} to {one.start + 9}")
                top = up(below + number)
                tall = up(below) - top
                box(group, kind, (across(one.start), top), across.get_bandwidth(), tall)
            below += number
    return finished(drawing)


def calibration(bins: Sequence[Bin]) -> Markup:
    """Return the share of compromised accounts for every ten points of the score.

    On the line the score is what it says, a probability; a larger point has more accounts.
    """
    drawing = _canvas("Share of compromised accounts by score of the evidence")
    up: Any = d3.scale_linear([0, 1], [HEIGHT - _BOTTOM, _TOP])
    across: Any = d3.scale_linear([0, 100], [_LEFT, WIDTH - _RIGHT])
    _axes(drawing, d3.axis_bottom(across), d3.axis_left(up).set_ticks(_TICKS, "%"))
    ideal = drawing.append("line").attr("class", "ideal").attr("x1", across(0)).attr("y1", up(0))
    ideal.attr("x2", across(100)).attr("y2", up(1))
    labelled = [one for one in bins if one.compromised + one.benign]
    most = max((one.compromised + one.benign for one in labelled), default=1)
    area: Any = d3.scale_linear([0, most], [_SMALLEST, _LARGEST])
    for one in labelled:
        number = one.compromised + one.benign
        group = drawing.append("g")
        words = f"{one.compromised} of {number} compromised"
        group.append("title").text(f"{words}, score {one.start} to {one.start + 9}")
        at = (across(one.start + 5), up(one.compromised / number))
        mark(group, "share", at, area(number), square=False)
    return finished(drawing)


def _numbers(one: Bin) -> tuple[int, int, int]:
    return one.compromised, one.benign, one.unlabelled


def _canvas(words: str) -> Drawing:
    return canvas("chart", WIDTH, HEIGHT, words)


def _axes(drawing: Drawing, bottom: Any, left: Any) -> None:
    for axis, place in ((bottom, f"0,{HEIGHT - _BOTTOM}"), (left, f"{_LEFT},0")):
        group = drawing.append("g").attr("class", "axis").attr("transform", f"translate({place})")
        group.call(axis.set_tick_size_outer(0))
    across = drawing.select_all(".axis").filter(lambda _datum, index: index == 1)
    across.select_all(".tick").select("line").attr("x1", WIDTH - _LEFT - _RIGHT)
