"""``python -m lab bench``: a lab of its own, every measurement, a table and JSON."""

import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from lab.bench.accounts import NEVER_BLOCKED, make_town
from lab.bench.alone import measure_scoring
from lab.bench.cold_start import EMPTY_APP, FIRST_ACCOUNT, measure_cold_start
from lab.bench.cost import measure_case_cost
from lab.bench.driver import Driver, Tick
from lab.bench.extent import FIRST_TIMED, FULL, QUICK, Extent
from lab.bench.growth import measure_growth
from lab.bench.imports import profile_imports, with_bytecode
from lab.bench.latency import measure_latency
from lab.bench.measure import LATENCIES, time_cases
from lab.bench.results import BenchResult
from lab.bench.rows import measure_rows
from lab.bench.table import show
from lab.console.terminal import is_live
from lab.stack import Lab
from shared.models.base import format_utc
from shared.models.case import OperatingMode

WORKERS = 2
STALLED = 1
"""Exit status when the many cases did not all end."""
NOBODY_IS_LATE = {
    "notification_minutes": 600.0,
    "containment_minutes": 600.0,
    "review_minutes": 600.0,
}
"""Service levels whose clocks do not ring while later cases are measured."""
_SETTINGS = {
    # Nobody waits for the re-check, and its calls must not fall into another measurement.
    "TOURNIQUET_RECHECK_MINUTES": "600",
}


async def run_bench(console: Console, folder: Path, *, quick: bool) -> int:
    """Run the bench, print its table and write ``bench.json``; return the exit status.

    Args:
        console: where progress and table go.
        folder: where ``bench.json`` and the bench's own lab (``bench/``) go.
        quick: whether to measure less: fewer cases, 100 instead of 1000.

    Raises:
        LabError: the lab could not start, or a case did not end as it has to.
    """
    began, load = time.monotonic(), os.getloadavg()[0]
    # The app's settings in the bench are the same whatever the shell says.
    for name in [name for name in os.environ if name.startswith("TOURNIQUET_")]:
        del os.environ[name]
    os.environ.update(_SETTINGS)
    lab = Lab(
        auto_ports=True,
        state_dir=folder / "bench",
        workers=WORKERS,
        mode=OperatingMode.AUTOMATIC,
        policy={"never_block": {"addresses": [str(NEVER_BLOCKED)]}, "sla": NOBODY_IS_LATE},
    )
    console.print("Starting a lab")
    extent = QUICK if quick else FULL
    async with lab, lab.client() as client, Driver(lab, client) as driver:
        measured = await _measure(console, lab, driver, extent)
    with _stage(console, "Cost of one case", 1) as tick:
        measured["cost"] = await measure_case_cost(folder / "bench")
        tick()
    with _stage(console, "Rows", 1) as tick:
        measured["rows"] = await measure_rows(
            folder / "bench" / "rows",
            backtest_rows=extent.backtest_rows,
            evidence_rows=extent.evidence_rows,
        )
        tick()
    result = BenchResult(
        quick=quick,
        measured_at=format_utc(datetime.now(UTC)),
        cpus=os.cpu_count() or 1,
        python=platform.python_version(),
        workers=WORKERS,
        vendor_latency_s=dict(LATENCIES),
        load_before=round(load, 2),
        seconds=round(time.monotonic() - began, 1),
        **measured,
    )
    path = folder / "bench.json"
    path.write_text(result.model_dump_json(indent=1) + "\n", encoding="utf-8")
    show(console, result, path)
    return 0 if result.stalled is None else STALLED


async def _measure(console: Console, lab: Lab, driver: Driver, extent: Extent) -> dict[str, Any]:
    """Run every measurement in turn; the keys are fields of ``BenchResult``."""
    with _stage(console, "Cold start", 1) as tick:
        bytecode = with_bytecode(lab.state_dir / "bytecode")
        env = lab.app_settings | bytecode
        # One start more than counts; vendors answer at once, so that the start itself shows.
        town = make_town(lab.common, FIRST_ACCOUNT, extent.starts + 1, blockable=False)
        await driver.stage(town, latencies={})
        cold_start = await measure_cold_start(lab.root, env, lab.logs, town.accounts)
        imports = {
            "app": profile_imports(lab.root, env),
            "empty_app": profile_imports(EMPTY_APP, bytecode),
        }
        tick()
    with _stage(console, "Warming the workers up", FIRST_TIMED) as tick:
        await time_cases(driver, lab.common, first=0, at_once=1, tick=tick)
        await time_cases(driver, lab.common, first=1, at_once=FIRST_TIMED - 1, tick=tick)
    latency = await measure_latency(lab, driver, extent, partial(_stage, console))
    await driver.reset_breaker()
    with _stage(console, "Cost of many cases", extent.growth[-1]) as tick:
        grown = await measure_growth(driver, lab.common, extent.growth, tick)
    return {
        **latency.results,
        "growth": grown.growth,
        "growth_by_hundred": grown.hundreds,
        "throughput_per_s": grown.throughput_per_s,
        "stalled": grown.stalled,
        "cold_start": cold_start,
        "imports": imports,
        "scoring": measure_scoring(latency.example.record, extent.scorings),
    }


@contextmanager
def _stage(console: Console, name: str, total: int) -> Iterator[Tick]:
    """Show how far one measurement is: a bar at a terminal, else a line at its end."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    began = time.monotonic()
    with Progress(
        *columns, TimeElapsedColumn(), console=console, transient=True, disable=not is_live(console)
    ) as bar:
        task = bar.add_task(name, total=total)
        yield lambda: bar.advance(task)
    console.print(f"  {name}: {time.monotonic() - began:.0f} s")
