"""A person decides in a real browser, from the signed link to the contained case."""

import asyncio
import time

import pytest
from playwright.async_api import Browser, Page

from shared.models.base import Json
from tests.browser.inspection import Watched, open_page, wrong_with
from tests.lab.whole_lab import WholeLab

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE = {"width": 390, "height": 844}


async def open_link(browser: Browser, case: Json) -> Watched:
    watched = await open_page(browser, viewport=PHONE)
    await watched.page.goto(case["links"]["decision"])
    return watched


async def read_until(page: Page, text: str, *, exact: bool = False) -> None:
    """Reload the page until it says something."""
    deadline = time.monotonic() + 30
    while not await page.get_by_text(text, exact=exact).first.is_visible():
        assert time.monotonic() < deadline, f"{text!r} is never said on {await page.title()}"
        await asyncio.sleep(0.2)
        await page.reload()


async def test_choose_submit_and_see_it_contained(whole_lab: WholeLab, browser: Browser) -> None:
    case = await whole_lab.waiting_case()
    watched = await open_link(browser, case)
    page = watched.page
    assert await page.get_by_label("Reset password").is_checked()
    assert not await page.get_by_label("Disable account").is_checked()
    await page.get_by_label("Disable account").check()
    await page.get_by_label("Comment for the ticket").fill("Rang <b>Dana</b>: not her.")
    await page.get_by_role("button", name="Do what is ticked, now").click()

    await page.get_by_role("heading", name="Your decision is on its way").wait_for()
    assert await wrong_with(page) == []
    await page.get_by_role("link", name="See the case report").click()
    await read_until(page, "contained", exact=True)
    answer = await page.locator("header.case .line").all_inner_texts()
    assert answer == ["Done and verified: Disable account, Reset password, Terminate sessions."]
    assert await page.get_by_text("Rang <b>Dana</b>: not her.").is_visible()
    assert await wrong_with(page) == []

    await page.goto(case["links"]["decision"])
    assert await page.get_by_role("heading", name="There is nothing to decide").is_visible()
    assert watched.complaints == []
    await watched.context.close()
    await whole_lab.close(case["case_id"])


async def test_leaving_the_account_ignores_what_is_ticked(
    whole_lab: WholeLab, browser: Browser
) -> None:
    case = await whole_lab.waiting_case()
    watched = await open_link(browser, case)
    await watched.page.get_by_role("button", name="Monitor only").click()
    await watched.page.get_by_role("link", name="See the case report").click()
    await read_until(watched.page, "Nothing was changed. Sign-ins are watched.")
    record = await whole_lab.client.get_case(case["case_id"])
    assert record["decision"]["actions"] == ["MonitorOnly"]
    assert record["actions"] == []
    assert watched.complaints == []
    await watched.context.close()
    await whole_lab.close(case["case_id"])


async def test_tampered_link_is_a_page_that_says_so(whole_lab: WholeLab, browser: Browser) -> None:
    case = await whole_lab.waiting_case()
    watched = await open_page(browser, viewport=PHONE)
    answer = await watched.page.goto(case["links"]["decision"] + "x")
    assert answer is not None and answer.status == 401
    heading = watched.page.get_by_role("heading", name="The link is not valid or has expired")
    assert await heading.is_visible()
    assert await watched.page.get_by_role("button").count() == 0
    assert await wrong_with(watched.page) == []
    await watched.context.close()
    await whole_lab.client.decide(case["case_id"], actions=["NoAction"], comment="")
    await whole_lab.close(case["case_id"])


async def test_nothing_ticked_asks_again_and_keeps_the_comment(
    whole_lab: WholeLab, browser: Browser
) -> None:
    case = await whole_lab.waiting_case()
    watched = await open_link(browser, case)
    page = watched.page
    for box in await page.get_by_role("checkbox").all():
        await box.uncheck()
    await page.get_by_label("Comment for the ticket").fill("not yet")
    await page.get_by_role("button", name="Do what is ticked, now").click()
    assert "tick at least one action" in await page.get_by_role("alert").inner_text()
    assert await page.get_by_label("Comment for the ticket").input_value() == "not yet"
    assert (await whole_lab.client.get_case(case["case_id"]))["decision"] is None
    await page.get_by_role("button", name="No action").click()
    await page.get_by_role("heading", name="Your decision is on its way").wait_for()
    await watched.context.close()
    await whole_lab.close(case["case_id"])
