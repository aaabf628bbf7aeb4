"""A person takes a containment back in a real browser."""

import asyncio
import time

import pytest
from playwright.async_api import Browser

from shared.models.base import Json
from tests.browser.inspection import open_page, wrong_with
from tests.lab.whole_lab import PATIENCE_SECONDS, WholeLab

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE = {"width": 390, "height": 844}


async def until(lab: WholeLab, case_id: str, event: str) -> Json:
    """Return the case once its timeline says something."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        case = await lab.client.get_case(case_id)
        if any(entry["event"].startswith(event) for entry in case["timeline"]):
            return case
        await asyncio.sleep(0.1)
    raise AssertionError(f"{event!r} never happened")


async def test_tick_say_why_and_see_it_taken_back(whole_lab: WholeLab, browser: Browser) -> None:
    case = await whole_lab.waiting_case()
    case_id = case["case_id"]
    watched = await open_page(browser, viewport=PHONE)
    page = watched.page
    links = {name: await whole_lab.link(case_id, name) for name in ("report", "decision")}
    await page.goto(links["decision"])
    await page.get_by_label("Reset password").uncheck()
    await page.get_by_label("Disable account").check()
    await page.get_by_role("button", name="Do what is ticked, now").click()
    await page.get_by_role("heading", name="Your decision is on its way").wait_for()
    await until(whole_lab, case_id, "analysts told (completed)")

    stranger = await open_page(browser, viewport=PHONE)
    for link in links.values():
        await stranger.page.goto(link)
        await stranger.page.get_by_text("Can be taken back: Disable account").wait_for()
        assert await stranger.page.get_by_role("button", name="Take back").count() == 0
    await stranger.context.close()

    await page.goto(links["report"])
    assert await wrong_with(page) == []
    await page.get_by_label("Why (for the ticket)").fill("<b>rang</b> her")
    await page.get_by_role("button", name="Take back what is ticked").click()
    assert "tick what to take back" in await page.get_by_role("alert").inner_text()
    assert await page.get_by_label("Why (for the ticket)").input_value() == "<b>rang</b> her"
    assert await wrong_with(page) == []

    await page.get_by_label("Disable account").check()
    await page.get_by_role("button", name="Take back what is ticked").click()
    await page.get_by_role("heading", name="Taking back is on its way").wait_for()
    assert await wrong_with(page) == []
    done = await until(whole_lab, case_id, "analysts told (undone)")
    assert done["status"] == "monitoring"

    await page.get_by_role("link", name="See the case report").click()
    taken_back = "Taken back by holder of the signed link, verified: Disable account."
    await page.locator("header.case .line").get_by_text(taken_back, exact=True).wait_for()
    assert await page.get_by_text("<b>rang</b> her").first.is_visible()
    assert await wrong_with(page) == []
    [refused] = watched.complaints
    assert "400" in refused, "the form that said nothing, and nothing else"
    await watched.context.close()
    await whole_lab.close(case_id)
