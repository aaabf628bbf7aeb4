"""Contract tests: our adapters against the lab's simulators, over TLS, with real tokens.

The simulators check every request against the vendor's official specification.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from shared.providers.credentials import close_credential
from shared.providers.sessions import close_sessions
from shared.settings import Settings
from tests.contract.processes import (
    PATIENCE_SECONDS,
    Lab,
    connect_patiently,
    running_azurite,
    running_simulators,
)


@pytest.fixture(scope="session")
def simulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The simulators, started once."""
    with running_simulators(tmp_path_factory.mktemp("simulators")) as lab:
        yield lab


@pytest.fixture
async def lab(simulators: Lab, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lab]:
    """The simulators with nothing in them, and an environment that leads to them."""
    for name, value in simulators.environment.items():
        monkeypatch.setenv(name, value)
    connect_patiently(monkeypatch)
    simulators.reset()
    yield simulators
    await close_credential()
    await close_sessions()


@pytest.fixture(scope="session")
def azurite(simulators: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Azurite's account URL, started once; it trusts the simulators' tokens."""
    with running_azurite(tmp_path_factory.mktemp("azurite"), simulators.state_dir) as url:
        yield url


@pytest.fixture
def make_settings(lab: Lab) -> Callable[..., Settings]:
    """Settings from the environment; deadlines that a busy machine can keep."""

    def make(**values: Any) -> Settings:
        usual = {"call_timeout_seconds": PATIENCE_SECONDS, "call_budget_seconds": 200.0}
        usual |= {"query_timeout_seconds": PATIENCE_SECONDS, "call_attempts": 2}
        return Settings(**{**usual, **values})

    return make


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    """The usual settings."""
    return make_settings()
