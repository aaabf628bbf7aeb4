"""Somebody who got the report's link checks the evidence in a real browser."""

import pytest
from playwright.async_api import Browser

from shared.providers.blob import BlobEvidenceStore
from shared.providers.credentials import close_credential
from shared.providers.sessions import close_sessions
from shared.settings import Settings
from tests.browser.inspection import open_page, wrong_with
from tests.lab.whole_lab import WholeLab

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAME = "verdict.json"


async def test_press_check_and_see_which_item_was_altered(
    whole_lab: WholeLab, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = (await whole_lab.play("brute-force-success")).record["case_id"]
    for name, value in whole_lab.lab.app_settings.items():
        monkeypatch.setenv(name, value)
    store = BlobEvidenceStore(Settings())
    watched = await open_page(browser, viewport={"width": 360, "height": 740})
    page = watched.page
    await page.goto(await whole_lab.link(case_id, "report"))
    await page.get_by_role("link", name="Check the evidence").click()
    await page.get_by_role("heading", name="The evidence is what was kept").wait_for()
    assert await wrong_with(page) == []

    whole = await store.get(case_id, NAME)
    blob = store._container.blob(f"{case_id}/{NAME}")
    kept = (await blob.get_blob_properties()).metadata
    try:
        altered = whole[:40] + bytes([whole[40] ^ 1]) + whole[41:]
        await blob.upload_blob(altered, overwrite=True, metadata=kept)
        await page.reload()
        await page.get_by_role("heading", name="The evidence is not what was kept").wait_for()
        wrong = page.locator("section", has=page.locator("#wrong"))
        assert await wrong.locator("code").all_inner_texts() == [NAME]
        assert await wrong.get_by_text("altered").first.is_visible()
        assert await wrong_with(page) == []
        assert watched.complaints == []
    finally:
        await blob.upload_blob(whole, overwrite=True, metadata=kept)
        await watched.context.close()
        await close_credential()
        await close_sessions()
