"""The measurements that need no vendors: a worker's cold start, and scoring by itself."""

import time
from collections.abc import Mapping
from pathlib import Path

import aiohttp

from lab.bench.numbers import median, percentile
from lab.bench.results import ColdStart, Scoring
from lab.errors import LabError
from lab.functions_host.host import FunctionsHost
from lab.functions_host.process import AppLoadError
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.directory import UserRisk
from shared.models.signin import HuntFinding
from shared.playbook.confidence.reputation import AddressVerdict
from shared.playbook.confidence.scoring import score
from shared.playbook.confidence.scoring_input import ScoringInput, make_scoring_input
from shared.playbook.sign_ins.models import SignInAnalysis

EMPTY_APP = Path(__file__).parent / "empty_app"
_WARM_UP_RUNS = 20


async def measure_cold_start(
    app_dir: Path, env: Mapping[str, str], log_dir: Path, rounds: int
) -> ColdStart:
    """Start a host with one worker again and again, the app and the empty app in turn.

    Args:
        app_dir: the app's folder.
        env: the app's settings.
        log_dir: where the workers' logs go.
        rounds: starts of each; the first of each is not counted: it fills the file cache.

    Raises:
        LabError: an app did not start or its health request was refused.
    """
    app: list[float] = []
    empty: list[float] = []
    for _ in range(rounds + 1):
        app.append(await _start_once(app_dir, env, log_dir))
        empty.append(await _start_once(EMPTY_APP, env, log_dir))
    return ColdStart(
        app_s=round(median(app[1:]), 3),
        empty_app_s=round(median(empty[1:]), 3),
    )


async def _start_once(app_dir: Path, env: Mapping[str, str], log_dir: Path) -> float:
    host = FunctionsHost(app_dir, env=env, workers=1, log_dir=log_dir)
    began = time.monotonic()
    try:
        async with host, aiohttp.ClientSession() as http:
            async with http.get(f"{host.url}/api/health") as answer:
                if answer.status != 200:
                    raise LabError(f"{app_dir.name}: /api/health answered {answer.status}")
            return time.monotonic() - began
    except AppLoadError as error:
        raise LabError(f"{app_dir.name} could not start: {error}") from error


def measure_scoring(record: Json, runs: int) -> Scoring:
    """Time ``score()`` on the facts of a played case, each of its inputs known.

    Where Identity Protection has no opinion of the account, its answer is taken as "none".

    Raises:
        LabError: an input is not known.
    """
    facts = _facts(record["blocks"])
    unknown = [name for name in ScoringInput.model_fields if getattr(facts, name) is None]
    if unknown:
        raise LabError(f"the bench's case has no {', '.join(unknown)}")
    times = []
    for _ in range(_WARM_UP_RUNS + runs):
        began = time.perf_counter()
        score(facts)
        times.append((time.perf_counter() - began) * 1000)
    times = times[_WARM_UP_RUNS:]
    return Scoring(
        p50_ms=round(median(times), 4), p95_ms=round(percentile(times, 0.95), 4), runs=runs
    )


def _facts(blocks: dict[str, Json]) -> ScoringInput:
    user, address = blocks[BlockName.USER], blocks[BlockName.ADDRESS]
    sign_ins, activity = blocks[BlockName.SIGN_INS], blocks[BlockName.ACTIVITY]
    risk = user["details"].get("risk") or {"level": "none", "state": "none"}
    return make_scoring_input(
        user_principal_name=user["outputs"]["user_principal_name"],
        is_admin_role=user["outputs"]["is_admin_role"],
        mfa_enabled=user["outputs"]["mfa_enabled"],
        analysis=SignInAnalysis.model_validate(sign_ins["details"]["analysis"]),
        sign_in_log_complete=bool(sign_ins["details"].get("complete")),
        address=AddressVerdict.model_validate(address["details"]["verdict"]),
        user_risk=UserRisk.model_validate(risk),
        findings=[HuntFinding.model_validate(item) for item in activity["outputs"]["findings"]],
    )
