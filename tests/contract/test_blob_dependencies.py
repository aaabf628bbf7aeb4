import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from shared.models.dependency import FAILING, WORKING, Seen
from shared.providers.blob import BlobDependencyStates
from shared.providers.blob.dependencies import FOLDER
from shared.settings import Settings

T0 = datetime(2026, 11, 20, 12, 0, 0, 250000, tzinfo=UTC)
LATER = T0 + timedelta(minutes=5)


@pytest.fixture
def store(make_settings: Callable[..., Settings], azurite: str) -> BlobDependencyStates:
    container = f"cases-{uuid.uuid4().hex[:12]}"
    return BlobDependencyStates(make_settings(blob_url=azurite, case_container=container))


async def test_states_come_back_and_the_last_one_stays(store: BlobDependencyStates) -> None:
    assert await store.read() == {}
    okta, slack = Seen(FAILING, T0, T0, "throttled"), Seen(WORKING, T0, T0)
    await store.put({"okta": okta, "slack": slack})
    assert await store.read() == {"okta": okta, "slack": slack}
    await store.put({"okta": Seen(FAILING, LATER, LATER, "retryable")})
    assert (await store.read())["okta"] == Seen(FAILING, T0, LATER, "retryable")
    await store.put({"okta": Seen(WORKING, LATER, LATER)})
    assert (await store.read())["okta"] == Seen(WORKING, LATER, LATER)
    assert (await store.read())["slack"] == slack


async def test_what_is_damaged_or_no_vendor_is_left_out(store: BlobDependencyStates) -> None:
    await store.put({"okta": Seen(WORKING, T0, T0)})
    client = store._container._client.get()
    for name, values in (("slack", {"state": WORKING}), ("x", {"state": WORKING, "at": "?"})):
        await client.get_blob_client(f"{FOLDER}{name}").upload_blob(b"", metadata=values)
    assert set(await store.read()) == {"okta"}
