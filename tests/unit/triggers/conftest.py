"""Triggers as plain functions: a request, a fake durable client, fake providers."""

from collections.abc import Callable, Iterator

import pytest

from shared.bootstrap import set_providers
from shared.settings import get_settings
from tests.support.fakes import FakeHouse
from tests.unit.triggers.calls import LINK_KEY, FakeClient


@pytest.fixture
def house() -> Iterator[FakeHouse]:
    built = FakeHouse()
    set_providers(built.providers)
    yield built
    set_providers(None)


@pytest.fixture
def client() -> FakeClient:
    return FakeClient()


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Set settings for one test: ``configure(mode="approve")``."""

    def set_values(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"TOURNIQUET_{name.upper()}", value)
        get_settings.cache_clear()

    set_values(mode="automatic", public_url="https://soc.example", link_signing_key=LINK_KEY)
    yield set_values
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture(autouse=True)
def _settings(configure: Callable[..., None]) -> None:
    """Every test has a signing key and a public address."""
