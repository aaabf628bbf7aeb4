"""Does what a round's plan says to the running lab, at the planned seconds."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

import aiohttp

from lab.chaos.gate import Gate
from lab.chaos.models import AimedKill, Kill, Outage, Pause, PlannedCase, Round
from lab.client import LabCallError, LabClient
from lab.functions_host.host import FunctionsHost
from lab.functions_host.outage import HubOutage
from shared.models.base import Json

_LOOK_SECONDS = 0.1
_WORKER_LOOKS = 300
"""How often a kill looks for a worker that is up: half a minute in all."""
_AFTER_THE_CALL = 0.15
"""Seconds from a held call's arrival to the kill: the vendor has done its work by then."""


@dataclass
class Done:
    """What was done to the lab in a round."""

    kills: int = 0
    aimed_kills: int = 0
    pauses: int = 0
    storage_away: list[tuple[datetime, datetime]] = field(default_factory=list)
    hub_away: list[tuple[datetime, datetime]] = field(default_factory=list)


class Disturber:
    """Kills, pauses and outages of one round; ``run`` ends when all of them are over.

    ``case_ids``: which cases may be those of a planned one, by number.
    """

    def __init__(
        self,
        host: FunctionsHost,
        gate: Gate,
        client: LabClient,
        planned: Round,
        case_ids: Mapping[int, Collection[str]],
    ) -> None:
        self._host, self._gate, self._client, self._planned = host, gate, client, planned
        self._case_ids = case_ids
        self._hub: HubOutage = host.hub_outage
        self.done = Done()

    async def run(self) -> None:
        """Do everything that is planned, each at its time."""
        planned = self._planned
        self._began = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for kill in planned.kills:
                tasks.create_task(self._at(kill.at, partial(self._kill, kill)))
            for pause in planned.pauses:
                tasks.create_task(self._at(pause.at, partial(self._pause, pause)))
            for outage in planned.blob:
                tasks.create_task(self._at(outage.at, partial(self._blob, outage)))
            for outage in planned.hub:
                tasks.create_task(self._at(outage.at, partial(self._hub_away, outage)))

    async def aim(self) -> None:
        """Kill the worker of every call that the plan has a vendor hold; until cancelled."""
        waiting = {case.number: case for case in self._planned.cases if case.aimed_kill}
        while waiting:
            await asyncio.sleep(_LOOK_SECONDS)
            with contextlib.suppress(LabCallError):
                for fault in await self._client.get_faults():
                    for case in [one for one in waiting.values() if _is_of(fault, one)]:
                        del waiting[case.number]
                        await asyncio.sleep(_AFTER_THE_CALL)
                        await self._kill_for(case)

    async def _at(self, moment: float, act: Callable[[], Awaitable[None]]) -> None:
        await asyncio.sleep(max(0.0, self._began + moment - time.monotonic()))
        await act()

    async def _kill(self, kill: Kill) -> None:
        pids = await self._workers_up()
        victims = pids if kill.all else pids[kill.worker % len(pids) :][:1] if pids else []
        self.done.kills += sum(_send(pid, signal.SIGKILL) for pid in victims)

    async def _workers_up(self) -> list[int]:
        """Return the workers that are up, once there is one: the last kill may have taken all."""
        for _ in range(_WORKER_LOOKS):
            if pids := self._host.worker_pids():
                return pids
            await asyncio.sleep(_LOOK_SECONDS)
        return []

    async def _kill_for(self, case: PlannedCase) -> None:
        """Kill whichever worker holds the activity of the case that made the held call."""
        for worker in await self._workers():
            held = [
                call
                for call in worker["calls"]
                if call["subject"].partition(":")[0] in self._case_ids[case.number]
            ]
            if held and _send(int(worker["pid"]), signal.SIGKILL):
                self.done.aimed_kills += 1

    async def _pause(self, pause: Pause) -> None:
        pids = await self._workers_up()
        if not pids:
            return
        pid = pids[pause.worker % len(pids)]
        if _send(pid, signal.SIGSTOP):
            self.done.pauses += 1
            await asyncio.sleep(pause.lasts)
            _send(pid, signal.SIGCONT)

    async def _blob(self, outage: Outage) -> None:
        began = datetime.now(UTC)
        self._gate.set("silent" if outage.hangs else "closed")
        await asyncio.sleep(outage.lasts)
        self._gate.set("open")
        self.done.storage_away.append((began, datetime.now(UTC)))

    async def _hub_away(self, outage: Outage) -> None:
        began = datetime.now(UTC)
        self._hub.begin()
        await asyncio.sleep(outage.lasts)
        self._hub.end()
        self.done.hub_away.append((began, datetime.now(UTC)))

    async def _workers(self) -> list[Json]:
        headers = {"x-functions-key": self._host.master_key}
        url = f"{self._host.url}/admin/lab/workers"
        async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as answer:
            return list((await answer.json())["workers"])


def _is_of(fault: Json, case: PlannedCase) -> bool:
    aim: AimedKill | None = case.aimed_kill
    return (
        aim is not None
        and bool(fault["played"])
        and fault["kind"] == "latency"
        and (fault["vendor"], fault["operation"]) == (aim.vendor, aim.operation)
        and bool({case.object_id, case.name} & set(fault.get("about", ())))
    )


def _send(pid: int, number: signal.Signals) -> bool:
    """Send a signal to a worker; one that has just ended does not count."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True
