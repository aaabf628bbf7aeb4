"""One thing that does not hold."""

from dataclasses import dataclass

from lab.chaos.models import PlannedCase


@dataclass(frozen=True)
class Found:
    """What does not hold about a planned case."""

    case: PlannedCase
    detail: str
