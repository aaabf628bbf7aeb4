"""Microsoft Graph ``sendMail`` from one mailbox, as MIME.

https://learn.microsoft.com/graph/outlook-send-mime-message. MIME and not JSON, because JSON takes
only headers that begin with ``x-``, and a mail stays in its conversation by ``In-Reply-To`` and
``References``. Graph has no key against duplicates and returns no id: a mail whose answer was lost
is not sent again within the call, and both carry the same Message-ID, which Exchange may replace.

Needs *Mail.Send* for the mailbox: by RBAC for Applications in Exchange Online for that mailbox
only; the application permission of Microsoft Graph would be for every mailbox of the tenant.
"""

import base64
from email.utils import parseaddr
from functools import cached_property

from shared.errors import NotConfigured
from shared.models.message import Notification, NotificationReceipt
from shared.providers.clouds import GRAPH, scope
from shared.providers.credentials import bearer
from shared.providers.email.compose import compose
from shared.providers.http import VendorClient, path
from shared.providers.retry import Retry
from shared.settings import Settings

VENDOR = "graph_mail"
OPERATION = "sendMail"


class GraphMail:
    """A ``Notifier``. A mail cannot be changed once sent: an update is a reply to the first one."""

    channel = "email"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _client(self) -> VendorClient:
        url = self._settings.graph_url
        authorize = bearer(scope(GRAPH, url))
        return VendorClient(VENDOR, url, settings=self._settings, authorize=authorize)

    async def notify(self, notification: Notification) -> NotificationReceipt:
        """Hand the mail to Exchange Online; ``reference`` of the receipt is its Message-ID.

        Raises:
            NotConfigured: no sender or recipient.
            PermissionDenied: the app may not send from this mailbox.
            NotFound: there is no such mailbox.
            TourniquetError: see ``shared.errors``.
        """
        recipients = list(dict.fromkeys(notification.recipients or self._settings.soc_mail_to))
        sender = self._settings.mail_from
        if not sender or not recipients:
            why = "TOURNIQUET_MAIL_FROM or TOURNIQUET_SOC_MAIL_TO not set"
            raise NotConfigured(why, vendor=VENDOR)
        message = compose(notification, sender=sender, recipients=recipients)
        await self._client.request(
            OPERATION,
            "POST",
            path("/users/{mailbox}/sendMail", mailbox=parseaddr(sender)[1]),
            data=base64.b64encode(message.as_bytes()),
            headers={"Content-Type": "text/plain"},
            ok=(202, 204),
            expect="text",
            retry=Retry.IF_NOT_PROCESSED,
        )
        return NotificationReceipt(channel=self.channel, reference=message["Message-ID"])
