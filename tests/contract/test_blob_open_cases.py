import asyncio
import uuid
from collections.abc import Callable

import pytest

from shared.errors import PermanentError
from shared.models.base import Json
from shared.providers.blob import BlobOpenCases
from shared.settings import Settings

KEY = "a" * 32


@pytest.fixture
def store(make_settings: Callable[..., Settings], azurite: str) -> BlobOpenCases:
    container = f"cases-{uuid.uuid4().hex[:12]}"
    return BlobOpenCases(make_settings(blob_url=azurite, case_container=container))


def claim(number: int) -> Json:
    return {
        "case_id": f"case-{number}",
        "opened_at": "2026-11-20T12:00:00.000Z",
        "nonce": uuid.uuid4().hex,
        "case": {"title": "é"},
    }


async def test_the_first_claim_holds_and_the_others_learn_of_it(store: BlobOpenCases) -> None:
    assert await store.holder(KEY) is None
    first = claim(1)
    assert await store.claim(KEY, first) is None
    assert await store.claim(KEY, claim(2)) == first
    assert await store.holder(KEY) == first
    assert await store.claim("b" * 32, claim(3)) is None, "another account is another claim"


async def test_of_many_at_once_one_is_the_first(store: BlobOpenCases) -> None:
    claims = [claim(number) for number in range(12)]
    found = await asyncio.gather(*(store.claim(KEY, one) for one in claims))
    [winner] = [one for one, holder in zip(claims, found, strict=True) if holder is None]
    assert all(holder == winner for holder in found if holder is not None)


async def test_only_the_holder_releases(store: BlobOpenCases) -> None:
    await store.claim(KEY, claim(1))
    await store.release(KEY, "case-2")
    assert (await store.holder(KEY) or {})["case_id"] == "case-1"
    await store.release(KEY, "case-1")
    await store.release(KEY, "case-1")
    assert await store.holder(KEY) is None
    assert await store.claim(KEY, claim(2)) is None


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b'{"case_id": "case-1"}', b'{"case_id": 7, "opened_at": 7}']
)
async def test_a_damaged_claim_is_made_anew(store: BlobOpenCases, content: bytes) -> None:
    await store.claim(KEY, claim(1))
    await store._container.blob(f"open/{KEY}.json").upload_blob(content, overwrite=True)
    assert await store.holder(KEY) is None
    await store.release(KEY, "case-1")
    assert await store.claim(KEY, claim(2)) is None
    assert (await store.holder(KEY) or {})["case_id"] == "case-2"


async def test_a_damaged_incident_that_waits_is_an_error(store: BlobOpenCases) -> None:
    await store.put_joining("case-1", "0-case-a", {"at": "now"})
    await store._container.blob("joining/case-1/0-case-a.json").upload_blob(b"{", overwrite=True)
    with pytest.raises(PermanentError):
        await store.get_joining("case-1", "0-case-a")


async def test_incidents_wait_in_order_until_they_are_taken_away(store: BlobOpenCases) -> None:
    assert await store.list_joining("case-1") == []
    for name in ("2-case-b", "0-case-c", "1-case-a"):
        await store.put_joining("case-1", name, {"name": name})
    await store.put_joining("case-1", "1-case-a", {"name": "again"})
    await store.put_joining("case-10", "0-case-z", {"name": "of another case"})
    assert await store.list_joining("case-1") == ["0-case-c", "1-case-a", "2-case-b"]
    assert await store.get_joining("case-1", "1-case-a") == {"name": "1-case-a"}
    await store.drop_joining("case-1", "1-case-a")
    await store.drop_joining("case-1", "1-case-a")
    assert await store.get_joining("case-1", "1-case-a") is None
    assert await store.list_joining("case-1") == ["0-case-c", "2-case-b"]


@pytest.mark.parametrize("name", ["../x", "a/b", "", "é"])
async def test_a_name_that_could_lead_elsewhere_is_refused(store: BlobOpenCases, name: str) -> None:
    with pytest.raises(PermanentError):
        await store.claim(name, claim(1))
    with pytest.raises(PermanentError):
        await store.put_joining("case-1", name, {})
    with pytest.raises(PermanentError):
        await store.list_joining(name)
