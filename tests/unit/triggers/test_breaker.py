"""Closing the breaker, and what the health route tells of it."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import grpc
import pytest

from shared.errors import RetryableError
from shared.playbook.planning.blast_radius import (
    Breaker,
    Contained,
    Limit,
    Reset,
    Tripped,
)
from tests.support.fakes import FakeHouse
from tests.unit.playbook.records import record
from tests.unit.triggers.calls import (
    BY_KEY,
    CASE_ID,
    FakeClient,
    answer,
    handler,
    person,
    request,
    wrong_fields,
)
from triggers import breaker, health

AT = datetime(2026, 11, 20, 12, 1, tzinfo=UTC)

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
    response = await reset(
        request(body={"by": "kim", "comment": "rule 12 was wrong, fixed"}), client
    )
    assert response.status_code == 202
    [(entity, operation, given)] = client.signals
    assert (entity, operation) == ("@breaker@tenant", "reset")
    assert (given["by"], given["comment"]) == (
        "kim (named, not proved)",
        "rule 12 was wrong, fixed",
    )


async def test_a_reset_is_measured(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="tourniquet.measurements")
    assert (
        await reset(request(body={"by": "kim", "comment": "fixed"}), Client(None))
    ).status_code == 202
    assert '"change": "reset"' in caplog.text


@pytest.mark.parametrize(
    ("state", "was"),
    [
        (
            Breaker(tripped=Tripped(at=AT, case_id=CASE_ID, limit=10), held=7),
            "which paused automatic containment at 2026-11-20T12:01:00.000Z "
            "(limits.automatic_per_hour, 7 cases held)",
        ),
        (
            Breaker(recent=[Contained(case_id=CASE_ID, at=datetime.now(UTC))]),
            "which was not open (counted in the last hour: 1)",
        ),
    ],
)
async def test_a_reset_is_on_record_before_it_happens(
    house: FakeHouse, state: Breaker, was: str
) -> None:
    house.cases.records[CASE_ID] = record()
    client = Client(state.to_json())
    body = {"by": "kim", "comment": "rule 12 was wrong,\nfixed"}
    response = await reset(request(body=body), client)
    assert (response.status_code, answer(response)["recorded_in"]) == (202, CASE_ID)
    kept = house.cases.records[CASE_ID]
    [entry] = [one for one in kept["timeline"] if "breaker" in one["event"]]
    assert (
        entry["event"]
        == f"breaker reset by kim (named, not proved), {was}: rule 12 was wrong, fixed"
    )
    assert [one["event"] for one in kept["events"]] == [one["event"] for one in kept["timeline"]]
    assert len(client.signals) == 1


OTHER_ID = "case-fedcba9876543210fedcba98"


@pytest.mark.parametrize("left", [True, False])
async def test_a_case_whose_record_is_gone_does_not_keep_it_open(
    house: FakeHouse, caplog: pytest.LogCaptureFixture, left: bool
) -> None:
    """Its time was over, or the container is a new one."""
    if left:
        house.cases.records[OTHER_ID] = record(case_id=OTHER_ID)
    recent = [Contained(case_id=one, at=NOW) for one in (OTHER_ID, "case-" + "1" * 24)]
    tripped = Tripped(at=AT, case_id=CASE_ID, limit=10)
    client = Client(Breaker(recent=recent, tripped=tripped, held=7).to_json())
    response = await reset(request(body={"by": "kim", "comment": "fixed it"}), client)
    place = OTHER_ID if left else None
    assert (response.status_code, answer(response)["recorded_in"]) == (202, place)
    [(_entity, operation, given)] = client.signals
    assert (operation, given["recorded_in"]) == ("reset", place)
    said = "breaker reset by kim (named, not proved), which paused automatic containment at 2026"
    kept = house.cases.records.get(OTHER_ID, {"timeline": []})["timeline"]
    assert any(one["event"].startswith(said) for one in kept) == left
    assert (said in caplog.text) != left


async def test_nobody_resets_what_their_own_account_tripped(
    house: FakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    ann = {"object_id": "o-ann", "user_principal_name": "ann@contoso.com", "user_id": "ann"}
    house.cases.records[CASE_ID] = record(account=ann)
    client = Client(Breaker(tripped=Tripped(at=AT, case_id=CASE_ID, limit=10)).to_json())
    body = {"comment": "all is well"}
    for own in (person("ann@contoso.com"), person("other@contoso.com", object_id="o-ann")):
        response = await reset(request(body=body, headers=own), client)
        assert response.status_code == 403
        assert answer(response)["title"] == "This case is about your own account"
    house.cases.failing["load"] = RetryableError("HTTP 503", vendor="blob", status=503)
    response = await reset(request(body=body, headers=person("kim@contoso.com")), client)
    assert response.status_code == 503
    assert client.signals == []
    house.cases.failing.clear()
    response = await reset(request(body=body, headers=person("kim@contoso.com")), client)
    assert response.status_code == 202
    assert [given["by"] for _entity, _what, given in client.signals] == ["kim@contoso.com"]


@pytest.mark.parametrize("away", ["storage", "engine"])
async def test_what_cannot_be_recorded_is_not_done(house: FakeHouse, away: str) -> None:
    house.cases.records[CASE_ID] = record()
    state: object = Breaker(tripped=Tripped(at=AT, case_id=CASE_ID, limit=10)).to_json()
    if away == "storage":
        house.cases.failing["save"] = RetryableError("HTTP 503", vendor="blob", status=503)
    client = Client(grpc.RpcError("UNAVAILABLE") if away == "engine" else state)
    response = await reset(request(body={"by": "kim", "comment": "fixed"}), client)
    assert response.status_code == 503
    assert "Nothing was changed" in answer(response)["detail"]
    assert client.signals == []


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["comment"]),
        ({"comment": ""}, ["comment"]),
        ({"comment": "why", "who": "me"}, ["who"]),
        ({"comment": "why"}, ["by"]),
    ],
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
    "privileged_in_the_last_day": 0,
    "last_reset": None,
    "tripped_by": None,
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
                "privileged_in_the_last_day": 1,
                "tripped_by": "case-4",
                "last_reset": {
                    "at": "2026-11-19T08:00:00.000Z",
                    "by": "ana",
                    "comment": "fixed",
                    "recorded_in": None,
                },
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
    stranger = await get_health(request("GET"), Client(state))
    assert answer(stranger) == {"status": "ok"}
