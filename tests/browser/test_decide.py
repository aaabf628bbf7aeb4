"""A person decides in a real browser, from the signed link to the contained case."""

import asyncio
import json
import re
import time

import pytest
from playwright.async_api import Browser, Page, Route

from shared.models.base import Json
from tests.browser.inspection import Watched, open_page, wrong_with
from tests.lab.whole_lab import PATIENCE_SECONDS, WholeLab

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE = {"width": 360, "height": 740}
REPORT = re.compile("/report$")


async def open_link(lab: WholeLab, browser: Browser, case: Json) -> Watched:
    watched = await open_page(browser, viewport=PHONE)
    await watched.page.goto(await lab.link(case["case_id"], "decision"))
    return watched


async def read_until(page: Page, text: str, *, exact: bool = False) -> None:
    """Reload the page until it says something."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not await page.get_by_text(text, exact=exact).first.is_visible():
        assert time.monotonic() < deadline, f"{text!r} is never said on {await page.title()}"
        await asyncio.sleep(0.2)
        await page.reload()


async def click_on_another_site(watched: Watched, link: str) -> None:
    """Follow a link on a page of another site, as Slack's web client is one."""
    channel = "https://slack.test/archives/soc"
    body = f'<!doctype html><title>soc</title><link rel="icon" href="data:,"><a href="{link}">x</a>'

    async def show(route: Route) -> None:
        await route.fulfill(status=200, content_type="text/html", body=body)

    await watched.context.route(channel, show)
    await watched.page.goto(channel)
    await watched.page.get_by_role("link").click()


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until an element has the focus: one with this value, id or text."""
    script = "() => { const e = document.activeElement; return [e.value, e.id, e.textContent]; }"
    for _press in range(40):
        await page.keyboard.press("Tab")
        if name in await page.evaluate(script):
            return
    raise AssertionError(f"{name} cannot be reached by keyboard")


async def test_from_slack_by_keyboard_to_the_contained_case(
    whole_lab: WholeLab, browser: Browser
) -> None:
    case = await whole_lab.waiting_case()
    link = await whole_lab.link(case["case_id"], "decision")
    watched = await open_page(browser, viewport=PHONE)
    page = watched.page
    seen: list[int] = []
    page.on("response", lambda one: seen.append(one.status) if "/decision" in one.url else None)
    await click_on_another_site(watched, link)
    await page.get_by_role("group", name="What should be done").wait_for()
    assert page.url == link.partition("?")[0]
    assert seen == [303, 200, 200], "the strict cookie is sent only once our own page asks"
    assert "token=" not in await page.content()
    assert "token=" not in json.dumps(await whole_lab.client.get_case(case["case_id"]))
    assert await page.evaluate("() => document.cookie") == "", "no script could read the session"
    assert await wrong_with(page) == []

    assert await page.get_by_label("Reset password").is_checked()
    assert not await page.get_by_label("Disable account").is_checked()
    await tab_to(page, "DisableAccount")
    await page.keyboard.press("Space")
    await tab_to(page, "comment")
    await page.keyboard.type("Rang <b>Dana</b>: not her.")
    await tab_to(page, "Do what is ticked, now")
    await page.keyboard.press("Enter")

    await page.get_by_role("heading", name="Your decision is on its way").wait_for()
    assert await wrong_with(page) == []
    await tab_to(page, "See the case report")
    await page.keyboard.press("Enter")
    await page.wait_for_url(REPORT)
    await read_until(page, "contained", exact=True)
    assert "token" not in page.url
    answer = await page.locator("header.case .line").all_inner_texts()
    assert answer == ["Done and verified: Disable account, Reset password, Terminate sessions."]
    assert await page.get_by_text("Rang <b>Dana</b>: not her.").is_visible()
    assert await wrong_with(page) == []

    replayed = await open_page(browser, viewport=PHONE)
    await replayed.page.goto(link)
    await replayed.page.get_by_role("heading", name="Answered already").wait_for()
    assert await replayed.page.get_by_role("button").count() == 0
    assert await wrong_with(replayed.page) == []
    assert watched.complaints + replayed.complaints == []
    await replayed.context.close()
    await watched.context.close()
    await whole_lab.close(case["case_id"])


async def test_leaving_the_account_ignores_what_is_ticked(
    whole_lab: WholeLab, browser: Browser
) -> None:
    case = await whole_lab.waiting_case()
    watched = await open_link(whole_lab, browser, case)
    await watched.page.get_by_role("button", name="Monitor only").click()
    await watched.page.get_by_role("link", name="See the case report").click()
    await watched.page.wait_for_url(REPORT)
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
    answer = await watched.page.goto(await whole_lab.link(case["case_id"], "decision") + "x")
    assert answer is not None and answer.status == 401
    heading = watched.page.get_by_role("heading", name="The link is not valid or has expired")
    await heading.wait_for()
    assert await watched.page.get_by_role("button").count() == 0
    assert await wrong_with(watched.page) == []
    await watched.context.close()
    await whole_lab.client.decide(case["case_id"], actions=["NoAction"], comment="")
    await whole_lab.close(case["case_id"])


async def test_nothing_ticked_asks_again_and_keeps_the_comment(
    whole_lab: WholeLab, browser: Browser
) -> None:
    case = await whole_lab.waiting_case()
    watched = await open_link(whole_lab, browser, case)
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
