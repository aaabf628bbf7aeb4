"""Whether ServiceNow takes our user, and lets it see incidents by ``correlation_id``."""

from shared.providers.servicenow.incidents import ServiceNow
from shared.settings import Settings


async def check(settings: Settings) -> str:
    """Look for an incident that does not exist.

    Raises:
        TourniquetError: see ``shared.errors``.
    """
    found = await ServiceNow(settings)._find("tourniquet-doctor")
    return "incidents can be searched" if found is None else f"found {found.number}"
