"""`python -m lab demo` and `play`: one scenario from the incident to the hand-over, checked."""

import json
import os
import time
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import yaml
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from lab.client import LabCallError, LabClient
from lab.console.progress import Progress
from lab.console.result import show_expectation, show_result
from lab.console.terminal import format_seconds, is_live
from lab.environment import repository_root, with_addresses
from lab.errors import LabError
from lab.scenarios.checker import check
from lab.scenarios.earlier import close_earlier_cases
from lab.scenarios.expander import expand
from lab.scenarios.loader import load_common, load_scenario
from lab.scenarios.merge import deep_merge
from lab.scenarios.models import Scenario
from lab.scenarios.played import Played
from lab.scenarios.player import play, prepare
from lab.stack import Lab

EXPECTATION_FAILED = 1
THINK = 2.0
"""Seconds the demo waits before it answers a question in the analyst's place."""
RESULTS = repository_root() / ".lab"
CASE_FILE, REPORT_FILE = RESULTS / "case.json", RESULTS / "report.html"


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
        with _waiting(console, "Starting the lab: the app, its storage, the vendors"):
            own = Lab(mode=scenario.mode, settings=scenario.settings, policy=scenario.policy)
            lab = await stack.enter_async_context(own)
        took = format_seconds(time.monotonic() - started)
        console.print(f"The lab is up after {took}.")
        client = await stack.enter_async_context(lab.client())
        played = await _play(console, client, scenario)
    return _judge(console, scenario, played, lab.logs)


async def run_play(console: Console, name: str) -> int:
    """Play a scenario in the lab that runs already; its tenant is replaced, its cases closed.

    Raises:
        LabError: no lab is running, or it runs in another mode than the scenario is about.
        ScenarioError, LabCallError: as for :func:`run_demo`.
    """
    scenario = load_scenario(name)
    try:
        running = json.loads((RESULTS / "lab.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise LabError("No lab is running here: start one with 'make lab'.") from error
    if scenario.mode not in (None, running["mode"]):
        raise LabError(
            f"The scenario is about the mode {scenario.mode}, the lab runs in {running['mode']}:"
            f" start it with 'LAB_MODE={scenario.mode} make lab', or use 'make demo'."
        )
    _check_settings(scenario)
    check_policy(scenario)
    _introduce(console, scenario)
    urls = running["urls"]
    async with LabClient(
        app_url=urls["app"], lab_url=urls["lab"], function_key=running["function_key"]
    ) as client:
        await close_earlier_cases(client)
        played = await _play(console, client, scenario)
    return _judge(console, scenario, played, RESULTS / "logs")


def _check_settings(scenario: Scenario) -> None:
    if scenario.settings:
        text = (RESULTS / "local.settings.json").read_text(encoding="utf-8")
        running = json.loads(text)["Values"]
        settings = with_addresses(scenario.settings, running)
        if not settings.items() <= running.items():
            wanted = " ".join(f"{name}={value}" for name, value in settings.items())
            raise LabError(f"The scenario needs '{wanted} make lab'; or use 'make demo'.")


def check_policy(scenario: Scenario) -> None:
    """Refuse a scenario about another policy than that of the running lab.

    Raises:
        LabError: the lab runs with another one.
    """
    running = yaml.safe_load((RESULTS / "policy.yaml").read_text(encoding="utf-8"))
    if deep_merge(running, scenario.policy) != running:
        raise LabError("The scenario needs a policy of its own: use 'make demo'.")


def _waiting(console: Console, what: str) -> AbstractContextManager[object]:
    if is_live(console):
        return console.status(what)
    console.print(what)
    return nullcontext()


def _introduce(console: Console, scenario: Scenario) -> None:
    console.print(Text.assemble((scenario.title, "bold"), (f"  ({scenario.name})", "dim")))
    console.print(Padding(Text(scenario.story.strip()), (0, 0, 0, 2), expand=False))
    console.print()


async def _play(console: Console, client: LabClient, scenario: Scenario) -> Played:
    """Play, with progress, and write the case record and the report."""
    staged = expand(scenario, load_common(), datetime.now(UTC))
    await prepare(client, staged)
    console.print("The incident arrives.")
    with Progress(console) as progress:
        played = await play(client, staged, observe=progress.observe, think_seconds=THINK)
    _keep(played, await _report(client, played))
    return played


def _judge(console: Console, scenario: Scenario, played: Played, logs: Path) -> int:
    show_result(console, played)
    checks = check(scenario.expect, played)
    show_expectation(console, checks)
    record, report, log = (os.path.relpath(path) for path in (CASE_FILE, REPORT_FILE, logs))
    console.print()
    console.print(Text(f"Case record: {record}, report: {report}, logs: {log}/", "dim"))
    return 0 if all(item.held for item in checks) else EXPECTATION_FAILED


async def _report(client: LabClient, played: Played) -> str:
    """The report page; its absence must not hide the result."""
    try:
        return await client.get_report(played.record["case_id"])
    except LabCallError as error:
        return f"<!doctype html><title>No report</title><p>{error}</p>"


def _keep(played: Played, report: str) -> None:
    CASE_FILE.write_text(json.dumps(played.record, indent=2) + "\n", encoding="utf-8")
    REPORT_FILE.write_text(report, encoding="utf-8")
