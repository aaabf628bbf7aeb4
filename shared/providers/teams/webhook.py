"""Microsoft Teams by a Workflows webhook, "Post to a channel when a webhook request is received".

The address is the credential: whoever has it can post. Graph cannot post to a channel with
application permissions (``Teamwork.Migrate.All`` is for imports only), and Office 365 connectors
are retired.
"""

from functools import cached_property
from http import HTTPStatus
from urllib.parse import urlsplit

from shared.errors import NotConfigured, RetryableError
from shared.models.message import Notification, NotificationReceipt
from shared.providers.answers import parse_json
from shared.providers.http import VendorClient
from shared.providers.response import VendorResponse
from shared.providers.retry import Retry
from shared.providers.teams.card import to_message
from shared.settings import Settings

VENDOR = "teams"
OPERATION = "webhook.post"


class Teams:
    """A ``Notifier`` for one channel. A message cannot be changed once it is posted."""

    channel = "teams"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _url(self) -> str:
        url = self._settings.teams_webhook_url
        if url is None:
            raise NotConfigured("TOURNIQUET_TEAMS_WEBHOOK_URL is not set", vendor=VENDOR)
        return url.get_secret_value()

    @cached_property
    def _client(self) -> VendorClient:
        parts = urlsplit(self._url)
        return VendorClient(
            VENDOR,
            f"{parts.scheme}://{parts.netloc}",
            settings=self._settings,
            secrets=(parts.query, parts.path),
        )

    async def notify(self, notification: Notification) -> NotificationReceipt:
        """Post the message.

        Raises:
            NotConfigured: no address, or not one that starts with https.
            TourniquetError: see ``shared.errors``; the message never holds the address.
        """
        await self._client.request(
            OPERATION,
            "POST",
            self._url,
            json=to_message(notification),
            ok=(HTTPStatus.OK, HTTPStatus.ACCEPTED),
            expect="text",
            check=_check,
            retry=Retry.IF_NOT_PROCESSED,
        )
        return NotificationReceipt(channel=self.channel)


def _check(answer: VendorResponse) -> None:
    """Find the failure that an accepted answer may hide: a throttling, or half a document."""
    if answer.headers.get("Content-Type", "").startswith("application/json"):
        parse_json(str(answer.body).encode(), vendor=VENDOR, operation=OPERATION)
    if "returned HTTP error 429" in str(answer.body):
        raise RetryableError("Teams throttled the message", vendor=VENDOR, operation=OPERATION)
