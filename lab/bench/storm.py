"""``make bench STORM=1000``: so many incidents in a minute, four for each account.

Graph's tight limits are simulated, so most risks and registered methods cannot be read; what is
measured is that nothing is lost and that containment does not wait for them.
"""

import asyncio
import contextlib
import os
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil
from rich.console import Console

from lab.bench.accounts import NEVER_BLOCKED, Account, Town, make_town, reworded
from lab.bench.driver import Driver
from lab.bench.numbers import median, percentile
from lab.bench.results import Result
from lab.client import LabCallError, LabClient
from lab.environment import AS_GRAPH_LIMITS
from lab.errors import LabError
from lab.stack import Lab
from shared.models.base import Json, format_utc
from shared.models.case import OperatingMode
from shared.models.sla import SlaTargets

WORKERS = 2
INCIDENTS_PER_ACCOUNT = 4
STORM_SECONDS = 60.0
PATIENCE_SECONDS = 3600.0
JOINING_SECONDS = 1200.0
"""Looks at what joined are up to 15 minutes apart."""
_SETTINGS = {
    "TOURNIQUET_RECHECK_MINUTES": "1440",
    **AS_GRAPH_LIMITS,
}
_PAUSES = (0.5, 1, 2, 4, 8)
_LOOK_SECONDS = 3.0
_LIMITED = frozenset({"riskyUsers.get", "userRegistrationDetails"})
_CONTAINING = "revokeSignInSessions"
"""The last change of the account in a containment of these cases."""


class StormResult(Result):
    """What ``storm.json`` holds; times in seconds."""

    incidents: int
    accounts: int
    accepted: int
    lost: int
    """Accepted incidents that no case answers."""
    sent_again: int
    """Deliveries that were not accepted at once and were sent again."""
    accepted_p50_s: float
    accepted_p95_s: float
    contained: int
    contained_twice: int
    within_sla: int
    sla_s: float
    contained_p50_s: float
    contained_p95_s: float
    contained_max_s: float
    refused_by_graph: int
    """Requests that Graph answered with 429."""
    asked_of_limited: int
    worker_memory_mb: float
    history_events_max: int
    history_bytes_max: int
    measured_at: str
    cpus: int
    load_before: float
    seconds: float


@dataclass
class _Seen:
    first_sent: dict[str, datetime] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    accepted: int = 0
    again: int = 0
    memory: float = 0.0


