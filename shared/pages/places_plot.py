"""Where the account signed in over weeks, as a scatter of place against time.

One lane per place; time from left to right. Circles are the usual places, squares the attacker's:
the form tells them apart without colour. Its words stand above each lane, and the picture itself
is hidden from a screen reader.
"""

from math import sqrt

from markupsafe import Markup

from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.case import CaseRecord
from shared.pages.text import clean, day_of

_HEIGHT = 20
_MIDDLE = 10
_LEAST, _MOST = 2.5, 7.0


def places_plot(case: CaseRecord) -> Markup | None:
    """Return the picture, or ``None`` when the record does not hold the places."""
    block = case.blocks.get(BlockName.SIGN_INS)
    found: Json = (block.details.get("places") or {}) if block else {}
    lanes: list[Json] = found.get("places") or []
    if not lanes:
        return None
    days = max(1, int(found["days"]))
    most = max(count for lane in lanes for side in _SIDES for _day, count in lane[side] or [[0, 1]])
    axis = Markup('<p class="axis soft small"><span>{}</span><span>{}</span></p>').format(
        day_of(found["start"], 0), day_of(found["start"], days)
    )
    more = int(found.get("other_places") or 0)
    rest = (
        Markup('<p class="soft small">{} more places, with fewer sign-ins.</p>').format(more)
        if more
        else Markup("")
    )
    return Markup("").join([*(_lane(lane, days, most) for lane in lanes), axis, rest])


_SIDES = ("failed", "succeeded")


def _lane(lane: Json, days: int, most: int) -> Markup:
    kind = "attack" if lane["suspicious"] else "usual"
    place = ", ".join(str(lane[name]) for name in ("city", "country") if lane.get(name))
    network = f"AS{lane['asn']}" if lane.get("asn") else ""
    failed, succeeded = (sum(count for _day, count in lane[side]) for side in _SIDES)
    whose = "the attacker" if lane["suspicious"] else "otherwise"
    words = Markup('<p class="lane {}"><strong>{}</strong> {} <span>({})</span>: {}</p>').format(
        kind,
        clean(place or "place not known"),
        clean(network),
        whose,
        f"{failed} failed, {succeeded} succeeded",
    )
    parts = [
        words,
        Markup('<svg class="plot places" height="{}" aria-hidden="true">').format(_HEIGHT),
        Markup('<line x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(_MIDDLE),
    ]
    for side in _SIDES:
        parts += [_mark(day, count, days, most, kind, side) for day, count in lane[side]]
    return Markup("").join([*parts, Markup("</svg>")])


def _mark(day: int, count: int, days: int, most: int, kind: str, side: str) -> Markup:
    """Return one day's mark; its area grows with the number of sign-ins."""
    size = max(_LEAST, _MOST * sqrt(count / most))
    x = 100 * (day + 0.5) / days
    if kind == "usual":
        return Markup('<circle class="{} {}" cx="{:.2f}%" cy="{}" r="{:.1f}"/>').format(
            kind, side, x, _MIDDLE, size
        )
    # A square is moved by its own half, which percent of the width cannot say.
    return Markup(
        '<rect class="{} {}" x="{:.2f}%" y="{:.1f}" width="{:.1f}" height="{:.1f}" '
        'transform="translate(-{:.1f} 0)"/>'
    ).format(kind, side, x, _MIDDLE - size, 2 * size, 2 * size, size)
