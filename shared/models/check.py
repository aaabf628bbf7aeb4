"""What a check of configuration and permissions found, one line at a time."""

from enum import StrEnum

from shared.models.base import Model


class CheckStatus(StrEnum):
    """How one line stands."""

    OK = "ok"
    WARNING = "warning"
    """The app works, but something is worse than it could be, or could not be looked at."""
    MISSING = "missing"
    """Something that the app needs as it is configured."""
    OFF = "off"
    """Not configured, so not looked at."""


class Checked(Model):
    """One line; it never holds a secret."""

    area: str
    """Settings, or the vendor as people say it."""
    what: str
    status: CheckStatus
    detail: str = ""
