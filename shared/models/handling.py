"""Who looks after a case in its ticket, as the ticketing system tells it."""

from enum import StrEnum

from pydantic import Field

from shared.models.base import Model, UtcDatetime


class TicketKey(Model):
    """By what a case's ticket is found."""

    correlation_id: str
    known: dict[str, str] = Field(default_factory=dict)
    """By system, its own id of the ticket, where one is known."""
    incident_id: str = ""


class Handled(StrEnum):
    """How far a ticket is."""

    NOT = "not"
    TAKEN = "taken"
    """Somebody is assigned to it and works on it."""
    CLOSED = "closed"
    """Resolved counts, too: nobody works on it any more."""


class TicketHandling(Model):
    """What a ticket says of the people who work on it."""

    state: Handled
    by: str = ""
    """Who is assigned to it, or who has closed it, as the system calls them; empty where it does
    not say: who is assigned to a ticket need not be who closed it."""
    at: UtcDatetime | None = None
    """Since when, where it says so."""
