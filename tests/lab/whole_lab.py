"""The whole lab, started once: the app on its host, the simulators, Azurite."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from lab.client import LabClient
from lab.scenarios.checker import check
from lab.scenarios.expander import expand
from lab.scenarios.loader import load_scenario
from lab.scenarios.models import Scenario
from lab.scenarios.people import has_been_told
from lab.scenarios.played import Played
from lab.scenarios.player import play, prepare
from lab.stack import Lab
from shared.models.block import BlockName
from shared.models.case import CaseStatus
from shared.models.outcome import ActionStatus
from shared.models.plan import ActionName

PATIENCE_SECONDS = 120.0
"""How long a state is waited for that is meant to come, on however busy a machine."""


@dataclass(frozen=True)
class WholeLab:
    """A running lab and a client of it."""

    lab: Lab
    client: LabClient

    async def play(
        self, scenario: Scenario | str, faults: list[dict[str, Any]] | None = None
    ) -> Played:
        """Play a scenario; the case is closed afterwards, so that the next is a new one.

        Vendors are well again by then: what closing tells does not wait for them.
        """
        if isinstance(scenario, str):
            scenario = load_scenario(scenario)
        if faults:
            scenario = scenario.model_copy(update={"faults": [*scenario.faults, *faults]})
        staged = expand(scenario, self.lab.common, datetime.now(UTC))
        await prepare(self.client, staged)
        played = await play(self.client, staged, timeout=2 * PATIENCE_SECONDS)
        await self.client.set_faults([])
        for record in played.records:
            if record["status"] == CaseStatus.AWAITING_DECISION:
                await self.client.decide(record["case_id"], actions=["NoAction"], comment="")
            await self.close(record["case_id"])
        return played

    async def waiting_case(self, scenario: str = "needs-approval") -> dict[str, Any]:
        """Deliver the incident of a scenario; return its case when it asks a person."""
        staged = expand(load_scenario(scenario), self.lab.common, datetime.now(UTC))
        await prepare(self.client, staged)
        accepted = await self.client.send_incident(staged.incident)
        case_id: str = accepted["cases"][0]["case_id"]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            case: dict[str, Any] = await self.client.get_case(case_id)
            if case["status"] == CaseStatus.AWAITING_DECISION and has_been_told(case):
                return case
            await asyncio.sleep(0.1)
        raise AssertionError("the case never asked")

    async def link(self, case_id: str, page: str) -> str:
        """Return the signed link to a page of a case, as the message in Slack brings it."""
        start = f"/api/cases/{case_id}/{page}?token="
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for one in (await self.client.get_holdings())["slack"]:
                for element in (part for b in one["blocks"] for part in b.get("elements", [])):
                    if start in element.get("url", ""):
                        return str(element["url"])
            await asyncio.sleep(0.1)
        raise AssertionError(f"no message has a link to the {page} of {case_id}")

    async def close(self, case_id: str) -> None:
        """Close a case whose question is answered, so that the next of its account is a new one.

        What it still tells and asks then must not fall into the next play.
        """
        await self._until(case_id, lambda case: case["status"] != "awaiting_decision")
        if (await self.client.get_case(case_id))["status"] != CaseStatus.CLOSED:
            await self.client.close_case(case_id, "the test is over")
        await self._until(case_id, _is_at_rest)
        await self._ticket_has_last_hash(await self.client.get_case(case_id))

    async def _ticket_has_last_hash(self, case: dict[str, Any]) -> None:
        """Wait until the ticket was told of the newest manifest; a case may have no ticket."""
        evidence = case["blocks"].get(BlockName.EVIDENCE) or {}
        digest = ((evidence.get("details") or {}).get("manifest") or {}).get("sha256")
        deadline = time.monotonic() + 3
        while digest and time.monotonic() < deadline:
            if any(digest in str(line["body"]) for line in await self.client.get_ledger()):
                return
            await asyncio.sleep(0.05)

    async def _until(self, case_id: str, reached: Callable[[dict[str, Any]], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not reached(case := await self.client.get_case(case_id)):
            last = case["timeline"][-1]["event"]
            assert time.monotonic() < deadline, f"{case_id} stays {case['status']}: {last}"
            await asyncio.sleep(0.1)

    async def workers(self) -> list[dict[str, Any]]:
        """What each worker process is doing now."""
        headers = {"x-functions-key": self.lab.host.master_key}
        url = f"{self.lab.host.url}/admin/lab/workers"
        async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as answer:
            return list((await answer.json())["workers"])

    async def worker_running(self, function: str) -> int:
        """Wait until a worker is in the middle of a function; return its process id."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for worker in await self.workers():
                if any(call["function"] == function for call in worker["calls"]):
                    return int(worker["pid"])
            await asyncio.sleep(0.02)
        raise AssertionError(f"{function} never ran")

    async def fault_struck(self, operation: str, when: str) -> None:
        """Wait until a fault was met; ``after``: until its effect is in the ledger, too."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            done = any(
                entry["operation"] == operation and entry["effect"]
                for entry in await self.client.get_ledger()
            )
            if (await self.client.get_faults())[0]["played"] and (done or when == "before"):
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"no fault struck {operation}")


def broken(scenario: Scenario | str, played: Played) -> list[str]:
    """The lines of a scenario's expectation that do not hold, with what was seen."""
    if isinstance(scenario, str):
        scenario = load_scenario(scenario)
    lines = check(scenario.expect, played)
    return [f"{line.expected}, but: {line.seen}" for line in lines if not line.held]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def whole_lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WholeLab]:
    """The running lab, on free ports, in automatic mode."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LAB_MODE", raising=False)
        # A closed case is still re-checked; by then the log is that of another play.
        patch.setenv("TOURNIQUET_RECHECK_MINUTES", "600")
        state_dir = tmp_path_factory.mktemp("lab")
        async with Lab(auto_ports=True, state_dir=state_dir) as lab, lab.client() as client:
            yield WholeLab(lab, client)


def _is_at_rest(case: dict[str, Any]) -> bool:
    """Tell whether a closed case has told of it, and waits for its re-check or is sealed."""
    events = [one["event"] for one in case["events"]]
    closed = [place for place, event in enumerate(events) if event.startswith("closed by")]
    since = events[closed[-1] :] if case["status"] == CaseStatus.CLOSED and closed else []
    told = any(event.startswith("analysts told (closed)") for event in since)
    sealed = any("sealed: " in event for event in since)
    done = [one["action"] for one in case["actions"] if one["status"] == ActionStatus.SUCCEEDED]
    return told and (sealed or any(action != ActionName.BLOCK_IP for action in done))
