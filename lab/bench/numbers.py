"""Statistics of measured values."""

from collections.abc import Sequence
from math import floor


def percentile(values: Sequence[float], share: float) -> float:
    """Return the percentile at ``share`` (0 to 1), interpolated between its neighbours.

    The method of NumPy's and Excel's default (``PERCENTILE.INC``).

    Raises:
        ValueError: there are no values, or ``share`` is outside 0 to 1.
    """
    if not values or not 0 <= share <= 1:
        raise ValueError("a percentile needs values and a share from 0 to 1")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def median(values: Sequence[float]) -> float:
    """Return the middle value (see ``percentile``)."""
    return percentile(values, 0.5)
