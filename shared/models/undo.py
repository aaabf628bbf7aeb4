"""Taking actions back: what was asked, by whom and why, and what came of each action."""

from enum import StrEnum

from pydantic import Field

from shared.models.base import Model, UtcDatetime
from shared.models.plan import ActionName

EXPIRY = "its expiry"
"""Who takes a block back when its time is over."""


class UndoStatus(StrEnum):
    """How taking back one action ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    IMPOSSIBLE = "impossible"
    """Nothing is there to restore; ``instead`` says what a person does."""


class UndoResult(Model):
    """What came of taking back one action.

    ``verified`` is ``True`` when the provider was asked afterwards and confirmed, ``None`` when it
    could not be asked. An effect that the provider denies is ``failed``.
    """

    action: ActionName
    target: str
    status: UndoStatus
    verified: bool | None = None
    detail: str = ""
    instead: str = ""
    """What a person does where the app cannot restore, empty when nothing is left to do."""
    at: UtcDatetime | None = None
    """When it was settled; ``None`` when nothing was tried."""


class UndoRun(Model):
    """One undo of a case; ``finished_at`` is ``None`` while it is under way."""

    number: int = Field(ge=1)
    """Counts a case's undos from 1; part of the orchestration's instance id."""
    at: UtcDatetime
    by: str
    comment: str
    results: list[UndoResult] = Field(default_factory=list)
    finished_at: UtcDatetime | None = None


class Undone(Model):
    """On an action's outcome: that it was taken back, and what the provider said afterwards."""

    at: UtcDatetime
    by: str
    comment: str
    verified: bool | None = None
    detail: str = ""


class TakenBack(Model):
    """That an action of a case was taken back, or is to count as taken back: by whom and why."""

    action: ActionName
    target: str
    at: UtcDatetime
    by: str
    """A person, or ``EXPIRY``."""
    comment: str = ""
