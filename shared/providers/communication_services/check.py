"""Whether Communication Services takes our identity; nothing is sent."""

from contextlib import suppress

from shared.errors import NotFound
from shared.providers.communication_services.mail import API_VERSION, CommunicationServicesMail
from shared.settings import Settings

NO_SENDING = "00000000-0000-0000-0000-000000000000"


async def check(settings: Settings) -> str:
    """Ask for a sending that does not exist.

    Raises:
        TourniquetError: see ``shared.errors``.
    """
    client = CommunicationServicesMail(settings).client
    target = f"/emails/operations/{NO_SENDING}"
    params = {"api-version": API_VERSION}
    with suppress(NotFound):
        await client.request("emails.operations.get", "GET", target, params=params)
    return "our identity may ask about sendings; whether the sender is linked shows when one sends"
