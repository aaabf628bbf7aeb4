"""Errors a provider may raise. Whether to try again is decided by type, never by message text.

TourniquetError
+-- RetryableError          the same call may work later: timeout, 429, 5xx, reset, garbled answer
|   +-- Throttled           429, with the vendor's own waiting time when it gave one
|   +-- Unconfirmed         it may have been made, and is not seen yet: look, do not make another
+-- PermanentError          the same call will fail again
    +-- PermissionDenied    403, or how a vendor says so: a missing permission
    |   +-- Unauthenticated 401: our token is refused, or none is to be had
    +-- NotFound            404: the user, group, incident ... does not exist
    +-- NotSupported        the vendor cannot do this for this target (synced account, guest)
    +-- NotConfigured       the setting that names this vendor is empty
    +-- Conflict            409, 412: somebody else changed it first
"""


class TourniquetError(Exception):
    """Base of all our errors.

    Attributes:
        vendor: who failed, for example ``entra``.
        operation: what was tried, for example ``revokeSignInSessions``.
        status: HTTP status, when there was one.
    """

    def __init__(
        self, message: str, *, vendor: str = "", operation: str = "", status: int | None = None
    ) -> None:
        super().__init__(message)
        self.vendor = vendor
        self.operation = operation
        self.status = status

    def describe(self) -> str:
        """Return one line for the case record: who, what, which status, why; no secrets."""
        where = " ".join(part for part in (self.vendor, self.operation) if part)
        status = f" (HTTP {self.status})" if self.status else ""
        why = super().__str__()
        return f"{where}{status}: {why}" if where else why

    def __str__(self) -> str:
        """Return the same line: the durable engine keeps only the text of what was raised."""
        return self.describe()


class RetryableError(TourniquetError):
    """The same call may work later."""


class Throttled(RetryableError):
    """The vendor asked us to slow down.

    Attributes:
        retry_after: seconds the vendor asked us to wait, when it said so.
    """

    def __init__(
        self,
        message: str,
        *,
        vendor: str = "",
        operation: str = "",
        status: int | None = 429,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, vendor=vendor, operation=operation, status=status)
        self.retry_after = retry_after


class OutOfTurn(Throttled):
    """Nothing was sent, and nothing will be: its turn would have come too late."""


class Unconfirmed(RetryableError):
    """The vendor may have made what it was asked for, and does not show it yet."""


class PermanentError(TourniquetError):
    """The same call will fail again."""


class PermissionDenied(PermanentError):
    """We lack a permission (403), or are not known at all (:class:`Unauthenticated`)."""


class Unauthenticated(PermissionDenied):
    """Our token is refused (401), or none is to be had.

    The same token fails again, and it is kept until it nears its end; one that was not to be had
    may be there in some seconds, and a service that refused it for a moment takes it again. What
    no later call makes good is worth that wait. Where a vendor does not say it by a status of its
    own, refused credentials are a plain :class:`PermissionDenied`.
    """


class NotFound(PermanentError):
    """What we asked for does not exist (404)."""


class NotSupported(PermanentError):
    """The vendor cannot do this for this target; a person has to do it elsewhere."""


class NotConfigured(PermanentError):
    """The setting that names this vendor is empty."""


class Conflict(PermanentError):
    """Somebody else changed it first (409, 412)."""
