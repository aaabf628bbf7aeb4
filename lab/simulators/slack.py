"""Slack's Web API: failures are HTTP 200 with ``ok: false``.

Operations: ``chat.postMessage``, ``chat.update``, ``auth.test``, ``users.info``. The target is the
channel (for an update, the message's timestamp). Bodies are checked against Slack's own Block Kit
types and limits.
"""

import json
import time
from typing import Any, ClassVar

from lab.simulators.config import SimulatorSettings
from lab.simulators.exchange import Answer, Call, Operation
from lab.simulators.specification import Specification
from lab.simulators.vendor import Vendor, same

SECOND_LINE = "C0LABSOC02"
"""The channel of the second line; the bot is a member of it, too."""
MAX_TEXT = 40_000
"""Characters of a message's text before Slack refuses it."""
MEMBERS = {
    "U0ANALYST1": "ana.lyst@contoso.example",
    "U0LEADER01": "lee.d@contoso.example",
    "U0DANARIVERS": "dana.rivers@contoso.example",
}
"""Members of the workspace and their mail addresses."""
_STRUCTURED = ("blocks", "attachments", "metadata")


class Slack(Vendor):
    """Two channels that the bot is a member of: the SOC's, and the second line's."""

    name: ClassVar[str] = "slack"

    def __init__(self, settings: SimulatorSettings) -> None:
        self._token = settings.tourniquet_slack_bot_token
        self._channel = settings.tourniquet_slack_channel
        self._channel_id = self._channel if self._channel[:1] in "CGD" else "C0LABSOC01"
        self._messages: dict[str, dict[str, Any]] = {}
        self._count = 0
        self.specification = Specification(
            "slack.json",
            bodies={
                "chat_postMessage": "chat-post-message.schema.json",
                "chat_update": "chat-update.schema.json",
            },
        )

    def operations(self) -> dict[str, Operation]:
        """See the module's list."""
        return {
            "chat_postMessage": Operation("chat.postMessage", self._post),
            "chat_update": Operation("chat.update", self._update),
            "auth_test": Operation("auth.test", self._test),
        }

    def unmatched(self, call: Call) -> Operation | None:
        """Slack takes POST for every method; ``users.info`` is in no specification that is kept."""
        if call.path == "/users.info":
            return Operation("users.info", self._user)
        is_test = call.method == "POST" and call.path == "/auth.test"
        return Operation("auth.test", self._test) if is_test else None

    def prepare(self, call: Call) -> str | None:
        """Turn a form into the JSON body it stands for."""
        if not isinstance(call.body, dict):
            return None
        call.params["token"] = str(call.body.pop("token", ""))
        try:
            for name in _STRUCTURED:
                if isinstance(call.body.get(name), str):
                    call.body[name] = json.loads(call.body[name])
        except ValueError:
            return f"body is not valid JSON in {name}"
        return None

    def authenticate(self, call: Call) -> Answer | None:
        """Bearer token in the header or, in a form, the ``token`` field."""
        given = call.headers.get("Authorization", "").removeprefix("Bearer ")
        given = given or call.params.get("token", "")
        if not given:
            return _failure("not_authed")
        return None if same(given, self._token) else _failure("invalid_auth")

    def refuse(self, status: int, message: str) -> Answer:
        """``ok: false`` with the error Slack has for the rule that was broken."""
        if status != 400:
            return _failure("unknown_method")
        if "not valid" in message and "body is" in message:
            return _failure("invalid_json")
        code = "invalid_blocks" if "blocks" in message else "invalid_arguments"
        if "'anyOf'" in message:
            code = "no_text"
        answer = _failure(code)
        answer.body["errors"] = [message]
        return answer

    def fail(self, status: int, message: str) -> Answer:
        """Slack's own words for too many calls and for trouble."""
        error = "ratelimited" if status == 429 else "internal_error"
        return Answer(status, {"ok": False, "error": error})

    def reset(self) -> None:
        """No messages."""
        self._messages.clear()

    def snapshot(self) -> dict[str, Any]:
        """Messages as they read now."""
        return {"slack": list(self._messages.values())}

    async def _post(self, call: Call) -> Answer:
        body = call.body
        call.target = str(body.get("channel", ""))
        own = (self._channel.lstrip("#"), self._channel_id)
        if call.target.lstrip("#") not in (*own, SECOND_LINE):
            return _failure("channel_not_found")
        channel = SECOND_LINE if call.target == SECOND_LINE else self._channel_id
        if len(body.get("text") or "") > MAX_TEXT:
            return _failure("msg_too_long")
        self._count += 1
        ts = f"{int(time.time())}.{self._count:06d}"
        message = {
            "type": "message", "channel": channel, "ts": ts, "user": "U0LABBOT01",
            "bot_id": "B0LABBOT01", "text": body.get("text", ""),
            "blocks": body.get("blocks", []),
        }  # fmt: skip
        if body.get("thread_ts"):
            message["thread_ts"] = body["thread_ts"]
        self._messages[ts] = message
        answer = {"ok": True, "channel": channel, "ts": ts, "message": message}
        return Answer(200, answer, effect=True, detail={"ts": ts})

    async def _update(self, call: Call) -> Answer:
        body = call.body
        call.target = str(body["ts"])
        message = self._messages.get(call.target)
        if body["channel"] not in (self._channel_id, SECOND_LINE):
            return _failure("channel_not_found")
        if message is None or message["channel"] != body["channel"]:
            return _failure("message_not_found")
        changed = {k: body[k] for k in ("text", "blocks") if k in body}
        effect = any(message.get(k) != v for k, v in changed.items())
        message.update(changed)
        if effect:
            message["edited"] = {"user": "U0LABBOT01", "ts": f"{time.time():.6f}"}
        answer = {
            "ok": True,
            "channel": message["channel"],
            "ts": call.target,
            "text": message["text"],
        }
        return Answer(200, {**answer, "message": message}, effect=effect)

    async def _user(self, call: Call) -> Answer:
        call.target = call.query.get("user", "")
        mail = MEMBERS.get(call.target)
        if mail is None:
            return _failure("user_not_found")
        name = mail.partition("@")[0]
        profile = {"real_name": name, "display_name": name, "email": mail}
        user = {"id": call.target, "team_id": "T0LAB00001", "name": name, "profile": profile}
        return Answer(200, {"ok": True, "user": user})

    async def _test(self, call: Call) -> Answer:
        body = {
            "ok": True, "url": "https://contoso-lab.slack.com/", "team": "Contoso lab",
            "user": "tourniquet", "team_id": "T0LAB00001", "user_id": "U0LABBOT01",
            "bot_id": "B0LABBOT01", "is_enterprise_install": False,
        }  # fmt: skip
        return Answer(200, body, {"x-oauth-scopes": "chat:write,users:read,users:read.email"})


def _failure(error: str) -> Answer:
    # The status says nothing: only the violation tells the ledger's reader that it was refused.
    return Answer(200, {"ok": False, "error": error}, violation=error)
