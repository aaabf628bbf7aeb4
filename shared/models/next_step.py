"""What a person does next: one step of the hand-over, as data."""

from enum import StrEnum

from pydantic import Field

from shared.models.base import Model


class Who(StrEnum):
    """Whose step it is (seed 004, sections 8 and 9)."""

    L1 = "L1"
    L2 = "L2"
    IRT = "IRT"
    """The incident response team."""
    OWNER = "owner"
    """Whoever answers for the thing that was touched: its data, its application, its site."""


class StepKind(StrEnum):
    """Why the step is there."""

    TASK = "task"
    """Open work: an action failed, was not proved, was not allowed, or nothing automates it."""
    RECOMMENDATION = "recommendation"
    """What was found makes it worth doing."""


class Urgency(StrEnum):
    """By when; the hand-over is sorted by it, in this order."""

    NOW = "now"
    TODAY = "today"
    BEFORE_CLOSING = "before closing"


class NextStep(Model):
    """One thing to do: what, by whom, until when, where it is done and with which command."""

    what: str
    """One sentence with the names of what it is about."""
    who: Who
    kind: StepKind
    urgency: Urgency
    where: str = ""
    """The way through the portal; empty: nowhere in particular."""
    command: str = ""
    """PowerShell or KQL, to be pasted; values in it are quoted."""
    techniques: list[str] = Field(default_factory=list)
    """MITRE ATT&CK ids of what made it necessary."""

    @property
    def text(self) -> str:
        """The step as one line, for tickets and messages."""
        parts = [f"{self.what} [{self.label}]"]
        if self.where:
            parts.append(f"Where: {self.where}.")
        if self.command:
            parts.append(f"Run: {self.command}")
        return " ".join(parts)

    @property
    def label(self) -> str:
        """Who, and whether it is open work."""
        return f"{self.who}, open task" if self.kind is StepKind.TASK else str(self.who)
