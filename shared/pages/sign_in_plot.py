"""The sign-ins around the attack as a small picture: one lane per address, time from left to right.

Inline SVG without script and without a view box: across it is in percent, so that it fits a phone,
down it is in pixels. What it shows is said in words above each lane.
"""

from math import sqrt

from markupsafe import Markup

from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.case import CaseRecord
from shared.pages.text import clean, when

_HEIGHT = 36
_GROUND = 28
_TALLEST = 24
_SHORTEST = 6


def sign_in_plot(case: CaseRecord) -> Markup | None:
    """Return the picture, or ``None`` when the record does not hold the times."""
    block = case.blocks.get(BlockName.SIGN_INS)
    times: Json = (block.details.get("times") or {}) if block else {}
    lanes: list[Json] = times.get("addresses") or []
    if not lanes:
        return None
    slots = max(1, int(times["slots"]))
    most = max([count for lane in lanes for _slot, count in lane["failed"]], default=1)
    start, end = when(times["start"]), when(times["end"])
    if start[:10] == end[:10]:
        end = end[11:]
    axis = Markup('<p class="axis soft small"><span>{}</span><span>{}</span></p>')
    return Markup("").join([*(_lane(lane, slots, most) for lane in lanes), axis.format(start, end)])


def _lane(lane: Json, slots: int, most: int) -> Markup:
    kind = "attack" if lane["suspicious"] else "usual"
    failed = sum(count for _slot, count in lane["failed"])
    succeeded = sum(count for _slot, count in lane["succeeded"])
    parts = [
        Markup('<p class="lane {}"><strong>{}</strong>: {} failed, {} succeeded</p>').format(
            kind, clean(lane["address"]), failed, succeeded
        ),
        Markup('<svg class="plot" height="{}" aria-hidden="true">').format(_HEIGHT),
        Markup('<line x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(_GROUND),
    ]
    parts += [_bar(slot, count, slots, most) for slot, count in lane["failed"]]
    parts += [
        Markup('<circle class="{}" cx="{:.2f}%" cy="{}" r="6"/>').format(
            kind, 100 * (slot + 0.5) / slots, _GROUND
        )
        for slot, _count in lane["succeeded"]
    ]
    return Markup("").join([*parts, Markup("</svg>")])


def _bar(slot: int, count: int, slots: int, most: int) -> Markup:
    """Return one slot's failures; by the square root, so that few stay visible beside many."""
    height = max(_SHORTEST, round(_TALLEST * sqrt(count / most)))
    return Markup('<rect x="{:.2f}%" y="{}" width="{:.2f}%" height="{}"/>').format(
        100 * slot / slots, _GROUND - height, 70 / slots, height
    )
