"""The simulators as a process, started once, emptied before each test that uses them."""

from collections.abc import Iterator

import pytest

from tests.contract.processes import running_simulators
from tests.lab.simulators_support import TENANT, World
from tests.lab.troubled_lab import results
from tests.lab.whole_lab import whole_lab

__all__ = ["results", "whole_lab"]


@pytest.fixture(scope="session")
def simulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The running simulators."""
    with running_simulators(tmp_path_factory.mktemp("simulators")) as lab:
        world = World(lab)
        with world.http:
            yield world


@pytest.fixture
def empty(simulators: World) -> World:
    """The simulators with nothing in them."""
    simulators.lab.reset()
    return simulators


@pytest.fixture
def world(empty: World) -> World:
    """The simulators with the example tenant."""
    empty.lab.tenant(**TENANT)
    return empty
