"""What kind of account it is: the word that guard rails, policy and pages share."""

from enum import StrEnum


class AccountKind(StrEnum):
    """What decides how carefully an account is handled; an account can be several."""

    ORDINARY = "ordinary"
    """Known to be none of the others."""
    PRIVILEGED = "privileged"
    """Holds any directory role, or may activate one (Privileged Identity Management)."""
    VIP = "vip"
    SERVICE = "service"
    GUEST = "guest"
    """Lives in another tenant: password and sessions are not ours to change."""
    BREAK_GLASS = "break_glass"
    """The organisation's last way in; never touched."""
    UNKNOWN = "unknown"
    """Profile or roles could not be read: beside what else it is, it may be any of the others."""
