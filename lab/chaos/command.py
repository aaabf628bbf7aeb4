"""``python -m lab chaos``: a lab of its own, round after round, a table and JSON."""

import json
import os
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import aiohttp
from azure.core.exceptions import AzureError
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from lab.chaos.collector import SIGNALS, Collector
from lab.chaos.gate import Gate
from lab.chaos.models import ChaosPlan, Round
from lab.chaos.observed import Observed
from lab.chaos.plan import TROUBLE_LASTS, make_plan
from lab.chaos.play import Stage
from lab.chaos.results import (
    ChaosResult,
    RoundResult,
    Violation,
    judge,
    names,
    not_searched,
    shown,
)
from lab.chaos.table import line_of, show, text_of
from lab.chaos.town import policy
from lab.console.terminal import is_live
from lab.errors import LabError
from lab.planted_secrets import find_leaks, find_leaks_to_vendors
from lab.stack import Lab
from shared.models.base import format_utc
from shared.models.case import OperatingMode

VIOLATED = 1
"""Exit status when an invariant did not hold."""
WORKERS = 2
TIMER_SPEED = 10
"""How many times sooner durable timers fire: the waits between tries, in less time."""
EXPORT_MILLISECONDS = 5000
"""A worker that is killed has exported its metrics by then, not every minute only."""
_SETTINGS = {
    "LAB_TIMER_SPEED": str(TIMER_SPEED),
    "TOURNIQUET_CALL_TIMEOUT_SECONDS": "5",
    "TOURNIQUET_CALL_BUDGET_SECONDS": "9",
    "TOURNIQUET_CALL_ATTEMPTS": "2",
    "TOURNIQUET_QUERY_TIMEOUT_SECONDS": "20",
    # Nobody waits for the re-check, and it must not fall into another round.
    "TOURNIQUET_RECHECK_MINUTES": "1440",
}


async def run_chaos(
    console: Console,
    folder: Path,
    *,
    seed: int,
    cases: int,
    only: int | None = None,
    lasts: float = TROUBLE_LASTS,
) -> int:
    """Play a plan, print its table and write ``chaos.json``; return the exit status.

    Args:
        console: where progress and table go.
        folder: where ``chaos.json`` and the run's own lab (``chaos/``) go.
        seed: the same seed is the same plan.
        cases: how many.
        only: play this round of the plan only.
        lasts: for how many seconds of a round things break.

    Raises:
        LabError: the lab could not start.
    """
    began, load = time.monotonic(), os.getloadavg()[0]
    # The app's settings in a run are the same whatever the shell says.
    for name in [name for name in os.environ if name.startswith("TOURNIQUET_")]:
        del os.environ[name]
    plan = make_plan(seed, cases, lasts=lasts)
    chosen = [one for one in plan.rounds if only in (None, one.number)]
    rounds, secrets = await _play(console, folder / "chaos", plan, chosen)
    violations = [one for result in rounds for one in result.violations] + secrets
    counts = Counter(one.invariant for one in violations)
    result = ChaosResult(
        cases=sum(one.cases for one in rounds),
        seed=seed,
        kills=sum(one.kills + one.aimed_kills for one in rounds),
        faults=sum(one.faults for one in rounds),
        violations=violations,
        rounds=rounds,
        invariants={name: counts[name] for name in names()},
        measured_at=format_utc(datetime.now(UTC)),
        cpus=os.cpu_count() or 1,
        load_before=round(load, 2),
        seconds=round(time.monotonic() - began, 1),
    )
    path = folder / "chaos.json"
    path.write_text(result.model_dump_json(indent=1) + "\n", encoding="utf-8")
    show(console, result, path)
    return VIOLATED if violations else 0


async def _play(
    console: Console, state_dir: Path, plan: ChaosPlan, chosen: list[Round]
) -> tuple[list[RoundResult], list[Violation]]:
    results, secrets = [], []
    async with AsyncExitStack() as stack:
        gate = await stack.enter_async_context(Gate())
        collector = await stack.enter_async_context(Collector())
        exports = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_METRIC_EXPORT_INTERVAL": str(EXPORT_MILLISECONDS),
        }
        lab = Lab(
            auto_ports=True,
            state_dir=state_dir,
            workers=WORKERS,
            mode=OperatingMode.AUTOMATIC,
            policy=policy(plan.cases),
            settings=_SETTINGS | exports | {"TOURNIQUET_BLOB_URL": gate.url},
        )
        # The gate listens on a port of its own; what it passes on to is known only now.
        gate.target = lab.ports.blob
        console.print("Starting a lab")
        await stack.enter_async_context(lab)
        client = await stack.enter_async_context(lab.client())
        stage = Stage(lab, client, gate)
        for planned in chosen:
            began = time.monotonic()
            with _bar(console) as bar:
                task = bar.add_task(f"Round {planned.number} of {len(plan.rounds)}", total=None)
                observed, done = await stage.play(planned, partial(_advance, bar, task))
            result = judge(observed, done, time.monotonic() - began)
            results.append(result)
            console.print(line_of(result), soft_wrap=True)
            _say(console, result.violations)
            if result.violations:
                _keep(state_dir / f"round-{planned.number}.json", observed)
            await stage.end(observed)
            # The next round empties the ledger; the rest is there in the end, too.
            secrets += shown(await find_leaks_to_vendors(lab), planned.number)
        secrets += await _search(lab, collector)
        _say(console, secrets)
    return results, secrets


async def _search(lab: Lab, collector: Collector) -> list[Violation]:
    """Look for secrets; where that fails, nobody knows that none is shown."""
    if missing := [signal for signal in SIGNALS if not collector.kept[signal]]:
        return [not_searched(f"the app has exported no {' and no '.join(missing)}")]
    exported = {f"exported {signal}": bytes(kept) for signal, kept in collector.kept.items()}
    try:
        return shown(await find_leaks(lab, beside=exported))
    except (LabError, aiohttp.ClientError, AzureError, OSError, LookupError, ValueError) as error:
        return [not_searched(f"{type(error).__name__}: {error}")]


def _say(console: Console, violations: list[Violation]) -> None:
    for one in violations:
        console.print(f"    {text_of(one)}", style="red", soft_wrap=True, markup=False)


def _advance(bar: Progress, task: TaskID, at_rest: int, total: int) -> None:
    bar.update(task, completed=at_rest, total=total)


def _bar(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(
        *columns, TimeElapsedColumn(), console=console, transient=True, disable=not is_live(console)
    )


def _keep(path: Path, observed: Observed) -> None:
    """Keep what a round with violations left behind, to be read by whoever looks for the cause."""
    path.write_text(json.dumps(asdict(observed), default=str, indent=1), encoding="utf-8")
