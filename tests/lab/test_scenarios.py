"""Every scenario, played in one running lab and checked as `make demo` checks it."""

import pytest

from lab.scenarios.loader import list_scenarios
from tests.lab.whole_lab import WholeLab, broken

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("name", list_scenarios())
async def test_scenario(whole_lab: WholeLab, name: str) -> None:
    played = await whole_lab.play(name)
    assert broken(name, played) == []
