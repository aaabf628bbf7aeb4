"""The tiny app, run by the real host, with the calls its tests make."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from lab.functions_host.host import FunctionsHost

APP = Path(__file__).parent / "apps" / "tiny"
PATIENCE_SECONDS = 120.0
FINISHED = ("Completed", "Failed", "Terminated")


@dataclass(frozen=True)
class Tiny:
    """A running tiny app."""

    host: FunctionsHost
    http: aiohttp.ClientSession
    notes_file: Path

    def notes(self, word: str = "") -> list[str]:
        lines = self.notes_file.read_text().splitlines() if self.notes_file.exists() else []
        return [line for line in lines if line.startswith(word)]

    async def start(self, name: str, payload: dict[str, Any], instance_id: str = "") -> str:
        url = f"{self.host.url}/api/orchestrations/{name}"
        headers = {"x-functions-key": self.host.function_key}
        query = {"id": instance_id} if instance_id else {}
        async with self.http.post(url, json=payload, headers=headers, params=query) as answer:
            assert answer.status == 202, await answer.text()
            return str((await answer.json(content_type=None))["id"])

    async def manage(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        url = f"{self.host.url}/runtime/webhooks/durabletask/{path}"
        headers = {"x-functions-key": self.host.system_key}
        async with self.http.request(method, url, json=body, headers=headers) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await answer.json() if is_json else await answer.text()

    async def result(self, instance_id: str, within: float = PATIENCE_SECONDS) -> dict[str, Any]:
        deadline = time.monotonic() + within
        while True:
            _, state = await self.manage("GET", f"instances/{instance_id}")
            if state and state["runtimeStatus"] in FINISHED:
                return dict(state)
            assert time.monotonic() < deadline, f"still {state}"
            await asyncio.sleep(0.02)

    async def run(self, name: str, payload: dict[str, Any]) -> Any:
        return (await self.result(await self.start(name, payload)))["output"]

    async def workers(self) -> dict[str, Any]:
        url = f"{self.host.url}/admin/lab/workers"
        headers = {"x-functions-key": self.host.master_key}
        async with self.http.get(url, headers=headers) as answer:
            assert answer.status == 200
            return dict(await answer.json())

    async def history(self, instance_id: str) -> dict[str, Any]:
        url = f"{self.host.url}/admin/lab/history/{instance_id}"
        headers = {"x-functions-key": self.host.master_key}
        async with self.http.get(url, headers=headers) as answer:
            return dict(await answer.json()) if answer.status == 200 else {"history": []}

    async def pid_running(self, function: str) -> int:
        """Process id of the worker that is in the middle of this function."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for worker in (await self.workers())["workers"]:
                if any(call["function"] == function for call in worker["calls"]):
                    return int(worker["pid"])
            await asyncio.sleep(0.02)
        raise AssertionError(f"{function} is not running")


async def until(condition: Callable[[], bool], within: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def tiny_host(folder: Path, app: Path = APP, **options: Any) -> AsyncIterator[Tiny]:
    notes = folder / "notes"
    env = {
        "TINY_NOTES": str(notes),
        "TINY_SCHEDULE": "* * * * * *",
        "TINY_SETTING": "from the environment",
        "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING": "1",
        "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "3145728",
    }
    host = FunctionsHost(app, env=env, log_dir=folder / "logs", **options)
    async with host, aiohttp.ClientSession() as session:
        yield Tiny(host, session, notes)
