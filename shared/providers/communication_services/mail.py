"""Azure Communication Services e-mail: sending is an operation that is asked until it has ended.

https://learn.microsoft.com/rest/api/communication/email/email/send (2025-09-01), with our identity
and no key. ``Operation-Id`` is made of the Message-ID, so the same mail sent again is the same
operation. The service validates our Message-ID and makes one of its own where it does not like it
(learn.microsoft.com/azure/communication-services/concepts/email/email-headers); whether it keeps
``In-Reply-To`` is not documented, so the subject keeps a conversation together, too.

Needs the role *Communication and Email Service Owner* on the resource: none of Azure's own roles
is less that may send.
"""

import asyncio
import time
from email.message import EmailMessage
from email.utils import parseaddr
from functools import cached_property
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

from pydantic import Field

from shared.errors import NotConfigured, PermanentError, RetryableError
from shared.models.base import Json, VendorModel
from shared.models.message import Notification, NotificationReceipt
from shared.providers.credentials import bearer
from shared.providers.email.compose import compose, html, plain_text
from shared.providers.http import VendorClient
from shared.providers.retry import Retry, parse_retry_after
from shared.settings import Settings

VENDOR = "communication_services"
SCOPE = "https://communication.azure.com/.default"
API_VERSION = "2025-09-01"
KEPT_HEADERS = ("Message-ID", "In-Reply-To", "References", "Importance", "X-Priority")
USUAL_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 10.0


class Operation(VendorModel):
    """The state of one sending."""

    id: str
    status: Literal["NotStarted", "Running", "Succeeded", "Failed", "Canceled"]
    error: dict[str, Any] = Field(default_factory=dict)


class CommunicationServicesMail:
    """A ``Notifier``. A mail cannot be changed once sent: an update is a reply to the first one."""

    channel = "email"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def client(self) -> VendorClient:
        """Calls to the resource.

        Raises:
            NotConfigured: no address of a resource.
        """
        url = self._settings.communication_services_url
        if not url:
            why = "TOURNIQUET_COMMUNICATION_SERVICES_URL is not set"
            raise NotConfigured(why, vendor=VENDOR)
        return VendorClient(VENDOR, url, settings=self._settings, authorize=bearer(SCOPE))

    async def notify(self, notification: Notification) -> NotificationReceipt:
        """Send the mail and wait until the service has sent it on; ``reference``: its Message-ID.

        Raises:
            NotConfigured: no resource, sender or recipient.
            PermissionDenied: our identity may not send with this resource.
            PermanentError: the service refuses the mail, for example its sender.
            RetryableError: not sent on within the call's budget; it may still be.
            TourniquetError: see ``shared.errors``.
        """
        deadline = time.monotonic() + self._settings.call_budget_seconds
        recipients = list(dict.fromkeys(notification.recipients or self._settings.soc_mail_to))
        sender = self._settings.mail_from
        if not sender or not recipients:
            why = "TOURNIQUET_MAIL_FROM or TOURNIQUET_SOC_MAIL_TO not set"
            raise NotConfigured(why, vendor=VENDOR)
        message = compose(notification, sender=sender, recipients=recipients)
        operation = "emails.send"
        answer = await self.client.request(
            operation,
            "POST",
            "/emails:send",
            params={"api-version": API_VERSION},
            json=to_body(message, notification, recipients),
            headers={"Operation-Id": str(uuid5(NAMESPACE_URL, message["Message-ID"]))},
            ok=(202,),
            retry=Retry.ALWAYS,
        )
        sending = self.client.parse(Operation, answer.body, operation=operation)
        where = answer.headers.get("Operation-Location", "")
        wait = parse_retry_after(answer.headers.get("Retry-After"))
        await self._wait(sending, where, wait, deadline)
        return NotificationReceipt(channel=self.channel, reference=message["Message-ID"])

    async def _wait(
        self, sending: Operation, where: str, wait: float | None, deadline: float
    ) -> None:
        operation = "emails.operations.get"
        while sending.status in ("NotStarted", "Running"):
            pause = min(USUAL_WAIT_SECONDS if wait is None else wait, LONGEST_WAIT_SECONDS)
            if not where or time.monotonic() + pause >= deadline:
                why = "taken, but not sent on in time; it may still be"
                raise RetryableError(why, vendor=VENDOR, operation=operation)
            await asyncio.sleep(pause)
            answer = await self.client.request(operation, "GET", where)
            sending = self.client.parse(Operation, answer.body, operation=operation)
            wait = parse_retry_after(answer.headers.get("Retry-After"))
        if sending.status != "Succeeded":
            code = str(sending.error.get("code", "no reason given"))[:100]
            why = f"the mail was not sent: {sending.status} ({code})"
            raise PermanentError(why, vendor=VENDOR, operation=operation)


def to_body(message: EmailMessage, notification: Notification, recipients: list[str]) -> Json:
    """Return the body of the request: what the composed message says, in the service's words."""
    headers = {name: str(message[name]) for name in KEPT_HEADERS if message[name]}
    return {
        "senderAddress": parseaddr(str(message["From"]))[1],
        "recipients": {"to": [{"address": parseaddr(one)[1]} for one in recipients]},
        "content": {
            "subject": str(message["Subject"]),
            "plainText": plain_text(notification),
            "html": html(notification),
        },
        "headers": headers,
        "userEngagementTrackingDisabled": True,
    }
