from collections.abc import Iterator

import pytest

from lab.simulators.kql.store import KqlStore


@pytest.fixture(scope="session")
def store() -> Iterator[KqlStore]:
    """One KQL engine; every test loads its own rows."""
    yield KqlStore()
