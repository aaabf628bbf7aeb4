"""The sign-ins around the attack as a small picture: one lane per address, over time."""

from markupsafe import Markup

from shared.models.base import Json, parse_utc
from shared.models.block import BlockName
from shared.models.case import CaseRecord
from shared.pages.drawing import Span
from shared.pages.lanes import Lane, lanes_chart


def sign_in_plot(case: CaseRecord) -> Markup | None:
    """Return the picture, or ``None`` when the record does not hold the times."""
    block = case.blocks.get(BlockName.SIGN_INS)
    times: Json = (block.details.get("times") or {}) if block else {}
    found: list[Json] = times.get("addresses") or []
    if not found:
        return None
    lanes = [Lane(str(one["address"]), bool(one["suspicious"]), one) for one in found]
    span = Span(parse_utc(times["start"]), parse_utc(times["end"]))
    return lanes_chart("Sign-ins around the attack", lanes, span, max(1, int(times["slots"])))
