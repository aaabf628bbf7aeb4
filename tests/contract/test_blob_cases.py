import asyncio
import uuid
from collections.abc import Callable

import pytest

from shared.errors import Conflict, PermanentError
from shared.models.base import Json
from shared.providers.blob import BlobCaseStore
from shared.settings import Settings


@pytest.fixture
def store(make_settings: Callable[..., Settings], azurite: str) -> BlobCaseStore:
    container = f"cases-{uuid.uuid4().hex[:12]}"
    return BlobCaseStore(make_settings(blob_url=azurite, case_container=container))


def record(case_id: str = "case-1", status: str = "gathering") -> Json:
    return {
        "case_id": case_id,
        "status": status,
        "incident": {"title": "Brute force\r\nX-Injected: é & <b> " + "x" * 500},
        "account": {"user_principal_name": "zoë@contoso.example", "user_id": "1"},
        "verdict": {"compromise_confidence_score": "High", "score": 91},
    }


async def test_a_record_is_created_loaded_and_saved_again(store: BlobCaseStore) -> None:
    assert await store.load("case-1") is None
    etag = await store.save("case-1", record(), etag=None)
    loaded = await store.load("case-1")
    assert loaded == (record(), etag)
    newer = await store.save("case-1", record(status="contained"), etag=etag)
    assert newer != etag
    assert await store.load("case-1") == (record(status="contained"), newer)


async def test_creating_over_another_record_is_a_conflict(store: BlobCaseStore) -> None:
    await store.save("case-1", record(), etag=None)
    with pytest.raises(Conflict):
        await store.save("case-1", record(status="closed"), etag=None)


async def test_of_two_writers_one_is_told(store: BlobCaseStore) -> None:
    etag = await store.save("case-1", record(), etag=None)
    done = await asyncio.gather(
        store.save("case-1", record(status="contained"), etag=etag),
        store.save("case-1", record(status="closed"), etag=etag),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Conflict) for result in done) == 1


async def test_saving_over_a_record_that_is_gone_is_a_conflict(store: BlobCaseStore) -> None:
    etag = await store.save("case-1", record(), etag=None)
    with pytest.raises(Conflict):
        await store.save("case-2", record("case-2"), etag=etag)


async def test_a_write_that_happened_although_its_answer_was_lost_is_recognised(
    store: BlobCaseStore,
) -> None:
    first = await store.save("case-1", record(), etag=None)
    assert await store.save("case-1", record(), etag=None) == first
    second = await store.save("case-1", record(status="closed"), etag=first)
    assert await store.save("case-1", record(status="closed"), etag=first) == second


async def test_cases_are_listed_from_their_summaries(store: BlobCaseStore) -> None:
    await store.save("case-1", record(), etag=None)
    await store.save("case-2", {"case_id": "case-2", "status": "failed"}, etag=None)
    page = await store.list_cases(page_size=50, token=None)
    assert page.next_token is None
    newest, oldest = page.cases
    assert newest == {
        "case_id": "case-2",
        "status": "failed",
        "confidence": None,
        "account": None,
        "title": None,
        "updated_at": newest["updated_at"],
    }
    assert oldest["account"] == "zoë@contoso.example"
    assert oldest["confidence"] == "High"
    assert oldest["title"].startswith("Brute force\r\nX-Injected: é & <b> ")
    assert oldest["updated_at"] < newest["updated_at"]


async def test_pages_follow_one_another(store: BlobCaseStore) -> None:
    expected = {f"case-{n}" for n in range(7)}
    for case_id in expected:
        await store.save(case_id, record(case_id), etag=None)
    seen: list[str] = []
    token: str | None = None
    for _ in range(4):
        page = await store.list_cases(page_size=3, token=token)
        seen += [case["case_id"] for case in page.cases]
        token = page.next_token
        if token is None:
            break
        assert token.replace("-", "").replace("_", "").isalnum()
    assert (sorted(seen), token) == (sorted(expected), None)


async def test_an_empty_store_has_no_cases(store: BlobCaseStore) -> None:
    page = await store.list_cases(page_size=10, token=None)
    assert (page.cases, page.next_token) == ([], None)


@pytest.mark.parametrize("token", ["%%%", "ø", "a"])
async def test_a_made_up_token_is_refused(store: BlobCaseStore, token: str) -> None:
    with pytest.raises(PermanentError):
        await store.list_cases(page_size=10, token=token)


@pytest.mark.parametrize("case_id", ["", "../x", "a/b", "a b", ".x", "a..b", "x" * 200])
async def test_a_case_id_is_one_folder(store: BlobCaseStore, case_id: str) -> None:
    with pytest.raises(PermanentError, match="not a case id"):
        await store.load(case_id)


async def test_only_the_first_claim_wins_and_later_ones_learn_of_it(store: BlobCaseStore) -> None:
    assert await store.claim("case-1", "contain-1-RevokeSessions", {"try": 1}) is None
    assert await store.claim("case-1", "contain-1-RevokeSessions", {"try": 2}) == {"try": 1}
    assert await store.claim("case-2", "contain-1-RevokeSessions", {"try": 3}) is None
    assert (await store.list_cases(page_size=10, token=None)).cases == []
