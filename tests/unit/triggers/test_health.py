"""The health route tells those who run the app what answers, and calls no vendor for it."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest

from activities.seen import write_states
from shared.dependency_states import memory
from shared.errors import PermissionDenied, RetryableError
from shared.models.dependency import FAILING, WORKING, Seen
from shared.models.measurement import Outcome
from tests.support.fakes import FakeHouse
from tests.unit.triggers.calls import BY_KEY, FakeClient, answer, handler, request
from triggers import health

get_health = handler(health.health)
T0 = datetime(2026, 11, 20, 12, tzinfo=UTC)


class FakeStates:
    """States as another instance has written them."""

    def __init__(self) -> None:
        self.states: dict[str, Seen] = {}
        self.error: Exception | None = None

    async def read(self) -> dict[str, Seen]:
        if self.error:
            raise self.error
        return self.states

    async def put(self, states: Mapping[str, Seen]) -> None:
        if self.error:
            raise self.error
        self.states |= states


@pytest.fixture(autouse=True)
def _nothing_seen() -> Iterator[None]:
    memory.forget()
    yield
    memory.forget()


@pytest.fixture
def states(house: FakeHouse) -> FakeStates:
    found = FakeStates()
    house.providers.dependency_states = found
    return found


async def ask(client: Any) -> dict[str, Any]:
    response = await get_health(request("GET", headers=BY_KEY), client)
    assert response.status_code == 200
    found: dict[str, Any] = answer(response)
    return found


async def test_what_another_instance_has_seen_is_told(
    states: FakeStates, client: FakeClient, house: FakeHouse
) -> None:
    states.states = {"okta": Seen(FAILING, T0, T0, "throttled"), "slack": Seen(WORKING, T0, T0)}
    found = await ask(client)
    assert found["status"] == "degraded"
    at = "2026-11-20T12:00:00.000Z"
    assert found["dependencies"]["okta"] == {
        "state": "failing",
        "since": at,
        "last_call": at,
        "error": "throttled",
    }
    assert found["dependencies"]["slack"]["state"] == "working"
    assert "entra" not in found["dependencies"], "nobody has called it"
    assert house.directory.calls == []


async def test_all_is_well_until_something_fails(states: FakeStates, client: FakeClient) -> None:
    memory.note("entra", Outcome.OK)
    found = await ask(client)
    assert found["status"] == "ok"
    assert {one["state"] for one in found["dependencies"].values()} == {"working"}
    assert set(found["dependencies"]) == {"entra", "blob", "task_hub"}
    memory.note("entra", Outcome.RETRYABLE)
    assert (await ask(client))["status"] == "degraded"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RetryableError("no answer from 10.1.2.3", vendor="blob"), "retryable"),
        (PermissionDenied("the key abc is refused", vendor="blob"), "permission_denied"),
        (TimeoutError(), "retryable"),
    ],
)
async def test_storage_that_is_away_is_told_without_its_words(
    states: FakeStates, client: FakeClient, error: Exception, kind: str
) -> None:
    states.error = error
    found = await ask(client)
    assert found["dependencies"]["blob"] == {"state": "failing", "error": kind}


async def test_an_engine_that_is_away_is_told(states: FakeStates) -> None:
    class Away:
        async def get_entity(self, _entity: object) -> None:
            raise grpc.RpcError("UNAVAILABLE")

    found = await ask(Away())
    assert found["dependencies"]["task_hub"] == {"state": "failing"}
    assert found["automatic_containment"] is None


async def test_secrets_that_were_not_read_are_named_and_not_shown(
    states: FakeStates, client: FakeClient, configure: Callable[..., None]
) -> None:
    configure(virustotal_api_key="@Microsoft.KeyVault(SecretUri=https://kv.example/secrets/vt/)")
    found = await ask(client)
    names = ["TOURNIQUET_VIRUSTOTAL_API_KEY"]
    assert found["dependencies"]["key_vault"] == {"state": "failing", "settings": names}
    assert "kv.example" not in str(found)


async def test_what_an_activity_has_seen_is_written_once(states: FakeStates) -> None:
    memory.note("okta", Outcome.RETRYABLE, now=T0)
    await write_states()
    assert states.states["okta"].state == FAILING
    states.states.clear()
    await write_states()
    assert states.states == {}


async def test_storage_that_refuses_harms_no_activity(states: FakeStates) -> None:
    states.error = RetryableError("no answer", vendor="blob")
    memory.note("okta", Outcome.OK, now=T0)
    await write_states()


async def test_strangers_hear_nothing_of_it(states: FakeStates, client: FakeClient) -> None:
    states.states = {"okta": Seen(FAILING, T0, T0, "throttled")}
    assert answer(await get_health(request("GET"), client)) == {"status": "ok"}
