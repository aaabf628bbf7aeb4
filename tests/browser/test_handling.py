"""The buttons that take and close a case, in a real browser: what they send, and how they read."""

from typing import Any
from urllib.parse import parse_qs

import pytest
from playwright.async_api import Browser, ViewportSize

from shared.models.base import Json
from shared.pages import render_report
from shared.pages.handling import render_handled
from tests.browser.inspection import wrong_with
from tests.browser.test_pages import DESK, HOSTILE, PHONE, show
from tests.unit.playbook.records import record

pytestmark = pytest.mark.asyncio(loop_scope="session")

FORM: Json = {"csrf": "mark", "can_close": True, "sign_in": ""}


def reports() -> dict[str, str]:
    taken = {"reviewed_at": "2026-11-20T12:09:00.000Z", "reviewed_by": HOSTILE}
    to_sign_in = {"csrf": "", "can_close": False, "sign_in": "/.auth/login/aad"}
    asked = record(status="awaiting_decision")
    done = render_handled(record(), title="You have taken the case", detail=HOSTILE, good=True)
    return {
        "open": render_report(record(), handling=FORM),
        "taken": render_report(record(sla=taken), handling=FORM),
        "asked": render_report(asked, handling=FORM | {"can_close": False}),
        "to sign in": render_report(record(), handling=to_sign_in),
        "done": done,
    }


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_every_state_of_the_buttons_can_be_read(browser: Browser, size: ViewportSize) -> None:
    for name, html in reports().items():
        watched = await show(browser, html, viewport=size)
        assert await wrong_with(watched.page) == [], name
        assert watched.complaints == [], name
        await watched.context.close()


@pytest.mark.parametrize(
    ("button", "doing"), [("I take this case", "acknowledge"), ("Close it now", "close")]
)
async def test_a_button_sends_what_it_says(browser: Browser, button: str, doing: str) -> None:
    watched = await show(browser, reports()["open"], viewport=DESK)
    sent: list[str] = []

    async def take(route: Any) -> None:
        sent.append(route.request.post_data or "")
        await route.fulfill(status=202, body="taken")

    await watched.context.route("**/handling", take)
    if doing == "close":
        await watched.page.get_by_text("Close the case").click()
        await watched.page.get_by_label("What it was").fill("a hotel")
    await watched.page.get_by_role("button", name=button).click()
    await watched.page.wait_for_url("**/handling")
    [form] = [parse_qs(one) for one in sent]
    assert (form["do"], form["csrf"]) == ([doing], ["mark"])
    assert form.get("comment") == (["a hotel"] if doing == "close" else None)
    await watched.context.close()
