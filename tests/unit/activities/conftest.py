"""Activities as plain functions, under a policy that acts: the one that ships only observes."""

from collections.abc import Callable

import pytest


@pytest.fixture(autouse=True)
def _acts(configure: Callable[..., None]) -> None:
    configure(mode="automatic")
