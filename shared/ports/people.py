"""Ports towards people: tickets and channels."""

from typing import Protocol, runtime_checkable

from shared.models.handling import TicketHandling, TicketKey
from shared.models.message import Notification, NotificationReceipt, Ticket, TicketReference


class Ticketing(Protocol):
    """An ITSM or SOAR ticketing system."""

    name: str

    async def upsert(self, ticket: Ticket) -> TicketReference:
        """Create the ticket, or add ``work_note`` to the one with the same correlation id.

        Raises:
            NotFound: there is none, and the ticket ``must_exist``.
        """
        ...


@runtime_checkable
class TicketWatching(Protocol):
    """A ticketing system that says who looks after a ticket."""

    name: str

    async def handling(self, key: TicketKey) -> TicketHandling | None:
        """Return how far the case's ticket is; ``None``: there is none.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        ...


class Notifier(Protocol):
    """One channel to analysts."""

    channel: str

    async def notify(self, notification: Notification) -> NotificationReceipt:
        """Deliver the message, or update the earlier one named by ``reference``."""
        ...
