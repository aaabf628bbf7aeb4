"""The vendors' pooled sessions."""

from collections.abc import AsyncIterator

import pytest

from shared.providers.sessions import close_sessions, open_session

PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
async def new_sessions(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    yield
    await close_sessions()


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
async def test_a_proxy_of_the_environment_is_used(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "http://proxy.example:3128")

    assert open_session("graph").trust_env


async def test_without_a_proxy_no_call_asks_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    assert not open_session("graph").trust_env
    assert open_session("graph") is open_session("graph")
