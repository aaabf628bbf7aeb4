"""Closing the breaker, and what the health route tells of it."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import grpc
import pytest

from shared.playbook.planning.blast_radius import (
    Breaker,
    Contained,
    Limit,
    Reset,
    Tripped,
)
from tests.support.fakes import FakeHouse
from tests.unit.triggers.calls import BY_KEY, FakeClient, answer, handler, request, wrong_fields
from triggers import breaker, health

reset = handler(breaker.reset_breaker)
get_health = handler(health.health)


class Client(FakeClient):
    """A durable client that knows one entity."""

    def __init__(self, state: object) -> None:
        super().__init__()
        self.state = state
        self.signals: list[tuple[str, str, Any]] = []

    async def get_entity(self, entity: object) -> Any:
        if isinstance(self.state, Exception):
            raise self.state
        if self.state is None:
            return None
        return SimpleNamespace(get_typed_state=lambda _kind: self.state)

    async def signal_entity(self, entity: object, operation: str, given: Any) -> None:
        self.signals.append((str(entity), operation, given))


async def test_who_closes_the_breaker_and_why_is_sent_along() -> None:
    client = Client(None)
    response = await reset(request(body={"comment": "rule 12 was wrong, fixed"}), client)
    assert response.status_code == 202
    [(entity, operation, given)] = client.signals
    assert (entity, operation) == ("@breaker@tenant", "reset")
    assert (given["by"], given["comment"]) == ("function key", "rule 12 was wrong, fixed")


@pytest.mark.parametrize(
    ("body", "fields"),
    [({}, ["comment"]), ({"comment": ""}, ["comment"]), ({"comment": "why", "by": "me"}, ["by"])],
)
async def test_without_a_reason_it_stays_as_it_is(body: object, fields: list[str]) -> None:
    client = Client(None)
    response = await reset(request(body=body), client)
    assert response.status_code == 400
    assert wrong_fields(response) == fields
    assert client.signals == []


NOTHING = {
    "paused_since": None,
    "limit": None,
    "held": 0,
    "in_the_last_hour": 0,
    "privileged_in_the_last_hour": 0,
    "in_the_last_day": 0,
    "last_reset": None,
}
NOW = datetime.now(UTC)
TRIPPED = Breaker(
    recent=[
        Contained(case_id="case-1", at=NOW - timedelta(minutes=5), privileged=True),
        Contained(case_id="case-2", at=NOW - timedelta(minutes=70)),
        Contained(case_id="case-3", at=NOW - timedelta(days=3)),
    ],
    tripped=Tripped(
        at=datetime(2026, 11, 20, 12, 1, tzinfo=UTC),
        case_id="case-4",
        limit=1,
        which=Limit.PRIVILEGED,
    ),
    held=7,
    last_reset=Reset(at=datetime(2026, 11, 19, 8, tzinfo=UTC), by="ana", comment="fixed"),
)


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (None, NOTHING),
        (
            TRIPPED.to_json(),
            {
                "paused_since": "2026-11-20T12:01:00.000Z",
                "limit": "privileged_per_hour",
                "held": 7,
                "in_the_last_hour": 1,
                "privileged_in_the_last_hour": 1,
                "in_the_last_day": 2,
                "last_reset": "2026-11-19T08:00:00.000Z",
            },
        ),
        (grpc.RpcError("UNAVAILABLE"), None),
    ],
)
async def test_health_tells_whether_containment_is_paused(
    house: FakeHouse, state: object, told: object
) -> None:
    response = await get_health(request("GET", headers=BY_KEY), Client(state))
    assert answer(response)["automatic_containment"] == told
    assert "case-" not in response.get_body().decode()
    assert "ana" not in response.get_body().decode()
