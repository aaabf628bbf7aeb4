"""Actions, what may be done about them, and what a person decided."""

from enum import StrEnum

from pydantic import Field

from shared.models.base import Model, UtcDatetime


class ActionName(StrEnum):
    """Frozen action names (DESIGN section 5)."""

    REVOKE_SESSIONS = "RevokeSessions"
    FORCE_PASSWORD_RESET = "ForcePasswordReset"  # noqa: S105 - the seed's name of an action
    DISABLE_ACCOUNT = "DisableAccount"
    BLOCK_IP = "BlockIP"
    CONFIRM_COMPROMISED = "ConfirmCompromised"
    REMOVE_AUTHENTICATION_METHODS = "RemoveAuthenticationMethods"
    DISABLE_INBOX_RULES = "DisableInboxRules"
    REVOKE_OAUTH_GRANTS = "RevokeOAuthGrants"
    SCAN_DEVICE = "ScanDevice"
    ISOLATE_DEVICE = "IsolateDevice"
    MONITOR_ONLY = "MonitorOnly"
    NO_ACTION = "NoAction"


MAY_BE_ALLOWED = frozenset(
    {
        ActionName.CONFIRM_COMPROMISED,
        ActionName.REMOVE_AUTHENTICATION_METHODS,
        ActionName.DISABLE_INBOX_RULES,
        ActionName.REVOKE_OAUTH_GRANTS,
    }
)
"""What the playbook asks about, and the organisation's policy may allow at High confidence."""


class Disposition(StrEnum):
    """What the guard rails and the operating mode allow for one action."""

    AUTOMATIC = "automatic"
    ASK = "ask"
    NEVER = "never"


class PlannedAction(Model):
    """One recommended action on one target, with the disposition and the reason for it."""

    action: ActionName
    target: str
    """Object id or user principal name for identity actions, address for ``BlockIP``."""
    disposition: Disposition
    why: str


class Decision(Model):
    """What a person (or the deadline) decided. Who decided comes from authentication."""

    actions: list[ActionName]
    comment: str = ""
    decided_by: str
    decided_at: UtcDatetime
    channel: str = "web"
    """``web``, ``slack``, ``event``; ``deadline`` is silence, ``superseded`` a newer question."""
    question: int = Field(default=1, ge=1)
    """Which of the case's questions this answers; an answer to an older one is refused."""
    identity: str = ""
    """Who it was as the channel proves it (``answers.py``); empty: nobody in particular."""
    run: str = ""
    """Which run of the case was answered (``shared.models.run``)."""
    confirmed_by: str = ""
    """The second of two persons, where two have to agree."""
    targets: list[str] = Field(default_factory=list)
    two_persons: bool = False
    """When it was given the account was one that two people decide about, though one was asked."""
