"""Every scenario, played in a running lab and checked as `make demo` checks it.

A case keeps little more than one core busy, so two labs play at the same time; each test waits for
its own scenario.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from lab.scenarios.loader import list_scenarios, load_scenario
from lab.scenarios.models import Scenario
from lab.scenarios.played import Played
from lab.stack import Lab
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
    usual = deque(scenario for scenario in scenarios if not _is_apart(scenario))
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


def _is_apart(scenario: Scenario) -> bool:
    return scenario.mode is not None or bool(scenario.settings or scenario.policy)


async def _play_apart(
    scenarios: list[Scenario], usual: deque[Scenario], plays: Plays, folder: Path
) -> None:
    """Play what needs a mode, settings or a policy of its own, by kind; then help with others."""
    kinds: dict[str, deque[Scenario]] = {}
    for scenario in filter(_is_apart, scenarios):
        kind = json.dumps([scenario.mode, scenario.settings, scenario.policy], sort_keys=True)
        kinds.setdefault(kind, deque()).append(scenario)
    for number, own in enumerate(kinds.values()):
        await _play_in(folder / str(number), own, plays, of_its_own=own[0])
    if len(usual) >= WORTH_A_LAB:
        await _play_in(folder / "second", usual, plays)


async def _play_in(
    folder: Path, scenarios: deque[Scenario], plays: Plays, of_its_own: Scenario | None = None
) -> None:
    own = list(scenarios) if of_its_own else []
    try:
        made = Lab(
            auto_ports=True,
            state_dir=folder,
            workers=1,
            mode=of_its_own.mode if of_its_own else None,
            settings=of_its_own.settings if of_its_own else None,
            policy=of_its_own.policy if of_its_own else None,
        )
        async with made as lab, lab.client() as client:
            await _play(WholeLab(lab, client), scenarios, plays)
    except Exception as error:
        # Whoever waits must hear of it; the other lab goes on with what is not about a mode.
        for scenario in own:
            if not plays[scenario.name].done():
                plays[scenario.name].set_exception(error)


@pytest.mark.parametrize("name", list_scenarios())
async def test_scenario(plays: Plays, name: str) -> None:
    assert broken(name, await plays[name]) == []
