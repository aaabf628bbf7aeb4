"""One lab in which everything that can go wrong does, for many cases at the same time."""

import asyncio
import io
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiohttp
import pytest
import pytest_asyncio

from lab.client import LabClient
from lab.functions_host.alarms import Alarms
from lab.scenarios.people import has_been_told, is_finished
from lab.stack import Lab
from tests.lab.troubles import EVERY_KIND, TROUBLES
from tests.lab.victims import NEVER_BLOCKED, Line, Town, Victim

SPEED = 20
"""How much sooner durable timers fire: the product's own waits between tries, in less time."""
SECONDS_BETWEEN_STARTS = 1.0
"""The lab has two cores: started all at once, even healthy calls would time out."""
PATIENCE_SECONDS = 400.0
WORTH_READING = ("awaiting_decision", "contained", "monitoring", "failed")
"""Statuses of a case that asks something or may be over."""

SETTINGS = {
    "LAB_MODE": "automatic",
    "TOURNIQUET_CALL_TIMEOUT_SECONDS": "10",
    "TOURNIQUET_CALL_BUDGET_SECONDS": "20",
    "TOURNIQUET_CALL_ATTEMPTS": "1",
    "TOURNIQUET_QUERY_TIMEOUT_SECONDS": "40",
    "TOURNIQUET_RECHECK_MINUTES": "600",
}
"""One attempt a call, so that those that hang on purpose cost no more time than they must, while a
healthy vendor has ten seconds on a busy machine; the orchestrations try again."""
OUT_OF_TIME = ("no answer within", "still being exported")
CONTAINMENT_EFFECTS = (
    ("entra", "users.patch"),
    ("entra", "revokeSignInSessions"),
    ("azure_firewall", "ipGroups.put"),
)


@dataclass
class Answered:
    """One case in trouble and what came of it."""

    victim: Victim
    record: dict[str, Any] = field(default_factory=dict)
    """When the response was over."""
    later: dict[str, Any] = field(default_factory=dict)
    """When the ticketing system had come back, for a case that had no ticket."""
    lines: list[Line] = field(default_factory=list)
    """The ledger's lines about the case."""

    def block(self, name: str) -> dict[str, Any]:
        return dict(self.record["blocks"][name])

    def is_late(self, name: str) -> bool:
        """Whether a block misses only what took longer than a call may.

        Calls have short limits here, for the sake of those that hang on purpose.
        """
        block = self.block(name)
        said = str([block["notes"], block["outputs"]])
        return block["status"] == "partial" and any(words in said for words in OUT_OF_TIME)

    def action(self, name: str) -> dict[str, Any]:
        [found] = [one for one in self.record["actions"] if one["action"] == name]
        return dict(found)

    def sent(self, vendor: str, operation: str = "") -> list[Line]:
        """Requests a vendor got about the case."""
        return [
            line
            for line in self.lines
            if line["vendor"] == vendor and operation in ("", line["operation"])
        ]

    def effects(self, vendor: str, operation: str) -> int:
        """How often something happened to the account, its attacker's address or its ticket."""
        done = [line for line in self.sent(vendor, operation) if line["effect"]]
        if operation == "ipGroups.put":
            done = [line for line in done if self.victim.address in line["detail"]["added"]]
        return len(done)

    def texts(self, vendor: str) -> str:
        """Everything people could read at a vendor, from delivered messages only."""
        return "\n".join(str(line["body"]) for line in self.sent(vendor) if line["effect"])

    @property
    def nothing_changed(self) -> bool:
        """Whether nobody and nothing was contained."""
        effects = (*CONTAINMENT_EFFECTS, ("entra", "messageRules.patch"))
        return not any(self.effects(*operation) for operation in effects)

    def told_to_do(self, channel: str, action: str, task: str) -> bool:
        """Whether people could read that an action failed and what they have to do."""
        text = self.texts(channel)
        return f"{action} on" in text and "FAILED" in text and task in text

    @property
    def events(self) -> list[str]:
        return [entry["event"] for entry in self.record["timeline"]]


