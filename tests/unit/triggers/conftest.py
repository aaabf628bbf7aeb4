"""Triggers as plain functions: a request, a fake durable client, fake providers."""

from collections.abc import Callable

import pytest

from tests.unit.triggers.calls import AUTOMATION_KEY, LINK_KEY, FakeClient


@pytest.fixture
def client() -> FakeClient:
    return FakeClient()


@pytest.fixture(autouse=True)
def _settings(configure: Callable[..., None]) -> None:
    """Every test has both keys and a public address."""
    configure(
        mode="automatic",
        public_url="https://soc.example",
        link_signing_key=LINK_KEY,
        automation_key=AUTOMATION_KEY,
    )
