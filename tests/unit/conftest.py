from collections.abc import Callable, Iterator

import pytest

from shared.bootstrap import set_providers
from shared.settings import get_settings
from tests.support.fakes import FakeHouse


@pytest.fixture
def house() -> Iterator[FakeHouse]:
    """This process's providers are fakes."""
    built = FakeHouse()
    set_providers(built.providers)
    yield built
    set_providers(None)


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Set settings for one test: ``configure(mode="approve")``."""

    def set_values(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"TOURNIQUET_{name.upper()}", value)
        get_settings.cache_clear()

    set_values()
    yield set_values
    monkeypatch.undo()
    get_settings.cache_clear()