type Results = dict[tuple[str, str], Answered]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Every trouble with every kind of fault, each a case of its own, played in one lab."""
    async with _lab(tmp_path_factory.mktemp("troubled-lab")) as lab, lab.client() as client:
        town = Town(lab.common)
        found: Results = {}
        faults: dict[str, list[Any]] = {}
        for name, trouble in TROUBLES.items():
            for kind in trouble.kinds:
                victim = town.add(blockable=trouble.blockable)
                found[name, kind] = Answered(victim)
                faults.setdefault(name, []).extend(trouble.faults(victim, kind))
        await _tell(lab, "tenant", town.tenant)
        await _tell(lab, "incidents", [victim.incident for victim in town.victims])
        # A firewall is written for all cases at once: one case's trouble would be every case's.
        for apart in (False, True):
            names = [name for name in TROUBLES if (name == "firewall") is apart]
            await _tell(lab, "faults", [fault for name in names for fault in faults[name]])
            await _play(client, [one for (name, _), one in found.items() if name in names])
        # Once the firewall is well again, the blocks that it did not take are tried again.
        unwell = await client.get_ledger()
        await _tell(lab, "faults", [])
        await _wait_for_tickets(client, [found["tickets", kind] for kind in EVERY_KIND])
        ledger = await client.get_ledger()
        for (name, _), one in found.items():
            one.lines = one.victim.lines(unwell if name == "firewall" else ledger)
        return found


@asynccontextmanager
async def _lab(state_dir: Path) -> AsyncIterator[Lab]:
    with pytest.MonkeyPatch.context() as environment, _timers_fire_sooner():
        for name, value in SETTINGS.items():
            environment.setenv(name, value)
        policy = {"never_block": {"addresses": [NEVER_BLOCKED]}}
        async with Lab(auto_ports=True, state_dir=state_dir, policy=policy) as lab:
            yield lab


@contextmanager
def _timers_fire_sooner() -> Iterator[None]:
    at: Callable[[Alarms, datetime, Callable[[], None]], None] = Alarms.at

    def sooner(self: Alarms, when: datetime, action: Callable[[], None]) -> None:
        now = datetime.now(UTC)
        at(self, now + (when - now) / SPEED, action)

    with patch.object(Alarms, "at", sooner):
        yield


async def _tell(lab: Lab, what: str, body: Any) -> None:
    url = f"{lab.urls['lab']}/_lab/{what}"
    content = io.BytesIO(json.dumps(body).encode())
    async with aiohttp.ClientSession() as http, http.put(url, data=content) as answer:
        assert answer.status == 200, await answer.text()


async def _play(client: LabClient, cases: list[Answered]) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_follow(client, cases))
        for one in cases:
            await client.send_incident(one.victim.incident)
            await asyncio.sleep(SECONDS_BETWEEN_STARTS)


async def _follow(client: LabClient, cases: list[Answered]) -> None:
    """Answer each case's question, if it has one, and wait for the end of its response.

    Asks for the list of cases, which is one cheap request for all of them.
    """
    waiting = {one.victim.case_id: one for one in cases}
    asked = set(waiting)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while waiting and time.monotonic() < deadline:
        for summary in await client.list_cases():
            one = waiting.get(summary["case_id"])
            if one is None or summary["status"] not in WORTH_READING:
                continue
            one.record = await client.get_case(one.victim.case_id)
            if is_finished(one.record):
                del waiting[one.victim.case_id]
            elif one.record["status"] == "awaiting_decision" and has_been_told(one.record):
                await _decide(client, one, asked)
        await asyncio.sleep(1)


async def _decide(client: LabClient, one: Answered, asked: set[str]) -> None:
    if one.victim.case_id in asked:
        asked.remove(one.victim.case_id)
        await client.decide(one.victim.case_id, actions=["MonitorOnly"], comment="by a test")


async def _wait_for_tickets(client: LabClient, cases: list[Answered]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    for one in cases:
        while time.monotonic() < deadline:
            one.later = await client.get_case(one.victim.case_id)
            if any("opened late" in entry["event"] for entry in one.later["timeline"]):
                break
            await asyncio.sleep(0.5)
