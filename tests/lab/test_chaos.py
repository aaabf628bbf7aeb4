"""A small chaos run in the suite: the plan is played, the invariants hold, the result is kept."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from lab.chaos.command import run_chaos
from lab.chaos.plan import make_plan
from lab.chaos.results import names

SEED, CASES, LASTS = 295, 3, 5.0


def test_the_plan_of_this_run_kills_and_disturbs() -> None:
    [planned] = make_plan(SEED, CASES, lasts=LASTS).rounds
    assert planned.kills
    assert planned.faults
    assert any(case.aimed_kill for case in planned.cases)


@pytest.mark.timeout(900)
@pytest.mark.asyncio
async def test_nothing_is_lost_doubled_or_untold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LAB_MODE", raising=False)
    screen = io.StringIO()
    status = await run_chaos(
        Console(file=screen, width=100), tmp_path, seed=SEED, cases=CASES, lasts=LASTS
    )
    result = json.loads((tmp_path / "chaos.json").read_text(encoding="utf-8"))
    assert result["violations"] == []
    assert status == 0
    assert (result["seed"], result["cases"]) == (SEED, CASES)
    assert result["kills"] >= 1
    assert result["faults"] >= 1
    assert result["rounds"][0]["effects"] > 2 * CASES
    shown = screen.getvalue()
    for name in names():
        assert name in shown
        assert result["invariants"][name] == 0
