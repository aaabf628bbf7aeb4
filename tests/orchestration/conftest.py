from collections.abc import Callable, Iterator

import pytest

from tests.support.durable_backend import Engine, Run, Script, durable_engine
from tests.support.scripts import default_scripts


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """A running engine; not for the whole session, because its fast clock is every engine's."""
    with durable_engine() as running:
        yield running


@pytest.fixture
def case(engine: Engine) -> Callable[..., Run]:
    """Return a new case whose activities answer as in an ordinary High one, except those given."""

    def new(**scripts: Script) -> Run:
        return engine.case(default_scripts() | scripts)

    return new
