"""The Event Grid webhook: both schemas, as Event Grid sends them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from tests.lab.functions_host_support import Tiny, tiny_host

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tiny(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Tiny]:
    async with tiny_host(tmp_path_factory.mktemp("host")) as running:
        yield running


NOTIFICATION = {"aeg-event-type": "Notification"}


def webhook(tiny: Tiny, function: str = "on_event", key: str | None = None) -> str:
    code = tiny.host.system_key if key is None else key
    return f"{tiny.host.url}/runtime/webhooks/EventGrid?functionName={function}&code={code}"


def event(number: int) -> dict[str, object]:
    return {
        "id": f"e{number}",
        "topic": "t",
        "subject": "s",
        "eventType": "Tiny",
        "eventTime": datetime.now(UTC).isoformat(),
        "data": {"n": number},
        "dataVersion": "1",
    }


async def test_handshake_of_the_event_grid_schema(tiny: Tiny) -> None:
    body = [{**event(0), "data": {"validationCode": "512d38b6"}}]
    headers = {"aeg-event-type": "SubscriptionValidation"}
    async with tiny.http.post(webhook(tiny), json=body, headers=headers) as answer:
        assert answer.status == 200
        assert await answer.json() == {"validationResponse": "512d38b6"}


async def test_handshake_of_the_cloud_events_schema(tiny: Tiny) -> None:
    headers = {"WebHook-Request-Origin": "eventgrid.azure.net"}
    async with tiny.http.options(webhook(tiny), headers=headers) as answer:
        assert answer.status == 200
        assert answer.headers["WebHook-Allowed-Origin"] == "eventgrid.azure.net"
    async with tiny.http.options(webhook(tiny)) as answer:
        assert answer.status == 400


async def test_a_batch_is_one_invocation_per_event(tiny: Tiny) -> None:
    batch = [event(number) for number in (1, 2, 3)]
    async with tiny.http.post(webhook(tiny), json=batch, headers=NOTIFICATION) as answer:
        assert answer.status == 202
    assert sorted(tiny.notes("event")) == ["event e1 1", "event e2 2", "event e3 3"]


async def test_a_cloud_event_is_delivered(tiny: Tiny) -> None:
    event = {
        "specversion": "1.0",
        "id": "c1",
        "source": "/lab",
        "type": "Tiny",
        "data": {"n": 1},
    }
    headers = {"Content-Type": "application/cloudevents+json; charset=utf-8"}
    url = webhook(tiny, "on_cloud_event")
    async with tiny.http.post(url, json=event, headers=headers) as answer:
        assert answer.status == 202
    assert tiny.notes("cloud") == ["cloud event c1 /lab"]


async def test_a_failed_event_is_reported_so_that_it_comes_again(tiny: Tiny) -> None:
    batch = [event(-1)]
    async with tiny.http.post(webhook(tiny), json=batch, headers=NOTIFICATION) as answer:
        assert answer.status == 500


async def test_wrong_key_function_and_body_are_refused(tiny: Tiny) -> None:
    for url, status in (
        (webhook(tiny, key="wrong"), 401),
        (webhook(tiny, key=tiny.host.function_key), 401),
        (webhook(tiny, "echo"), 404),
        (webhook(tiny, "nothing"), 404),
    ):
        async with tiny.http.post(url, json=[], headers=NOTIFICATION) as answer:
            assert answer.status == status
    async with tiny.http.post(webhook(tiny), data="{", headers=NOTIFICATION) as answer:
        assert answer.status == 400
