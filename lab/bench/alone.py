"""What needs no lab: scoring by itself."""

import time

from lab.bench.numbers import median, percentile
from lab.bench.results import Scoring
from lab.errors import LabError
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.directory import UserRisk
from shared.models.signin import HuntFinding
from shared.playbook.confidence.reputation import AddressVerdict
from shared.playbook.confidence.scoring import score
from shared.playbook.confidence.scoring_input import ScoringInput, make_scoring_input
from shared.playbook.sign_ins.models import SignInAnalysis

_WARM_UP_RUNS = 20


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
