"""Whether Google takes our identity, and lets it search cases."""

from shared.providers.google_secops_soar.cases import GoogleSecOpsCases
from shared.settings import Settings


async def check(settings: Settings) -> str:
    """Look for a case that does not exist.

    Raises:
        TourniquetError: see ``shared.errors``.
    """
    found = await GoogleSecOpsCases(settings).find("tourniquet-doctor")
    return "cases can be searched" if found is None else f"found case {found}"
