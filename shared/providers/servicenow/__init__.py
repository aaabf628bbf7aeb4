"""ServiceNow behind the ``Ticketing`` port."""

from shared.providers.servicenow.incidents import ServiceNow

__all__ = ["ServiceNow"]
