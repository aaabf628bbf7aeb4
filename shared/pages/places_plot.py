"""Where the account signed in over weeks: one lane per place, day by day."""

from datetime import timedelta

from markupsafe import Markup

from shared.models.base import Json, parse_utc
from shared.models.block import BlockName
from shared.models.case import CaseRecord
from shared.pages.drawing import Span
from shared.pages.lanes import Lane, lanes_chart


def places_plot(case: CaseRecord) -> Markup | None:
    """Return the picture, or ``None`` when the record does not hold the places."""
    block = case.blocks.get(BlockName.SIGN_INS)
    found: Json = (block.details.get("places") or {}) if block else {}
    lanes = [Lane(_name(one), bool(one["suspicious"]), one) for one in found.get("places") or []]
    if not lanes:
        return None
    days = max(1, int(found["days"]))
    start = parse_utc(found["start"])
    span = Span(start, start + timedelta(days=days))
    picture = lanes_chart("Where the account signed in, day by day", lanes, span, days)
    more = int(found.get("other_places") or 0)
    rest = Markup('<p class="soft small">{} more places, with fewer sign-ins.</p>').format(more)
    return picture + rest if more else picture


def _name(place: Json) -> str:
    where = ", ".join(str(place[name]) for name in ("city", "country") if place.get(name))
    network = f" (AS{place['asn']})" if place.get("asn") else ""
    return f"{where or 'place not known'}{network}"
