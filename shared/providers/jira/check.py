"""Whether Jira takes our user, and lets it see the project's issues."""

from shared.providers.jira.issues import Jira
from shared.settings import Settings


async def check(settings: Settings) -> str:
    """Look for an issue that does not exist.

    Raises:
        TourniquetError: see ``shared.errors``.
    """
    found = await Jira(settings).find("tourniquet-doctor")
    return "issues can be searched" if found is None else f"found {found.key}"
