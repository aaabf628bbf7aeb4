"""Cold start: from starting a host to its health, and to the end of the first case in it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import aiohttp

from lab.bench.accounts import Account
from lab.bench.driver import PATIENCE_SECONDS
from lab.bench.numbers import median
from lab.bench.results import ColdStart
from lab.client import LabCallError, LabClient
from lab.errors import LabError
from lab.functions_host.host import FunctionsHost
from lab.functions_host.process import AppLoadError
from lab.scenarios.people import is_finished
from shared.models.base import Json
from shared.models.case import CaseStatus

EMPTY_APP = Path(__file__).parent / "empty_app"
EMPTY_ORCHESTRATOR = "wait_for_nothing"
FIRST_ACCOUNT = 50_000
"""Number of the first account of a cold start: no other measurement has such."""
POLL_SECONDS = 0.05
"""How exactly the end of a first case is known; the engine is asked, not the app."""
_OVER = (CaseStatus.CONTAINED, CaseStatus.MONITORING)
_ENDED_BADLY = ("Failed", "Terminated", "Canceled")

type Case = Callable[[FunctionsHost, aiohttp.ClientSession], Awaitable[None]]


class Started(NamedTuple):
    """Seconds from the start of a host."""

    healthy_s: float
    first_case_s: float


async def measure_cold_start(
    app_dir: Path, env: Mapping[str, str], log_dir: Path, accounts: Sequence[Account]
) -> ColdStart:
    """Start a host with one worker again and again, the app and the empty app in turn.

    Every start of the app answers the incident of one account, every start of the empty app runs
    its orchestrator. The first start of each is not counted: it fills the file cache.

    Args:
        app_dir: the app's folder.
        env: the app's settings.
        log_dir: where the workers' logs go.
        accounts: one for each start, staged in the vendors; two at least.

    Raises:
        LabError: an app did not start, its health request was refused or its case did not end.
    """
    app: list[Started] = []
    empty: list[Started] = []
    for account in accounts:
        app.append(await _start_once(app_dir, env, log_dir, _case_of(account)))
        empty.append(await _start_once(EMPTY_APP, env, log_dir, _run_empty))
    return summarise_starts(app[1:], empty[1:])


def summarise_starts(app: Sequence[Started], empty: Sequence[Started]) -> ColdStart:
    """Return the medians, and how many times the empty app's those of the app are."""
    app_s, empty_s = (median([one.healthy_s for one in starts]) for starts in (app, empty))
    app_case_s, empty_case_s = (
        median([one.first_case_s for one in starts]) for starts in (app, empty)
    )
    return ColdStart(
        app_s=round(app_s, 3),
        empty_app_s=round(empty_s, 3),
        ratio=round(app_s / empty_s, 2),
        app_first_case_s=round(app_case_s, 3),
        empty_first_case_s=round(empty_case_s, 3),
        first_case_ratio=round(app_case_s / empty_case_s, 2),
        starts=len(app),
    )


async def _start_once(
    app_dir: Path, env: Mapping[str, str], log_dir: Path, run_case: Case
) -> Started:
    host = FunctionsHost(app_dir, env=env, workers=1, log_dir=log_dir)
    began = time.monotonic()
    try:
        async with host, aiohttp.ClientSession() as http:
            async with http.get(f"{host.url}/api/health") as answer:
                if answer.status != 200:
                    raise LabError(f"{app_dir.name}: /api/health answered {answer.status}")
            healthy = time.monotonic() - began
            await run_case(host, http)
            return Started(healthy, time.monotonic() - began)
    except AppLoadError as error:
        raise LabError(f"{app_dir.name} could not start: {error}") from error
    except (aiohttp.ClientError, LabCallError) as error:
        raise LabError(f"{app_dir.name} did not answer: {error}") from error


def _case_of(account: Account) -> Case:
    async def run(host: FunctionsHost, http: aiohttp.ClientSession) -> None:
        client = LabClient(app_url=host.url, lab_url="", function_key=host.function_key)
        async with client:
            await client.send_incident(account.incident)
            instance = f"{_durable(host)}/instances/{account.case_id}?{_key(host)}"
            state = await _until(http, instance, _is_handed_over)
            phase = (state.get("customStatus") or {}).get("phase")
            # The phase tells the end; that people were told and all was done, the record tells.
            if phase not in _OVER or not is_finished(await client.get_case(account.case_id)):
                raise LabError(f"the first case of a cold start ended as '{phase}'")

    return run


async def _run_empty(host: FunctionsHost, http: aiohttp.ClientSession) -> None:
    url = f"{_durable(host)}/orchestrators/{EMPTY_ORCHESTRATOR}?{_key(host)}"
    async with http.post(url, json={}) as answer:
        if answer.status != 202:
            raise LabError(f"the empty app's orchestrator was not started: {answer.status}")
        started = await answer.json()
    instance = f"{_durable(host)}/instances/{started['id']}?{_key(host)}"
    await _until(http, instance, lambda state: state["runtimeStatus"] == "Completed")


async def _until(
    http: aiohttp.ClientSession, instance: str, is_over: Callable[[Json], bool]
) -> Json:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        async with http.get(instance) as answer:
            state: Json = await answer.json() if answer.status in (200, 202) else {}
        if state.get("runtimeStatus") in _ENDED_BADLY:
            raise LabError(f"the first orchestration of a cold start failed: {state['output']}")
        if state and is_over(state):
            return state
        await asyncio.sleep(POLL_SECONDS)
    raise LabError(f"the first case of a cold start did not end in {PATIENCE_SECONDS:g} s")


def _is_handed_over(state: Json) -> bool:
    phase = (state.get("customStatus") or {}).get("phase", "")
    return phase in (*_OVER, CaseStatus.CLOSED, CaseStatus.FAILED)


def _durable(host: FunctionsHost) -> str:
    return f"{host.url}/runtime/webhooks/durabletask"


def _key(host: FunctionsHost) -> str:
    return f"showInput=false&code={host.system_key}"