async def run_storm(console: Console, folder: Path, *, incidents: int) -> int:
    """Send the storm, print its figures and write ``storm.json``; 0 only if nothing was lost.

    Raises:
        LabError: the lab could not start, or answers something else than expected.
    """
    began, load = time.monotonic(), os.getloadavg()[0]
    for name in [name for name in os.environ if name.startswith("TOURNIQUET_")]:
        del os.environ[name]
    lab = Lab(
        auto_ports=True,
        state_dir=folder / "storm",
        workers=WORKERS,
        mode=OperatingMode.AUTOMATIC,
        policy={"never_block": {"addresses": [str(NEVER_BLOCKED)]}},
        settings=_SETTINGS,
    )
    console.print("Starting a lab")
    async with lab, lab.client() as client, Driver(lab, client) as driver:
        town = make_town(lab.common, 0, max(1, incidents // INCIDENTS_PER_ACCOUNT), blockable=False)
        town.tenant["directory"]["tightLimits"] = True
        await driver.stage(town, latencies={})
        seen = _Seen()
        watching = asyncio.create_task(_watch_memory(lab, seen))
        await _send_all(client, _incidents(town, incidents), seen)
        console.print(f"  sent within {time.monotonic() - began:.0f} s of the start")
        await _until_over(driver, town.accounts)
        answered = await _until_joined(client, town.accounts, seen.accepted)
        watching.cancel()
        result = await _measure(driver, town, incidents, seen, answered, began, load)
    path = folder / "storm.json"
    path.write_text(result.model_dump_json(indent=1) + "\n", encoding="utf-8")
    for name, value in result.model_dump().items():
        console.print(f"  {name.replace('_', ' ')}: {value}")
    console.print(str(path), soft_wrap=True)
    return 0 if not result.lost and result.accepted == incidents else 1


def _incidents(town: Town, count: int) -> list[tuple[Account, Json]]:
    """Every account's incident, and further ones about the same accounts, each with its own id."""
    found = []
    for number in range(count):
        account = town.accounts[number % len(town.accounts)]
        incident = account.incident
        if number >= len(town.accounts):
            names = [str(incident["object"]["name"])]
            names += [str(one["name"]) for one in incident["object"]["properties"]["alerts"]]
            incident = reworded(incident, {name: str(uuid.uuid4()) for name in names})
        found.append((account, incident))
    return found


async def _send_all(client: LabClient, bodies: list[tuple[Account, Json]], seen: _Seen) -> None:
    began = time.monotonic()

    async def one(number: int, account: Account, incident: Json) -> None:
        due = began + number * STORM_SECONDS / len(bodies)
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        seen.first_sent.setdefault(account.case_id, datetime.now(UTC))
        for pause in (*_PAUSES, *[_PAUSES[-1]] * 20):
            asked = time.monotonic()
            try:
                await client.send_incident(incident)
            except LabCallError:
                seen.again += 1
                await asyncio.sleep(pause)
            else:
                seen.waits.append(time.monotonic() - asked)
                seen.accepted += 1
                return

    async with asyncio.TaskGroup() as tasks:
        for number, (account, incident) in enumerate(bodies):
            tasks.create_task(one(number, account, incident))


async def _until_over(driver: Driver, accounts: list[Account]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    waiting = {account.case_id for account in accounts}
    while waiting and time.monotonic() < deadline:
        await asyncio.sleep(_LOOK_SECONDS)
        for case_id in list(waiting):
            if await driver.is_over(case_id):
                waiting.discard(case_id)


async def _until_joined(client: LabClient, accounts: list[Account], accepted: int) -> int:
    """Wait until the cases have looked at what joined them; return how many are answered."""
    deadline = time.monotonic() + JOINING_SECONDS
    while True:
        answered = 0
        for account in accounts:
            with contextlib.suppress(LabCallError):
                record = await client.get_case(account.case_id)
                answered += 1 + len(record.get("joined", []))
        if answered >= accepted or time.monotonic() > deadline:
            return answered
        await asyncio.sleep(_LOOK_SECONDS * 3)


async def _watch_memory(lab: Lab, seen: _Seen) -> None:
    while True:
        for pid in lab.host.worker_pids():
            try:
                resident = psutil.Process(pid).memory_info().rss / 1e6
            except psutil.NoSuchProcess:
                continue
            seen.memory = max(seen.memory, resident)
        await asyncio.sleep(_LOOK_SECONDS)


async def _measure(
    driver: Driver,
    town: Town,
    incidents: int,
    seen: _Seen,
    answered: int,
    began: float,
    load: float,
) -> StormResult:
    ledger = await driver.ledger_after(0)
    contained = _contained(ledger, town.accounts, seen)
    histories = [one for account in town.accounts[:20] for one in await _history(driver, account)]
    times = [min(found) for found in contained.values() if found] or [0.0]
    limited = [line for line in ledger if line["operation"] in _LIMITED]
    sla = SlaTargets().containment_seconds
    return StormResult(
        incidents=incidents,
        accounts=len(town.accounts),
        accepted=seen.accepted,
        lost=max(0, seen.accepted - answered),
        sent_again=seen.again,
        accepted_p50_s=round(median(seen.waits), 2),
        accepted_p95_s=round(percentile(seen.waits, 0.95), 2),
        contained=sum(bool(found) for found in contained.values()),
        contained_twice=sum(len(found) > 1 for found in contained.values()),
        within_sla=sum(bool(found) and min(found) < sla for found in contained.values()),
        sla_s=sla,
        contained_p50_s=round(median(times), 1),
        contained_p95_s=round(percentile(times, 0.95), 1),
        contained_max_s=round(max(times), 1),
        refused_by_graph=sum(line["status"] == 429 for line in limited),
        asked_of_limited=len(limited),
        worker_memory_mb=round(seen.memory, 1),
        history_events_max=max(int(one["events"]) for one in histories),
        history_bytes_max=max(int(one["bytes"]) for one in histories),
        measured_at=format_utc(datetime.now(UTC)),
        cpus=os.cpu_count() or 1,
        load_before=round(load, 2),
        seconds=round(time.monotonic() - began, 1),
    )


def _contained(
    ledger: Iterable[Json], accounts: Iterable[Account], seen: _Seen
) -> dict[str, list[float]]:
    """By account, how long after its first incident was sent its sessions were revoked."""
    found: dict[str, list[float]] = {account.object_id: [] for account in accounts}
    sent = {account.object_id: seen.first_sent[account.case_id] for account in accounts}
    for line in ledger:
        if line["operation"] == _CONTAINING and line["effect"] and line["target"] in found:
            at = datetime.fromisoformat(line["at"])
            found[line["target"]].append((at - sent[line["target"]]).total_seconds())
    return found


async def _history(driver: Driver, account: Account) -> list[Json]:
    try:
        return await driver.histories(account.case_id)
    except LabError:
        return []
