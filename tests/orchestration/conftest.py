from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from tests.support.durable_backend import Engine, Script, durable_engine
from tests.support.scripts import default_scripts


@pytest.fixture(scope="session")
def engine_with() -> Callable[..., AbstractContextManager[Engine]]:
    """Start an engine whose activities answer as in an ordinary High case, except those given."""

    def start(**scripts: Script) -> AbstractContextManager[Engine]:
        return durable_engine(default_scripts() | scripts)

    return start


@pytest.fixture
def engine() -> Iterator[Engine]:
    with durable_engine(default_scripts()) as running:
        yield running


@pytest.fixture
def payload() -> dict[str, Any]:
    from tests.support.scripts import case_payload

    return case_payload()
