"""What came of an action."""

from enum import StrEnum

from shared.models.base import Json, Model, UtcDatetime
from shared.models.plan import ActionName
from shared.models.undo import Undone


class ActionStatus(StrEnum):
    """How an action ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"


class ActionOutcome(Model):
    """One action as it happened; frozen names of the case record.

    ``verified`` is ``True`` when the provider was asked afterwards and confirmed, ``False`` when
    it denied, ``None`` when it could not be asked (``detail`` says why). ``undo`` holds what was
    there before, enough to take the action back, or ``None`` when it cannot be taken back or has
    been: then ``undone`` says by whom and why. ``status`` and ``verified`` stay history.
    ``elsewhere``: it is never done to this target from here (a break-glass account, a password
    that lives with somebody else, an address that the policy forbids to block); ``detail`` says why
    or who does what instead.
    """

    action: ActionName
    target: str
    status: ActionStatus
    verified: bool | None = None
    detail: str = ""
    at: UtcDatetime
    undo: Json | None = None
    undone: Undone | None = None
    elsewhere: bool = False
