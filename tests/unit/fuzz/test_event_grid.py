"""The Event Grid function against anything: a case, or an ``InvalidBody`` that is dead-lettered."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings

from shared.bootstrap import set_providers
from shared.playbook.intake.fields import InvalidBody
from tests.support.fakes import FakeHouse
from tests.unit.fuzz.test_routes import EXAMPLES, LONG
from tests.unit.playbook.bodies import account, trigger
from tests.unit.playbook.test_intake_hostile import JSON
from tests.unit.triggers.calls import FakeClient, event, handler
from triggers import intake

on_security_event = handler(intake.on_security_event)


@pytest.fixture(autouse=True)
def _world(configure: Callable[..., None]) -> Iterator[None]:
    configure(mode="automatic", public_url="https://soc.example")
    yield
    set_providers(None)


def deep(levels: int) -> Any:
    made: Any = "leaf"
    for _ in range(levels):
        made = [made]
    return made


async def deliver(data: Any, house: FakeHouse, client: FakeClient) -> None:
    """Deliver an event; what it started and kept can be written as JSON and is bounded."""
    set_providers(house.providers)
    await on_security_event(event(data), client)
    assert client.started and house.evidence.blobs
    for one in client.started.values():
        assert len(json.dumps(one["input"], allow_nan=False)) < 2_000_000


@settings(
    max_examples=EXAMPLES * 5,
    derandomize=not LONG,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(JSON)
@example(deep(100))
@example({"user_id": "ann", "case_id": "1", "alert_group_identifiers": [], "time": float("inf")})
@example(trigger(account(), title="a\ud800\x00b", custom=10**400))
@example("\ud800")
@example(None)
def test_an_event_is_a_case_or_invalid(data: Any) -> None:
    for sent in (data, trigger(account(), extra=data), trigger(data), {"body": data}):
        try:
            asyncio.run(deliver(sent, FakeHouse(), FakeClient()))
        except InvalidBody as error:
            assert error.errors


@pytest.mark.parametrize("levels", [100, 500, 50_000])
async def test_what_is_deep_is_refused_before_anything_is_started(levels: int) -> None:
    for data in (deep(levels), trigger(account(), custom=deep(levels)), {"data": deep(levels)}):
        house, client = FakeHouse(), FakeClient()
        with pytest.raises(InvalidBody):
            await deliver(data, house, client)
        assert not client.started and not house.evidence.blobs
