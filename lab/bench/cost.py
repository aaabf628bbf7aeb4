"""``make bench COST=1``: one case from its incident to the end of its watch, and what it used."""

import asyncio
import os
import time
from collections import Counter
from pathlib import Path

from rich.console import Console

from lab.bench import case_cost
from lab.bench.accounts import make_town
from lab.bench.driver import Driver
from lab.bench.measure import LATENCIES
from lab.bench.results import CaseCost, GbSeconds
from lab.bench.table import cost_table
from lab.environment import AS_GRAPH_LIMITS
from lab.errors import LabError
from lab.stack import Lab
from shared.models.base import Json
from shared.models.case import OperatingMode

PATIENCE_SECONDS = 300.0
MEMORY_MB = (512, 2048, 4096)
"""Sizes of an instance of Flex Consumption."""
_SETTINGS = {
    # The whole life of a case in half a minute: the same turns, with shorter waits.
    "TOURNIQUET_RECHECK_MINUTES": "0.1",
    "TOURNIQUET_WATCH_HOURS": "0.006",
    "TOURNIQUET_BLOCK_HOURS": "0.006",
    **AS_GRAPH_LIMITS,
}
_KINDS = {
    "httpTrigger": "request",
    "orchestrationTrigger": "orchestrator",
    "activityTrigger": "activity",
    "entityTrigger": "entity",
}
_LOG_QUERIES = "log_analytics"
_CLOSED = "benign: a case of the bench"


async def run_cost(console: Console, folder: Path) -> int:
    """Measure what one case costs, print it and write ``cost.json``; return 0.

    Raises:
        LabError: the lab could not start, or the case did not end.
    """
    for name in [name for name in os.environ if name.startswith("TOURNIQUET_")]:
        del os.environ[name]
    console.print("One case, from its incident to the end of its watch")
    cost = await measure_case_cost(folder / "cost")
    path = folder / "cost.json"
    path.write_text(cost.model_dump_json(indent=1) + "\n", encoding="utf-8")
    console.print(cost_table(cost))
    console.print(str(path), soft_wrap=True)
    return 0


async def measure_case_cost(folder: Path) -> CaseCost:
    """Start a lab, answer one incident in it, close its case, and count until nothing runs.

    Args:
        folder: where the lab goes.

    Raises:
        LabError: the lab could not start, or the case did not end.
    """
    lab = Lab(
        auto_ports=True,
        state_dir=folder,
        workers=1,
        mode=OperatingMode.AUTOMATIC,
        settings=_SETTINGS,
    )
    async with lab, lab.client() as client, Driver(lab, client) as driver:
        town = make_town(lab.common, 0, 1, blockable=True)
        await driver.stage(town, latencies=LATENCIES)
        before = await driver.last_line()
        logs = _Logs(lab)
        [answered] = await driver.answer(town.accounts, at_once=1)
        case_id = answered.account.case_id
        await client.close_case(case_id, _CLOSED)
        await _until_nothing_runs(driver, case_id)
        return _count(
            await driver.function_kinds(),
            logs,
            await driver.histories(case_id),
            await driver.ledger_after(before),
        )


class _Logs:
    """What a lab's logs have got since this was made."""

    def __init__(self, lab: Lab) -> None:
        self._sizes = {path: path.stat().st_size for path in sorted(lab.logs.glob("*.log"))}

    def since(self, name: str) -> str:
        """Return the new lines of the logs whose names begin so."""
        found = []
        for path, size in self._sizes.items():
            if path.name.startswith(name):
                found.append(path.read_bytes()[size:].decode(errors="replace"))
        return "".join(found)


async def _until_nothing_runs(driver: Driver, case_id: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while running := await driver.running(case_id):
        if time.monotonic() > deadline:
            raise LabError(f"still running: {', '.join(running)}")
        await asyncio.sleep(1.0)


def _count(
    kinds: dict[str, str], logs: _Logs, histories: list[Json], ledger: list[Json]
) -> CaseCost:
    worker = logs.since("worker-")
    of_case = {name: _KINDS[kind] for name, kind in kinds.items() if kind in _KINDS}
    runs = case_cost.executions(worker, of_case)
    executions = Counter(of_case[one.function] for one in runs)
    busy = case_cost.busy_seconds((one.at for one in runs), histories)
    apart = case_cost.apart_seconds(one.lasted for one in runs)
    vendors = Counter(str(line["vendor"]) for line in ledger)
    return CaseCost(
        executions=dict(sorted(executions.items())),
        busy_s=busy,
        apart_s=round(apart, 1),
        gb_seconds={
            str(memory): GbSeconds(
                together=round(busy * memory / 1024, 1),
                apart=round(apart * memory / 1024, 1),
            )
            for memory in MEMORY_MB
        },
        hub_storage=case_cost.hub_storage(histories),
        scheduler_actions=case_cost.scheduler_actions(histories),
        blob_operations=case_cost.blob_operations(logs.since("azurite")),
        log_queries=vendors[_LOG_QUERIES],
        vendor_calls=dict(sorted(vendors.items())),
        measurements=case_cost.measurements(worker),
    )
