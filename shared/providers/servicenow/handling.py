"""Who works on an incident of ServiceNow, by its state as ServiceNow ships it.

https://www.servicenow.com/docs (incident states). Asked with ``sysparm_display_value=all``: the
state's number is the same in every language, a person is told by name, and the number's own value
of a time is in UTC.
"""

from datetime import UTC, datetime

from pydantic import Field

from shared.models.base import VendorModel
from shared.models.handling import Handled, TicketHandling

FIELDS = "correlation_id,state,assigned_to,resolved_by,resolved_at,closed_by,closed_at"
IN_PROGRESS, ON_HOLD, RESOLVED, CLOSED, CANCELED = "2", "3", "6", "7", "8"
_TIME = "%Y-%m-%d %H:%M:%S"


class Both(VendorModel):
    """A field with its value and how it is shown."""

    value: str = ""
    display_value: str = ""


class HandledRow(VendorModel):
    """The fields of an incident that tell who works on it."""

    correlation_id: Both = Both()
    state: Both = Both()
    assigned_to: Both = Both()
    resolved_by: Both = Both()
    resolved_at: Both = Both()
    closed_by: Both = Both()
    closed_at: Both = Both()

    def handling(self) -> TicketHandling:
        """Return what they say; an incident in progress that is nobody's is not taken."""
        if self.state.value in (RESOLVED, CLOSED, CANCELED):
            who = self.resolved_by.display_value or self.closed_by.display_value
            at = _time(self.resolved_at.value) or _time(self.closed_at.value)
            return TicketHandling(state=Handled.CLOSED, by=who, at=at)
        who = self.assigned_to.display_value
        if who and self.state.value in (IN_PROGRESS, ON_HOLD):
            return TicketHandling(state=Handled.TAKEN, by=who)
        return TicketHandling(state=Handled.NOT)


class HandledRows(VendorModel):
    """Answer of a query."""

    result: list[HandledRow] = Field(default_factory=list)


def _time(value: str) -> datetime | None:
    try:
        return datetime.strptime(value, _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
