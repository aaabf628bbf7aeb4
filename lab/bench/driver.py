"""Sends a town's incidents to a running lab and waits for the responses, bounded in number."""

import asyncio
import io
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import aiohttp

from lab.bench.accounts import Account, Town
from lab.bench.calls import Latencies
from lab.bench.parts import cpu_of_parts, forget_peaks, memory_mb, peak_memory_mb
from lab.bench.results import CpuParts
from lab.bench.stall import describe_stall
from lab.client import LabCallError, LabClient
from lab.errors import LabError
from lab.scenarios.people import is_finished
from lab.stack import Lab
from shared.models.base import Json
from shared.models.case import CaseStatus

POLL_SECONDS = 0.3
"""No measured time depends on it: those come from the ledger and the case record."""
PATIENCE_SECONDS = 180.0
"""How long one case may take before the bench gives up."""
_OVER = (CaseStatus.CONTAINED, CaseStatus.MONITORING, CaseStatus.CLOSED, CaseStatus.FAILED)

type Tick = Callable[[], None]


@dataclass(frozen=True)
class Answered:
    """One case: its account and when its incident was sent."""

    account: Account
    posted_at: datetime


class Driver:
    """An async context manager around a running lab.

    Raises:
        LabError: from every call, when the lab answers something else than expected.
    """

    def __init__(self, lab: Lab, client: LabClient) -> None:
        self._lab = lab
        self._client = client

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.close()

    async def stage(self, town: Town, *, latencies: Latencies) -> None:
        """Put a town in the place of the last one, and let every vendor take its time."""
        # The first fault that fits wins.
        ordered = sorted(latencies.items(), key=lambda item: item[0] == "*")
        faults = [{"vendor": name, "kind": "latency", "value": value} for name, value in ordered]
        await self._put("tenant", town.tenant)
        await self._put("incidents", [account.incident for account in town.accounts])
        await self._put("faults", faults)

    async def reset_breaker(self) -> None:
        """Let the breaker count anew: it lets no policy contain more than 1,000 in an hour."""
        await self._client.reset_breaker("a bench")

    async def answer(
        self, accounts: Sequence[Account], *, at_once: int, tick: Tick = lambda: None
    ) -> list[Answered]:
        """Send the incidents, at most ``at_once`` under way; return when all are handed over."""
        gate = asyncio.Semaphore(at_once)

        async def one(account: Account) -> Answered:
            async with gate:
                posted_at = datetime.now(UTC)
                await self._send(account)
                await self._until_over(account.case_id)
                tick()
                return Answered(account, posted_at)

        try:
            async with asyncio.TaskGroup() as tasks:
                started = [tasks.create_task(one(account)) for account in accounts]
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors
        return [task.result() for task in started]

    async def record(self, account: Account) -> Json:
        """Return the record of a case that is handed over."""
        record = await self._client.get_case(account.case_id)
        if not is_finished(record):
            raise LabError(f"{account.case_id} is {record['status']} and not handed over")
        return record

    async def last_line(self) -> int:
        """Return the ledger's last sequence number."""
        lines = await self.ledger_after(0)
        return int(lines[-1]["seq"]) if lines else 0

    async def ledger_after(self, number: int) -> list[Json]:
        """Return the ledger's lines after a sequence number."""
        url = f"{self._lab.urls['lab']}/_lab/ledger?after={number}"
        lines: list[Json] = await self._get(url)
        return lines

    async def histories(self, case_id: str) -> list[Json]:
        """Return the histories of a case's instance and its children."""
        listed = await self._get(f"{self._durable}?instanceIdPrefix={case_id}&{self._key}")
        ids = [str(one["instanceId"]) for one in listed]
        admin = f"{self._lab.host.url}/admin/lab/history"
        headers = {"x-functions-key": self._lab.host.master_key}
        return [await self._get(f"{admin}/{one}", headers) for one in ids]

    async def running(self, case_id: str) -> list[str]:
        """Return which of a case's instances are not over yet."""
        listed = await self._get(f"{self._durable}?instanceIdPrefix={case_id}&{self._key}")
        over = ("Completed", "Failed", "Terminated")
        return [str(one["instanceId"]) for one in listed if one["runtimeStatus"] not in over]

    async def function_kinds(self) -> dict[str, str]:
        """Return each function's kind of trigger."""
        headers = {"x-functions-key": self._lab.host.master_key}
        listed = await self._get(f"{self._lab.host.url}/admin/functions", headers)
        return {
            str(one["name"]): str(binding["type"])
            for one in listed
            for binding in one["config"]["bindings"]
            if str(binding["type"]).endswith("Trigger")
        }

    def cpu_seconds(self) -> CpuParts:
        """Return the CPU time that the parts of the lab have used, of the present workers."""
        return cpu_of_parts(self._lab)

    def memory_mb(self) -> float:
        """Return the memory that the present workers together have."""
        return memory_mb(self._lab)

    def peak_memory_mb(self) -> float:
        """Return the most memory that the present workers together had."""
        return peak_memory_mb(self._lab)

    def forget_peak_memory(self) -> None:
        """Let the most memory be counted from now on."""
        forget_peaks(self._lab)

    @property
    def _durable(self) -> str:
        return f"{self._lab.host.url}/runtime/webhooks/durabletask/instances"

    @property
    def _key(self) -> str:
        return f"showInput=false&code={self._lab.host.system_key}"

    async def _send(self, account: Account) -> None:
        try:
            await self._client.send_incident(account.incident)
        except (LabCallError, aiohttp.ClientError, TimeoutError) as error:
            why = await describe_stall(self._lab)
            raise LabError(f"{account.case_id} was not taken, {_said(error)}: {why}") from error

    async def is_over(self, case_id: str) -> bool:
        """Tell whether a case's response is over, by asking the engine."""
        status = await self._get(f"{self._durable}/{case_id}?{self._key}")
        return (status.get("customStatus") or {}).get("phase", "") in _OVER

    async def _until_over(self, case_id: str) -> None:
        """Ask the engine, not the app: waiting must cost the workers nothing."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        phase = ""
        while phase not in _OVER:
            if time.monotonic() > deadline:
                why = await describe_stall(self._lab)
                raise LabError(f"{case_id} is still '{phase}' after {PATIENCE_SECONDS:g} s: {why}")
            await asyncio.sleep(POLL_SECONDS)
            status = await self._get(f"{self._durable}/{case_id}?{self._key}")
            phase = (status.get("customStatus") or {}).get("phase", "")

    async def _put(self, what: str, body: Any) -> None:
        url = f"{self._lab.urls['lab']}/_lab/{what}"
        # A tenant of many accounts is several megabytes: as a stream it does not hold up the loop.
        content = io.BytesIO(json.dumps(body).encode())
        try:
            async with self._http.put(url, data=content) as answer:
                if answer.status != 200:
                    raise LabError(f"PUT {url} answered {answer.status}: {await answer.text()}")
        except (aiohttp.ClientError, TimeoutError) as error:
            why = await describe_stall(self._lab)
            raise LabError(f"PUT {url} was not answered, {_said(error)}: {why}") from error

    async def _get(self, url: str, headers: dict[str, str] | None = None) -> Any:
        plain = url.partition("?")[0]
        try:
            async with self._http.get(url, headers=headers) as answer:
                if answer.status not in (200, 202):
                    raise LabError(f"GET {plain} answered {answer.status}")
                return await answer.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            why = await describe_stall(self._lab)
            raise LabError(f"GET {plain} was not answered, {_said(error)}: {why}") from error


def _said(error: BaseException) -> str:
    return f"{type(error).__name__} {error}".strip()
