"""Plays one round in a running lab and collects what it left behind."""

import asyncio
import contextlib
import io
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp

from lab.chaos.claims import apart, unclaimed
from lab.chaos.disturb import Disturber, Done
from lab.chaos.gate import Gate
from lab.chaos.models import PlannedCase, Round
from lab.chaos.observed import Answered, Delivery, Observed
from lab.chaos.people import Person, send
from lab.chaos.town import Town, case_id, make_town
from lab.client import LabCallError, LabClient
from lab.errors import LabError
from lab.functions_host.host import FunctionsHost
from lab.stack import Lab
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.case import CaseStatus
from shared.models.plan import ActionName

PATIENCE_SECONDS = 120.0
"""How long nothing may happen at any vendor while a case is not at rest: it is stuck."""
LONGEST_SECONDS = 1200.0
"""How long a round may take at all, however busy it is."""
LOOK_SECONDS = 1.5
QUIET_LOOKS = 3
"""So many looks in a row without any work at the workers: nothing goes on any more."""

_LOG = logging.getLogger(__name__)

type Progress = Callable[[int, int], None]
"""Told how many cases of how many are at rest."""


@dataclass
class _State:
    town: Town
    people: dict[int, Person]
    case_ids: dict[int, tuple[str, ...]]
    deliveries: list[Delivery] = field(default_factory=list)
    records: dict[str, Json] = field(default_factory=dict)


