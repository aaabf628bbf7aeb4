from collections.abc import Callable, Iterator

import pytest

from tests.support.durable_backend import Engine, Run, Script, durable_engine
from tests.support.scripts import default_scripts


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    with durable_engine() as running:
        yield running


@pytest.fixture
def case(engine: Engine) -> Callable[..., Run]:
    """Return a new case whose activities answer as in an ordinary High one, except those given."""

    def new(**scripts: Script) -> Run:
        return engine.case(default_scripts() | scripts)

    return new
