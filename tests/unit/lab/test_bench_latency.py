"""The stages of the bench's latency: what is done in which order."""

from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lab.bench import latency
from lab.bench.extent import QUICK
from lab.bench.results import History


async def test_each_single_cases_history_is_counted_before_the_next_case(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str] = []

    async def time_cases(*_: Any, first: int, at_once: int, **__: Any) -> list[Any]:
        seen.append(f"case {first}")
        account = SimpleNamespace(case_id=f"case-{first}")
        return [SimpleNamespace(account=account)] * at_once

    async def measure_history(_: Any, case_id: str) -> History:
        seen.append(f"history of {case_id}")
        return History(events=1, bytes=2, replays=3, instances=4)

    monkeypatch.setattr(latency, "time_cases", time_cases)
    monkeypatch.setattr(latency, "measure_history", measure_history)
    stages: list[tuple[str, int]] = []

    @contextmanager
    def stage(name: str, total: int) -> Any:
        stages.append((name, total))
        yield lambda: None

    lab: Any = SimpleNamespace(common=None)
    timing = latency._Timing(lab, cast(Any, None), QUICK, stage, first=10)
    assert len(await timing.single_cases()) == len(timing.histories) == QUICK.single_cases == 4
    assert seen[:4] == ["case 10", "history of case-10", "case 11", "history of case-11"]
    assert stages == [("One case at a time", 4)]
    await timing.cases("20 at once", 2, 20, {})
    assert seen[-2:] == ["case 14", "case 34"] and len(timing.histories) == 4
