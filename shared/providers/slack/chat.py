"""Slack Web API with a bot token.

``chat.postMessage`` and ``chat.update`` need the scope chat:write, ``users.info`` users:read and
users:read.email.

Slack has no key against duplicates: the receipt's ``reference`` (``channel:ts``) is kept in the
case, and later notifications update that message and are a note in its thread.
"""

import re
from collections.abc import Callable, Mapping
from functools import cached_property

from shared.errors import (
    NotConfigured,
    NotFound,
    PermanentError,
    PermissionDenied,
    RetryableError,
    Throttled,
    TourniquetError,
)
from shared.models.base import Json, VendorModel
from shared.models.message import Notification, NotificationReceipt
from shared.providers.http import VendorClient
from shared.providers.response import VendorResponse
from shared.providers.retry import Retry, parse_retry_after
from shared.providers.slack.blocks import escape, fallback_text, to_blocks
from shared.settings import Settings

VENDOR = "slack"
USER = re.compile(r"[UW][A-Z0-9]{2,}")
LONGEST_NOTE = 600
"""Of a note in a thread; the message above it has the rest."""
REFERENCE = re.compile(r"(?P<channel>[A-Z0-9]{2,}):(?P<ts>\d+\.\d+)")

THROTTLED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
LATER = frozenset(
    {"internal_error", "fatal_error", "request_timeout", "service_unavailable", "team_added_to_org"}
)
DENIED = frozenset(
    {
        "access_denied",
        "account_inactive",
        "ekm_access_denied",
        "enterprise_is_restricted",
        "invalid_auth",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "org_login_required",
        "restricted_action",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
    }
)
NOT_THERE = frozenset(
    {
        "user_not_found",
        "user_not_visible",
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "channel_is_archived",
    }
)
GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
"""The earlier message cannot be changed any more: a new one is posted."""


class Posted(VendorModel):
    """The part of a successful answer that is used."""

    channel: str
    ts: str


class Profile(VendorModel):
    """The part of a member's profile that is used; hidden without the scope for it."""

    email: str | None = None


class Member(VendorModel):
    """A member of the workspace."""

    profile: Profile = Profile()


class Looked(VendorModel):
    """A successful answer of ``users.info``."""

    user: Member


class MessageGoneError(PermanentError):
    """The message to update does not exist or cannot be changed any more."""


class Slack:
    """A ``Notifier`` for one channel, and for others that a message names."""

    channel = "slack"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _client(self) -> VendorClient:
        token = self._settings.slack_bot_token
        if token is None or not self._settings.slack_channel:
            raise NotConfigured(
                "TOURNIQUET_SLACK_BOT_TOKEN or TOURNIQUET_SLACK_CHANNEL is not set", vendor=VENDOR
            )

        async def authorize() -> Mapping[str, str]:
            return {"Authorization": f"Bearer {token.get_secret_value()}"}

        return VendorClient(
            VENDOR, self._settings.slack_url, settings=self._settings, authorize=authorize
        )

    async def notify(self, notification: Notification) -> NotificationReceipt:
        """Post the message, or update the one that ``reference`` names and say so in its thread.

        What somebody has to act on is said in the channel, too: an update alone rings nowhere.

        Raises:
            NotConfigured: no token or channel.
            NotFound: the channel does not exist, is archived, or the bot is not in it.
            PermissionDenied: Slack refuses the token or it lacks a scope.
            TourniquetError: see ``shared.errors``.
        """
        content = {"text": fallback_text(notification), "blocks": to_blocks(notification)}
        earlier = REFERENCE.fullmatch(notification.reference or "")
        if earlier is not None:
            try:
                changed = await self._call("chat.update", {**earlier.groupdict(), **content})
            except MessageGoneError:
                pass
            else:
                if not notification.quiet:
                    await self._note(earlier.groupdict(), notification)
                return changed
        channel = notification.place or self._settings.slack_channel
        place = {"channel": channel, "unfurl_links": False, "unfurl_media": False}
        return await self._call("chat.postMessage", {**place, **content})

    async def _note(self, place: Mapping[str, str], notification: Notification) -> None:
        """Say in the thread of a message what is new."""
        body: Json = {
            "channel": place["channel"],
            "thread_ts": place["ts"],
            "text": fallback_text(notification)[:LONGEST_NOTE],
            "unfurl_links": False,
        }
        if notification.alert:
            body["reply_broadcast"] = True
        await self._call("chat.postMessage", body)

    async def reply(self, *, channel: str, ts: str, user: str, text: str) -> None:
        """Answer one person in the thread of a message; ids as Slack sent them.

        Raises:
            PermanentError: an id is not one of Slack's.
            TourniquetError: see ``shared.errors``.
        """
        if not (REFERENCE.fullmatch(f"{channel}:{ts}") and USER.fullmatch(user)):
            raise PermanentError(
                "not an id of Slack's", vendor=VENDOR, operation="chat.postMessage"
            )
        said = f"<@{user}> {escape(text)}"
        body = {"channel": channel, "thread_ts": ts, "text": said, "unfurl_links": False}
        await self._call("chat.postMessage", body)

    async def mail_of(self, user: str) -> str | None:
        """Return the mail address of a member, ``None`` when Slack does not show it.

        https://docs.slack.dev/reference/methods/users.info

        Raises:
            PermissionDenied: the token lacks a scope.
            TourniquetError: see ``shared.errors``.
        """
        operation = "users.info"
        answer = await self._client.request(
            operation, "GET", "/users.info", params={"user": user}, check=_judge(operation)
        )
        return self._client.parse(Looked, answer.body, operation=operation).user.profile.email

    async def _call(self, operation: str, body: Json) -> NotificationReceipt:
        answer = await self._client.request(
            operation,
            "POST",
            f"/{operation}",
            json=body,
            check=_judge(operation),
            retry=Retry.ALWAYS if operation == "chat.update" else Retry.IF_NOT_PROCESSED,
        )
        posted = self._client.parse(Posted, answer.body, operation=operation)
        return NotificationReceipt(channel=self.channel, reference=f"{posted.channel}:{posted.ts}")


def _judge(operation: str) -> Callable[[VendorResponse], None]:
    def check(answer: VendorResponse) -> None:
        if error := to_error(answer, operation):
            raise error

    return check


def to_error(answer: VendorResponse, operation: str) -> TourniquetError | None:
    """Return the error of a "200 OK" that says ``ok: false``, or ``None`` when it is fine."""
    body = answer.body
    if not isinstance(body, dict) or not isinstance(body.get("ok"), bool):
        return RetryableError("garbled answer: no ok", vendor=VENDOR, operation=operation)
    if body["ok"]:
        return None
    code = str(body.get("error"))
    if not re.fullmatch(r"[a-z0-9_]{1,64}", code):
        code = "unknown_error"
    text = f"Slack answered {code}"
    if code in THROTTLED:
        seconds = parse_retry_after(answer.headers.get("Retry-After"))
        return Throttled(text, vendor=VENDOR, operation=operation, retry_after=seconds)
    kinds: list[tuple[frozenset[str], type[TourniquetError]]] = [
        (LATER, RetryableError),
        (DENIED, PermissionDenied),
        (NOT_THERE, NotFound),
        (GONE, MessageGoneError),
    ]
    kind = next((kind for codes, kind in kinds if code in codes), PermanentError)
    return kind(text, vendor=VENDOR, operation=operation)
