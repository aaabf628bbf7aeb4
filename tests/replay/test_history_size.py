"""The history of an ordinary case stays as small as it has become (docs/performance.md)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.bootstrap import set_providers
from shared.policy import get_policy
from shared.settings import get_settings
from tests.replay.count import automatic, count_case, table
from tests.support.degraded import serve_houses
from tests.support.durable_backend import durable_engine

MOST_EVENTS, MOST_BYTES = 205, 90_000


@pytest.fixture
def automatically(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in automatic(tmp_path).items():
        monkeypatch.setenv(name, value)
    for cached in (get_settings, get_policy):
        cached.cache_clear()
    serve_houses()
    yield
    set_providers(None)
    for cached in (get_settings, get_policy):
        cached.cache_clear()


@pytest.mark.usefixtures("automatically")
def test_an_ordinary_case_needs_no_more_events_and_bytes_than_it_did() -> None:
    with durable_engine() as engine:
        found = count_case(engine)
    events = sum(one.events.total() for one in found.values())
    size = sum(one.bytes.total() for one in found.values())
    assert events <= MOST_EVENTS, table(found)
    assert size <= MOST_BYTES, table(found)
    assert set(found) >= {"respond", ":contain:1", ":sla", ":campaign:1"}
