"""Every scenario, played in a running lab and checked as `make demo` checks it."""

import pytest

from lab.scenarios.loader import list_scenarios, load_scenario
from tests.lab.whole_lab import LabInMode, broken

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("name", list_scenarios())
async def test_scenario(lab_in_mode: LabInMode, name: str) -> None:
    scenario = load_scenario(name)
    lab = await lab_in_mode(scenario.mode)
    assert broken(scenario, await lab.play(scenario)) == []
