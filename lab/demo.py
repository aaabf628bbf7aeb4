"""`python -m lab demo` and `play`: one scenario from the incident to the hand-over, checked."""

import json
import os
import time
from contextlib import AsyncExitStack, nullcontext
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from lab.client import LabCallError, LabClient
from lab.console.progress import Progress
from lab.console.result import show_expectation, show_result
from lab.console.terminal import format_seconds, is_live
from lab.environment import repository_root
from lab.errors import LabError
from lab.scenarios.checker import check
from lab.scenarios.expander import expand
from lab.scenarios.loader import load_common, load_scenario
from lab.scenarios.models import Scenario
from lab.scenarios.played import Played
from lab.scenarios.player import play, prepare
from lab.stack import Lab

EXPECTATION_FAILED = 1
CASE_FILE, REPORT_FILE = "case.json", "report.html"


async def run_demo(console: Console, name: str) -> int:
    """Play a scenario in a lab of its own; return 0 only if its expectation held.

    Raises:
        ScenarioError: there is no such scenario, or its file is wrong.
        LabError: the lab could not start.
        LabCallError: the app or a simulator refused a request.
    """
    scenario = load_scenario(name)
    _introduce(console, scenario)
    started = time.monotonic()
    async with AsyncExitStack() as stack:
        with console.status("Starting the lab") if is_live(console) else nullcontext():
            lab = await stack.enter_async_context(Lab())
        took = format_seconds(time.monotonic() - started)
        console.print(f"The lab is up after {took}.")
        client = await stack.enter_async_context(lab.client())
        shown = await _play(console, client, scenario, lab.state_dir)
    return _judge(console, *shown)


async def run_play(console: Console, name: str) -> int:
    """Play a scenario in the lab that runs already; its tenant is replaced.

    Raises:
        LabError: no lab is running.
        ScenarioError, LabCallError: as for :func:`run_demo`.
    """
    scenario = load_scenario(name)
    state_dir = repository_root() / ".lab"
    try:
        running = json.loads((state_dir / "lab.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise LabError("No lab is running here: start one with 'make lab'.") from error
    _introduce(console, scenario)
    urls = running["urls"]
    async with LabClient(
        app_url=urls["app"], lab_url=urls["lab"], function_key=running["function_key"]
    ) as client:
        shown = await _play(console, client, scenario, state_dir)
    return _judge(console, *shown)


def _introduce(console: Console, scenario: Scenario) -> None:
    console.print(Text.assemble((scenario.title, "bold"), (f"  ({scenario.name})", "dim")))
    console.print(Padding(Text(scenario.story.strip()), (0, 0, 0, 2)))
    console.print()


async def _play(
    console: Console, client: LabClient, scenario: Scenario, state_dir: Path
) -> tuple[Scenario, Played, Path]:
    """Play, with progress, and write the case record and the report."""
    staged = expand(scenario, load_common(), datetime.now(UTC))
    await prepare(client, staged)
    console.print("The incident arrives:")
    with Progress(console) as progress:
        played = await play(client, staged, observe=progress.observe)
    _keep(played, await _report(client, played), state_dir)
    return scenario, played, state_dir


def _judge(console: Console, scenario: Scenario, played: Played, state_dir: Path) -> int:
    show_result(console, played)
    checks = check(scenario.expect, played)
    show_expectation(console, checks)
    files = [state_dir / name for name in (CASE_FILE, REPORT_FILE)]
    shown = ", ".join(os.path.relpath(path) for path in files)
    logs = os.path.relpath(state_dir / "logs")
    console.print()
    console.print(Text(f"Case record and report: {shown}. Logs: {logs}.", "dim"))
    return 0 if all(item.held for item in checks) else EXPECTATION_FAILED


async def _report(client: LabClient, played: Played) -> str:
    """The report page; its absence must not hide the result."""
    try:
        return await client.get_report(played.record["case_id"])
    except LabCallError as error:
        return f"<!doctype html><title>No report</title><p>{error}</p>"


def _keep(played: Played, report: str, state_dir: Path) -> None:
    record = json.dumps(played.record, indent=2) + "\n"
    (state_dir / CASE_FILE).write_text(record, encoding="utf-8")
    (state_dir / REPORT_FILE).write_text(report, encoding="utf-8")
