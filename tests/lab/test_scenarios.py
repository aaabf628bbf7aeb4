"""Every scenario, played in a running lab and checked as `make demo` checks it.

A case keeps little more than one core busy, so two labs play at the same time; each test waits for
its own scenario.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from lab.scenarios.loader import list_scenarios, load_scenario
from lab.scenarios.models import Scenario
from lab.scenarios.played import Played
from lab.stack import Lab
from shared.models.case import OperatingMode
from tests.lab.whole_lab import WholeLab, broken

pytestmark = pytest.mark.asyncio(loop_scope="session")

type Plays = dict[str, asyncio.Future[Played]]

WORTH_A_LAB = 6
"""Scenarios left that make up for the start of another lab."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def plays(
    request: pytest.FixtureRequest, whole_lab: WholeLab, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Plays]:
    """Play the scenarios of the tests to be run, in the background."""
    tests = [item for item in request.session.items if isinstance(item, pytest.Function)]
    names = [str(item.callspec.params["name"]) for item in tests if item.module is request.module]
    loop = asyncio.get_running_loop()
    plays: Plays = {name: loop.create_future() for name in names}
    scenarios = [load_scenario(name) for name in names]
    usual = deque(scenario for scenario in scenarios if scenario.mode is None)
    lanes = [
        asyncio.create_task(_play(whole_lab, usual, plays)),
        asyncio.create_task(_play_apart(scenarios, usual, plays, tmp_path_factory.mktemp("labs"))),
    ]
    yield plays
    # A lane that is cancelled while its lab stops would leave that lab's processes behind.
    usual.clear()
    await asyncio.gather(*lanes)


async def _play(lab: WholeLab, scenarios: deque[Scenario], plays: Plays) -> None:
    """Play what is left, one after the other."""
    while scenarios:
        scenario = scenarios.popleft()
        try:
            plays[scenario.name].set_result(await lab.play(scenario))
        except Exception as error:
            plays[scenario.name].set_exception(error)


async def _play_apart(
    scenarios: list[Scenario], usual: deque[Scenario], plays: Plays, folder: Path
) -> None:
    """Play the scenarios about a mode in labs of that mode, then help with the others."""
    modes = sorted({scenario.mode for scenario in scenarios if scenario.mode})
    for mode in modes:
        own = deque(scenario for scenario in scenarios if scenario.mode is mode)
        await _play_in(folder / mode, mode, own, plays)
    if len(usual) >= WORTH_A_LAB:
        await _play_in(folder / "second", None, usual, plays)


async def _play_in(
    folder: Path, mode: OperatingMode | None, scenarios: deque[Scenario], plays: Plays
) -> None:
    try:
        made = Lab(auto_ports=True, state_dir=folder, mode=mode, workers=1)
        async with made as lab, lab.client() as client:
            await _play(WholeLab(lab, client), scenarios, plays)
    except Exception as error:
        # Whoever waits must hear of it; the other lab goes on with what is not about a mode.
        for scenario in scenarios if mode else ():
            plays[scenario.name].set_exception(error)


@pytest.mark.parametrize("name", list_scenarios())
async def test_scenario(plays: Plays, name: str) -> None:
    assert broken(name, await plays[name]) == []
