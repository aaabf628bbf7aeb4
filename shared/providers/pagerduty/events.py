"""PagerDuty Events API v2: one alert per case, found again by its ``dedup_key``, the case id.

https://developer.pagerduty.com/docs/send-alert-event. An event that triggers an alert that is open
is added to its log and opens no second one, so that every event may be sent again. The routing key
is the credential and stands in the body: nothing that is logged, raised or kept holds the body.
"""

from functools import cached_property
from typing import Literal

from shared.errors import NotConfigured, RetryableError
from shared.models.base import Json, VendorModel
from shared.models.message import Notification, NotificationReceipt
from shared.providers.http import VendorClient
from shared.providers.links import web_links
from shared.providers.response import VendorResponse
from shared.providers.retry import Retry
from shared.settings import Settings

VENDOR = "pagerduty"
OPERATION = "enqueue"
LONGEST_SUMMARY = 1024
LONGEST_DETAIL = 400
MOST_DETAILS = 40
"""Of facts and lines each. An event may have 512 KB, and an emoji is twelve bytes in JSON."""


class Taken(VendorModel):
    """The answer to an event that was taken."""

    status: Literal["success"]
    dedup_key: str


class PagerDuty:
    """A ``Notifier`` that wakes the person on call; what needs nobody's waking is not sent."""

    channel = VENDOR

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _key(self) -> str:
        key = self._settings.pagerduty_routing_key
        if key is None:
            raise NotConfigured("TOURNIQUET_PAGERDUTY_ROUTING_KEY is not set", vendor=VENDOR)
        return key.get_secret_value()

    @cached_property
    def _client(self) -> VendorClient:
        url = self._settings.pagerduty_url
        return VendorClient(VENDOR, url, settings=self._settings, secrets=(self._key,))

    async def notify(self, notification: Notification) -> NotificationReceipt:
        """Trigger, acknowledge or resolve the case's alert, as ``wake`` says.

        Raises:
            NotConfigured: no routing key.
            PermanentError: PagerDuty does not take the event, for example because the routing key
                is of no service.
            TourniquetError: see ``shared.errors``; the message never holds the routing key.
        """
        body = to_event(notification, routing_key=self._key)
        answer = await self._client.request(
            OPERATION, "POST", "/enqueue", json=body, ok=(202,), check=_check, retry=Retry.ALWAYS
        )
        taken = self._client.parse(Taken, answer.body, operation=OPERATION)
        return NotificationReceipt(channel=self.channel, reference=taken.dedup_key)


def to_event(notification: Notification, *, routing_key: str) -> Json:
    """Return the event; only one that triggers says what it is about."""
    action = notification.wake or "trigger"
    event: Json = {
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": notification.case_id,
    }
    if action != "trigger":
        return event
    links = web_links(notification.links)
    about = " ".join(notification.title.split()) or "Account compromise case"
    return event | {
        "payload": {
            "summary": about[:LONGEST_SUMMARY],
            "source": f"tourniquet {notification.case_id}",
            "severity": "critical" if notification.urgent else "error",
            "component": "account",
            "class": "account compromise",
            "custom_details": _details(notification),
        },
        "client": "Tourniquet",
        "links": [{"href": url, "text": label} for label, url in links],
    }


def _details(notification: Notification) -> Json:
    facts = {label: value[:LONGEST_DETAIL] for label, value in notification.facts[:MOST_DETAILS]}
    lines = [line[:LONGEST_DETAIL] for line in notification.lines[:MOST_DETAILS]]
    return {"Summary": notification.summary[:LONGEST_DETAIL]} | facts | {"Next": lines}


def _check(answer: VendorResponse) -> None:
    if not isinstance(answer.body, dict) or answer.body.get("status") != "success":
        raise RetryableError("garbled answer: no success", vendor=VENDOR, operation=OPERATION)
