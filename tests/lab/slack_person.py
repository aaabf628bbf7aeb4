"""A person in Slack: reads the message in the channel, ticks boxes, presses a button."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
from jsonschema_rs import Draft202012Validator

from lab.simulators import specs
from shared.providers.slack.signature import sign
from tests.lab.whole_lab import WholeLab

type Json = dict[str, Any]

SCHEMA = Path(specs.__path__[0]) / "block-actions.schema.json"
FORM = "application/x-www-form-urlencoded"


@dataclass
class SlackPerson:
    """Somebody who sees the SOC's channel."""

    lab: WholeLab
    id: str = "U0ANALYST1"
    name: str = "ana.lyst"

    async def messages(self, case_id: str) -> list[Json]:
        """The messages about a case as they read now."""
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{self.lab.lab.urls['lab']}/_lab/tenant") as answer,
        ):
            state = await answer.json()
        return [one for one in state["slack"] if case_id in json.dumps(one["blocks"])]

    def press(self, message: Json, button: str, *, ticked: list[str] | None = None) -> Json:
        """What Slack sends when this person presses a button; ``ticked`` overrides the boxes."""
        elements = [
            (block, element)
            for block in message["blocks"]
            if block["type"] == "actions"
            for element in block["elements"]
        ]
        block, used = next(pair for pair in elements if pair[1]["action_id"] == button)
        values: Json = {}
        for box_block, box in elements:
            if box["type"] == "checkboxes":
                chosen = box.get("initial_options", [])
                if ticked is not None:
                    chosen = [one for one in box["options"] if one["value"] in ticked]
                state = {"type": "checkboxes", "selected_options": chosen}
                values.setdefault(box_block["block_id"], {})[box["action_id"]] = state
        action = {
            "type": "button", "block_id": block["block_id"], "action_id": button,
            "text": used["text"], "value": used["value"], "action_ts": f"{time.time():.6f}",
        }  # fmt: skip
        channel = {"id": message["channel"], "name": "soc"}
        payload = {
            "type": "block_actions", "token": "legacy", "api_app_id": "A0LAB00001",
            "team": {"id": "T0LAB00001", "domain": "contoso-lab"}, "trigger_id": "1.2.3",
            "user": {"id": self.id, "username": self.name, "team_id": "T0LAB00001"},
            "channel": channel, "message": {**message, "type": "message"},
            "container": {"type": "message", "message_ts": message["ts"]},
            "response_url": "https://hooks.slack.com/actions/T0LAB00001/1/x",
            "state": {"values": values}, "actions": [action],
        }  # fmt: skip
        Draft202012Validator(json.loads(SCHEMA.read_text())).validate(payload)
        return payload

    async def send(
        self, payload: Json, *, secret: str | None = None, at: float | None = None, raw: bytes = b""
    ) -> int:
        """Send an interaction as Slack does; the status of the app's answer."""
        body = raw or urlencode({"payload": json.dumps(payload)}).encode()
        stamp = str(int(time.time() if at is None else at))
        key = secret or self.lab.lab.app_settings["TOURNIQUET_SLACK_SIGNING_SECRET"]
        headers = {
            "Content-Type": FORM,
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": sign(key, stamp, body),
        }
        url = f"{self.lab.lab.host.url}/api/slack/interactions"
        async with (
            aiohttp.ClientSession() as http,
            http.post(url, data=body, headers=headers) as answer,
        ):
            return answer.status
