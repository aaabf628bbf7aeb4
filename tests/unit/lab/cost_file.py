"""The committed measurement that docs/cost.md and docs/scale.md reckon with."""

from functools import cache

from lab.bench.results import CaseCost
from tests.unit.source_files import ROOT


@cache
def measured() -> CaseCost:
    """Return it; its shape is checked."""
    text = (ROOT / "docs" / "measured" / "case-cost.json").read_text("utf-8")
    return CaseCost.model_validate_json(text)
