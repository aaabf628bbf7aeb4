"""The question that a case has put to people, and what came of it so far."""

from pydantic import Field

from shared.models.base import Model, UtcDatetime
from shared.models.plan import ActionName, Decision, Disposition, PlannedAction


class Asked(Model):
    """The newest question; its number is the record's ``question``."""

    at: UtcDatetime
    """When it was put; the second of two persons is asked within the first one's time."""
    answer_by: UtcDatetime
    """The deadline: silence until then is an answer."""
    on_silence: list[ActionName] = Field(default_factory=lambda: [ActionName.MONITOR_ONLY])
    """What silence means for this case."""
    two_persons: bool = False
    """Whether containment needs two different people."""
    first_answer: Decision | None = None
    """What the first of two persons has chosen; the second confirms or changes it."""
    address: str | None = None
    """Which address ``BlockIP`` means where the plan names none, for as long as this is asked."""
    why_no_block: str | None = None
    """Why that address must not be blocked, as the newest judgement knows it."""
    reminded_at: UtcDatetime | None = None
    escalated_at: UtcDatetime | None = None

    def protected(self) -> PlannedAction | None:
        """Return the plan's line that says why the address is not blocked; ``None``: it may be."""
        if not self.address or not self.why_no_block:
            return None
        return PlannedAction(
            action=ActionName.BLOCK_IP,
            target=self.address,
            disposition=Disposition.NEVER,
            why=f"{self.address} must not be blocked: {self.why_no_block}",
        )
