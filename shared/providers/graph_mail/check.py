"""Whether Graph knows us, and whether we may send as everybody; nothing is sent."""

from shared.providers.app_identity import claims_for
from shared.providers.clouds import GRAPH, scope
from shared.settings import Settings


async def check(settings: Settings) -> str:
    """Return how the permission to send is granted, as far as our token shows it.

    Raises:
        TourniquetError: see ``shared.errors``.
    """
    claims = await claims_for(scope(GRAPH, settings.graph_url))
    if "Mail.Send" in (claims.get("roles") or []):
        return "the app may send from EVERY mailbox; scope it in Exchange (docs/permissions.md)"
    return "what Exchange grants is in no token; only sending a mail shows it"
