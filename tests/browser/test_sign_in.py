"""From the link in Slack through the sign-in to the decision, in a real browser."""

from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.inspection import open_page, wrong_with
from tests.browser.test_decide import PHONE, click_on_another_site
from tests.lab.signed_in import ANA, NICK, signing_lab

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]


async def test_from_slack_through_the_sign_in_to_the_decision(
    browser: Browser, tmp_path: Path
) -> None:
    """Entra comes back by a form from another site, so that the browser withholds the session."""
    async with signing_lab(tmp_path) as lab:
        case = await lab.waiting_case()
        link = await lab.link(case["case_id"], "decision")
        refused = await open_page(browser, viewport=PHONE)
        await refused.page.goto(link)
        await refused.page.get_by_role("link", name="Sign in").click()
        await refused.page.get_by_role("button", name=NICK).click()
        await refused.page.get_by_role("heading", name="You may not decide").wait_for()
        assert await wrong_with(refused.page) == []
        await refused.context.close()

        watched = await open_page(browser, viewport=PHONE)
        page = watched.page
        await click_on_another_site(watched, link)
        await page.get_by_role("heading", name="Sign in to go on").wait_for()
        assert await wrong_with(page) == []
        await page.get_by_role("link", name="Sign in").click()
        await page.get_by_role("heading", name="Pick an account").wait_for()
        await page.get_by_role("button", name=ANA).click()
        await page.get_by_role("group", name="What should be done").wait_for()
        assert page.url == link.partition("?")[0], "back on the page, without the token"
        await page.get_by_role("button", name="No action").click()
        await page.get_by_role("heading", name="Your decision is on its way").wait_for()
        await lab.close(case["case_id"])
        await page.get_by_role("link", name="See the case report").click()
        await page.get_by_text(ANA).first.wait_for()
        decision = (await lab.client.get_case(case["case_id"]))["decision"]
        assert (decision["decided_by"], decision["actions"]) == (ANA, ["NoAction"])
        said = [one for one in watched.complaints if "401 (Unauthorized)" not in one]
        assert said == [], "but for the page that asks to sign in, nothing"
        await watched.context.close()
