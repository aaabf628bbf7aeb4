import asyncio
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import PermanentError
from shared.models.base import Json
from shared.providers.blob import BlobCampaigns
from shared.providers.blob.campaigns import FOLDER, MOST_SWEPT
from shared.settings import Settings

KEY, OTHER = "a" * 16, "b" * 16
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.fixture
def store(make_settings: Callable[..., Settings], azurite: str) -> BlobCampaigns:
    container = f"cases-{uuid.uuid4().hex[:12]}"
    return BlobCampaigns(make_settings(blob_url=azurite, case_container=container))


def hit(number: int) -> Json:
    return {"case_id": f"case-{number}", "account": f"zoë o'neil+{number}@contoso.example"}


async def case_ids(store: BlobCampaigns, at: datetime, key: str = KEY) -> set[str]:
    return {one["case_id"] for one in await store.list_hits(key, at=at)}


async def test_hits_of_an_address_come_back_whole_and_once(store: BlobCampaigns) -> None:
    assert await store.list_hits(KEY, at=NOW) == []
    await asyncio.gather(*(store.put_hit(KEY, hit(number), at=NOW) for number in (1, 2)))
    await store.put_hit(KEY, hit(1) | {"account": "another try"}, at=NOW)
    await store.put_hit(OTHER, hit(3), at=NOW)
    found = await store.list_hits(KEY, at=NOW)
    assert sorted(found, key=lambda one: str(one["case_id"])) == [hit(1), hit(2)]


async def test_hits_are_listed_for_a_week_whenever_it_began(store: BlobCampaigns) -> None:
    for days in range(7):
        at = NOW + timedelta(days=days)
        await store.put_hit(KEY, hit(days), at=at)
        assert f"case-{days}" in await case_ids(store, at + WEEK - timedelta(seconds=1))
        assert f"case-{days}" not in await case_ids(store, at + 2 * WEEK)


async def test_of_many_claims_one_is_the_first_and_stays_it(store: BlobCampaigns) -> None:
    cases = [f"case-{number}" for number in range(8)]
    found = await asyncio.gather(*(store.claim(KEY, "page", one, at=NOW) for one in cases))
    assert len(set(found)) == 1 and found[0] in cases
    assert await store.claim(KEY, "page", "case-late", at=NOW + WEEK) == found[0]
    assert await store.claim(OTHER, "page", "case-late", at=NOW) == "case-late"
    assert await store.claim(KEY, "page", "case-late", at=NOW + 2 * WEEK) == "case-late"


async def test_what_counts_no_longer_is_thrown_away(store: BlobCampaigns) -> None:
    assert await store.sweep(at=NOW) == 0
    for number in range(MOST_SWEPT + 2):
        await store.put_hit(KEY, hit(number), at=NOW)
    await store.claim(KEY, "page", "case-1", at=NOW)
    await store.put_hit(OTHER, hit(1), at=NOW + 2 * WEEK)
    assert await store.sweep(at=NOW + WEEK) == 0, "it may still count"
    later = NOW + 2 * WEEK
    swept = [await store.sweep(at=later) for _ in range(3)]
    assert swept == [MOST_SWEPT, 3, 0]
    left = [name async for name in store._container._client.get().list_blob_names()]
    assert len(left) == 1 and left[0].startswith(f"{FOLDER}/")
    assert await case_ids(store, later, OTHER) == {"case-1"}


@pytest.mark.parametrize("key", ["", "../x", "A" * 16, "203.0.113.66"])
async def test_an_address_is_no_part_of_a_name(store: BlobCampaigns, key: str) -> None:
    with pytest.raises(PermanentError):
        await store.put_hit(key, hit(1), at=NOW)
    with pytest.raises(PermanentError):
        await store.claim(key, "page", "case-1", at=NOW)


async def test_a_damaged_claim_is_an_error(store: BlobCampaigns) -> None:
    await store.claim(KEY, "page", "case-1", at=NOW)
    [name] = [name async for name in store._container._client.get().list_blob_names()]
    await store._container.blob(name).upload_blob(b"[]", overwrite=True)
    with pytest.raises(PermanentError):
        await store.claim(KEY, "page", "case-2", at=NOW)
