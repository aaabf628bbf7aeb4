"""Whatever people and products send to the running app: bodies as they are, answers as read."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from lab.client import LabClient
from lab.scenarios.people import has_been_told, is_finished
from lab.stack import Lab
from tests.lab.whole_lab import WholeLab

PATIENCE_SECONDS = 240.0

type Json = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """An answer of the app."""

    status: int
    kind: str
    text: str

    @property
    def body(self) -> Json:
        return dict(json.loads(self.text))

    @property
    def case_ids(self) -> list[str]:
        return [case["case_id"] for case in self.body["cases"]]

    @property
    def created(self) -> list[bool]:
        return [case["created"] for case in self.body["cases"]]

    @property
    def wrong_fields(self) -> list[str]:
        return [error["field"] for error in self.body["errors"]]


@dataclass(frozen=True)
class Desk:
    """Sends anything to the app, and follows the cases that come of it."""

    lab: Lab
    client: LabClient
    http: aiohttp.ClientSession

    async def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, raw: bytes = b""
    ) -> Reply:
        """Call a path of the app; ``raw`` is sent as it is."""
        key = self.lab.host.function_key if key is None else key
        headers = {"x-functions-key": key} if key else {}
        content = raw or (json.dumps(body).encode() if body is not None else None)
        url = f"{self.lab.host.url}{path}"
        async with self.http.request(method, url, data=content, headers=headers) as answer:
            return Reply(answer.status, answer.content_type, await answer.text())

    async def post_incident(self, body: Any) -> Reply:
        return await self.call("POST", "/api/incidents", body)

    async def post_event(self, event: Json, *, cloud_event: bool = False) -> int:
        """Deliver an event as Event Grid does; return the status."""
        headers = {"aeg-event-type": "Notification", "Content-Type": "application/json"}
        body: Any = [event]
        if cloud_event:
            body, headers = event, {"Content-Type": "application/cloudevents+json; charset=utf-8"}
        url = f"{self.lab.host.url}/runtime/webhooks/EventGrid"
        query = {"functionName": "on_security_event", "code": self.lab.host.system_key}
        content = json.dumps(body)
        async with self.http.post(url, params=query, data=content, headers=headers) as answer:
            return answer.status

    async def follow(self, case_ids: Collection[str]) -> dict[str, Json]:
        """Decide what is asked, wait until every case is handed over; return the records."""
        return dict(await asyncio.gather(*(self._follow(case_id) for case_id in case_ids)))

    async def _follow(self, case_id: str) -> tuple[str, Json]:
        decided = False
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            record = await self.client.get_case(case_id)
            if is_finished(record):
                return case_id, record
            assert time.monotonic() < deadline, f"{case_id} did not end: {record['timeline']}"
            if record["status"] == "awaiting_decision" and has_been_told(record) and not decided:
                await self.client.decide(case_id, actions=["MonitorOnly"], comment="by a test")
                decided = True
            await asyncio.sleep(0.5)


@asynccontextmanager
async def incident_desk(whole_lab: WholeLab, tenant: Json) -> AsyncIterator[Desk]:
    """Empty the simulators, load the tenant, and open the desk."""
    async with aiohttp.ClientSession() as http:
        desk = Desk(whole_lab.lab, whole_lab.client, http)
        for method, what, body in (("POST", "reset", {}), ("PUT", "tenant", tenant)):
            url = f"{whole_lab.lab.urls['lab']}/_lab/{what}"
            async with http.request(method, url, json=body) as answer:
                assert answer.status == 200, await answer.text()
        yield desk