class Stage:
    """A running lab in which rounds are played."""

    def __init__(self, lab: Lab, client: LabClient, gate: Gate) -> None:
        if not isinstance(lab.host, FunctionsHost):
            raise LabError("chaos needs the lab's own host: its task hub is taken away")
        self._lab, self._client, self._gate, self._host = lab, client, gate, lab.host

    async def play(self, planned: Round, progress: Progress) -> tuple[Observed, Done]:
        """Play a round until every case is at rest, or patience is out.

        Raises:
            LabError: the lab API refused something.
        """
        town = make_town(planned, self._lab.common)
        state = _State(
            town,
            {case.number: Person(self._client, case) for case in planned.cases},
            {case.number: _case_ids(town, case) for case in planned.cases},
        )
        await self._put("reset", None)
        await self._put("tenant", town.tenant)
        known = [*town.incidents.values(), *town.further.values()]
        await self._put("incidents", known)
        await self._put("faults", list(planned.faults))
        disturber = Disturber(self._host, self._gate, self._client, planned, state.case_ids)
        aiming = asyncio.create_task(disturber.aim())
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(disturber.run())
                tasks.create_task(self._deliver(planned, state))
                following = tasks.create_task(self._follow(planned, state, progress))
        finally:
            aiming.cancel()
            self._gate.set("open")
        following.result()
        return await self._observe(planned, state, disturber.done), disturber.done

    async def end(self, observed: Observed) -> None:
        """Close what is still open, so that nothing of a round falls into the next."""
        await self._put("faults", [])
        for key, record in observed.records.items():
            with contextlib.suppress(LabCallError):
                if record["status"] == CaseStatus.AWAITING_DECISION:
                    actions = [str(ActionName.NO_ACTION)]
                    await self._client.decide(key, actions=actions, comment="The round is over.")
            with contextlib.suppress(LabCallError):
                await self._client.close_case(key, "The round is over.")
        await self._quiet()

    async def _deliver(self, planned: Round, state: _State) -> None:
        began = time.monotonic()

        async def one(moment: float, number: int, incident: Json) -> None:
            await asyncio.sleep(max(0.0, began + moment - time.monotonic()))
            delivery = await send(self._client, number, incident, case_id(incident))
            if delivery is not None:
                state.deliveries.append(delivery)

        async with asyncio.TaskGroup() as tasks:
            for case in planned.cases:
                for moment in case.deliveries:
                    tasks.create_task(one(moment, case.number, state.town.incidents[case.number]))
                if case.further is not None:
                    second = state.town.further[case.number]
                    tasks.create_task(one(case.further, case.number, second))

    async def _follow(self, planned: Round, state: _State, progress: Progress) -> None:
        """Look at the records, let people answer, until all cases are at rest and stay so."""
        last = max([*(at for case in planned.cases for at in case.deliveries), 0.0])
        began = moved = time.monotonic()
        seen = 0
        while time.monotonic() < min(moved + PATIENCE_SECONDS, began + LONGEST_SECONDS):
            await asyncio.sleep(LOOK_SECONDS)
            await asyncio.gather(*(self._look(state, case) for case in planned.cases))
            if (lines := await self._last_line(seen)) > seen:
                seen, moved = lines, time.monotonic()
            restless = [case.number for case in planned.cases if not self._rests(state, case)]
            _LOG.info("round %s: not at rest: %s", planned.number, restless or "none")
            progress(len(planned.cases) - len(restless), len(planned.cases))
            over = time.monotonic() - began > last and not restless
            if over and await self._quiet():
                await asyncio.gather(*(self._look(state, case) for case in planned.cases))
                if all(self._rests(state, case) for case in planned.cases):
                    return

    async def _look(self, state: _State, case: PlannedCase) -> None:
        person = state.people[case.number]
        before = [state.records.get(key) for key in state.case_ids[case.number]]
        if any(before) and self._rests(state, case) and case.further is None:
            return
        for key in state.case_ids[case.number]:
            with contextlib.suppress(LabCallError):
                state.records[key] = record = await self._client.get_case(key)
                await person.look(record)

    def _rests(self, state: _State, case: PlannedCase) -> bool:
        """Tell whether every accepted incident of a case is answered, joined ones included."""
        sent = {one.case_id for one in state.deliveries if one.number == case.number}
        records = [
            state.records[key] for key in state.case_ids[case.number] if key in state.records
        ]
        joined = {one["case_id"] for record in records for one in record.get("joined", [])}
        known = {record["case_id"] for record in records} | joined
        content = all(state.people[case.number].is_content(one) for one in records)
        return bool(sent) and sent <= known and content and all(map(_has_ticket, records))

    async def _last_line(self, after: int) -> int:
        lines: list[Json] = await self._get(f"ledger?after={after}")
        return int(lines[-1]["seq"]) if lines else after

    async def _quiet(self) -> bool:
        """Wait until the workers have had nothing to do for a while; False: they went on."""
        quiet = 0
        for _ in range(30):
            await asyncio.sleep(LOOK_SECONDS / 2)
            quiet = 0 if await self._busy() else quiet + 1
            if quiet >= QUIET_LOOKS:
                return True
        return False

    async def _busy(self) -> bool:
        headers = {"x-functions-key": self._host.master_key}
        url = f"{self._host.url}/admin/lab/workers"
        async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as answer:
            return any(worker["calls"] for worker in (await answer.json())["workers"])

    async def _observe(self, planned: Round, state: _State, done: Done) -> Observed:
        case_ids = [key for keys in state.case_ids.values() for key in keys]
        for key in case_ids:
            with contextlib.suppress(LabCallError):
                state.records[key] = await self._client.get_case(key)
        logs = sorted(self._lab.logs.glob("worker-*.log"))
        automatic = self._lab.policy["automatic"]["ordinary"]["High"]
        answers: list[Answered] = [
            one for person in state.people.values() for one in person.accepted
        ]
        return Observed(
            planned=planned,
            case_ids=state.case_ids,
            deliveries=state.deliveries,
            answers=answers,
            records=state.records,
            ledger=await self._client.get_ledger(),
            before=state.town.tenant,
            after=await self._get("tenant"),
            automatic=frozenset(map(ActionName, automatic)),
            storage_away=done.storage_away,
            unclaimed=await asyncio.to_thread(unclaimed, logs, case_ids),
            apart=await asyncio.to_thread(apart, logs, case_ids),
        )

    async def _get(self, what: str) -> Any:
        url = f"{self._lab.urls['lab']}/_lab/{what}"
        async with aiohttp.ClientSession() as http, http.get(url) as answer:
            return await answer.json()

    async def _put(self, what: str, body: object) -> None:
        url = f"{self._lab.urls['lab']}/_lab/{what}"
        content = io.BytesIO(json.dumps(body).encode())
        async with aiohttp.ClientSession() as http:
            call = partial(http.post, url) if body is None else partial(http.put, url, data=content)
            async with call() as answer:
                if answer.status != 200:
                    raise LabError(f"{what}: {answer.status} {await answer.text()}")


def _case_ids(town: Town, case: PlannedCase) -> tuple[str, ...]:
    incidents = [town.incidents[case.number]]
    if case.number in town.further:
        incidents.append(town.further[case.number])
    return tuple(case_id(incident) for incident in incidents)


def _has_ticket(record: Json) -> bool:
    block = record["blocks"].get(BlockName.NOTIFICATION) or {}
    return bool((block.get("outputs") or {}).get("incident_ticket_id"))
