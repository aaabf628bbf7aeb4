"""The pages in a real browser: on a phone and a desk, in light and dark, by keyboard, on paper."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Browser, Page, ViewportSize

from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.case import CaseStatus
from shared.models.plan import ActionName, Decision
from shared.pages import (
    render_decided,
    render_decision,
    render_onward,
    render_problem,
    render_report,
    render_undo,
)
from tests.browser.inspection import Watched, open_page, wrong_with
from tests.unit.playbook.records import AT, action, planned, record
from triggers.answers import page as answer

pytestmark = pytest.mark.asyncio(loop_scope="session")

ADDRESS = "http://pages.test/"
PHONE: ViewportSize = {"width": 360, "height": 740}
DESK: ViewportSize = {"width": 1280, "height": 900}
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202egnp.exe ' + "W" * 300
TIMES = {
    "start": "2026-11-20T11:50:00.000Z",
    "end": "2026-11-20T12:20:00.000Z",
    "slots": 60,
    "addresses": [
        {"address": "203.0.113.7", "suspicious": True, "failed": [[9, 30]], "succeeded": [[40, 1]]},
        {"address": HOSTILE, "suspicious": False, "failed": [], "succeeded": [[3, 2]]},
    ],
    "other_addresses": 0,
}


async def show(browser: Browser, html: str, **options: Any) -> Watched:
    """Show a page with the headers that the app sends with it."""
    sent = answer(html)
    headers = {**sent.headers, "Content-Type": "text/html; charset=utf-8"}
    watched = await open_page(browser, **options)

    async def fulfil(route: Any) -> None:
        await route.fulfill(status=200, headers=headers, body=sent.get_body())

    await watched.context.route(ADDRESS, fulfil)
    await watched.page.goto(ADDRESS)
    return watched


def with_times(case: Json) -> Json:
    block = case["blocks"][BlockName.SIGN_INS]
    block["details"] = {"times": TIMES, "suspicious_address": "203.0.113.7"}
    return case


def asking(**changes: Any) -> Json:
    plan = [planned("ForcePasswordReset", "ask"), planned("DisableAccount", "never", "not synced")]
    return with_times(record(status="awaiting_decision", actions=[], plan=plan, **changes))


ANSWER: Json = {
    "actions": ["ForcePasswordReset"],
    "decided_by": "kim@contoso.com",
    "confirmed_by": "lee@contoso.com",
    "decided_at": AT,
    "comment": HOSTILE,
}
DISABLED = action("DisableAccount", undo={"account_enabled": True})


def two_persons(first: str) -> Json:
    """The second question of a case among others of one attack, with an answer to the first."""
    return asking(question=2, **around(first))


def around(text: str) -> Json:
    """What surrounds a case, with a text in all its free fields."""
    asked = {
        "at": AT,
        "answer_by": AT,
        "two_persons": True,
        "first_answer": ANSWER | {"decided_by": text, "comment": text},
        "escalated_at": AT,
        "on_silence": ["RevokeSessions"],
    }
    other = {"case_id": "case-" + "1" * 24, "account": text, "address": text}
    incident = {"case_id": "case-" + "2" * 24, "incident_id": "x", "title": text}
    return {
        "asked": asked,
        "campaign": [other | {"opened_at": AT, "confidence": "High"}],
        "campaign_count": 7,
        "joined": [
            incident
            | {"severity": "High", "alert_type": "phishing", "at": AT, "evidence": "x", "number": 7}
        ],
    }


def hostile() -> Json:
    case = asking(
        **around(HOSTILE),
        incident={"title": HOSTILE, "url": "javascript:alert(3)"},
        account={"display_name": HOSTILE, "user_id": HOSTILE, "kinds": ["vip"]},
        timeline=[{"at": AT, "event": HOSTILE}],
        next_steps=[HOSTILE],
    )
    case["actions"] = [action("BlockIP", "failed", target=HOSTILE, detail=HOSTILE * 100)]
    return case


def decided() -> str:
    decision = Decision.model_validate(
        {"actions": [ActionName.NO_ACTION], "decided_by": HOSTILE, "decided_at": AT}
    )
    return render_decided(record(), decision)


PAGES: dict[str, Callable[[], str]] = {
    "report": lambda: render_report(with_times(record())),
    "report, failed": lambda: render_report(record(status="failed", actions=hostile()["actions"])),
    "report, hostile": lambda: render_report(hostile()),
    "decision": lambda: render_decision(asking(), csrf="abc", expires_at=1795306591),
    "decision, hostile": lambda: render_decision(hostile(), csrf=HOSTILE, error=HOSTILE),
    "decision, two persons": lambda: render_decision(two_persons("kim@contoso.com"), csrf="abc"),
    "decision, answered": lambda: render_decision(with_times(record(decision=ANSWER)), undo="abc"),
    "decision, of an earlier question": lambda: render_decision(two_persons("x"), link_question=1),
    "undo": lambda: render_undo(record(actions=[DISABLED]), csrf="abc", error="Say why."),
    "receipt": decided,
    "receipt, first of two": lambda: render_decided(
        record(), Decision.model_validate(ANSWER), is_one_of_two=True
    ),
    "problem": lambda: render_problem("The link has expired", HOSTILE, sign_in="/.auth/login/aad"),
    "onward": lambda: render_onward("#here"),
} | {
    f"report, first record, {status}": lambda status=status: render_report(
        {key: record()[key] for key in ("case_id", "mode", "alert_type", "incident")}
        | {"status": status, "account": None, "addresses": []}
    )
    for status in CaseStatus
}


@pytest.mark.parametrize("name", PAGES)
async def test_page_can_be_read_by_everybody(browser: Browser, name: str) -> None:
    watched = await show(browser, PAGES[name](), viewport=PHONE)
    page = watched.page
    for fold in await page.query_selector_all("summary"):
        await fold.click()
    found = {"phone, light": await wrong_with(page)}
    await page.emulate_media(color_scheme="dark")
    found["phone, dark"] = await wrong_with(page)
    await page.set_viewport_size(DESK)
    found["desk, dark"] = await wrong_with(page)
    await page.emulate_media(color_scheme="light")
    found["desk, light"] = await wrong_with(page)
    await watched.context.close()
    assert {view: wrong for view, wrong in found.items() if wrong} == {}
    assert watched.complaints == []


async def test_style_that_is_not_ours_is_refused(browser: Browser) -> None:
    html = PAGES["report"]().replace("</head>", "<style>body{display:none}</style></head>")
    watched = await show(browser, html)
    assert await watched.page.locator("h1").is_visible()
    assert any("Content Security Policy" in text for text in watched.complaints)
    await watched.context.close()


async def test_decision_can_be_taken_by_keyboard(browser: Browser) -> None:
    watched = await show(browser, PAGES["decision"]())
    keyboard = watched.page.keyboard
    usual = ["ForcePasswordReset", "RevokeSessions", "BlockIP"]
    more = ["ConfirmCompromised", "RemoveAuthenticationMethods", "DisableInboxRules"]
    more += ["RevokeOAuthGrants", "ScanDevice", "IsolateDevice"]
    rest = ["comment", "Do what is ticked, now", "MonitorOnly", "NoAction"]
    folded = "6 more actions, which nothing in this case asks for"
    reached = []
    for name in ["link", *usual, folded, *more, *rest]:
        await keyboard.press("Tab")
        reached.append(await focused(watched.page))
        if name == folded:
            await keyboard.press("Enter")
    found = [name for name, _outline in reached]
    assert found[1:] == [*usual, folded, *more, *rest], "what cannot be chosen is passed over"
    assert {outline for _name, outline in reached} == {"3px"}
    await watched.context.close()


async def focused(page: Page) -> tuple[str, str]:
    found = await page.evaluate(
        "() => { const e = document.activeElement; "
        "return [e.value || e.id || e.textContent, getComputedStyle(e).outlineWidth]; }"
    )
    return found[0], found[1]


async def test_report_prints_light_and_what_was_opened(browser: Browser) -> None:
    watched = await show(browser, PAGES["report"](), color_scheme="dark")
    page = watched.page
    await page.emulate_media(media="print")
    folded = page.get_by_text("without asking").first
    assert not await folded.is_visible(), "what is folded away stays off the paper"
    await page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    assert await folded.is_visible(), "what the reader opened is on it"
    card = page.locator("section").first
    ground = await card.evaluate("e => getComputedStyle(e).backgroundColor")
    assert ground == "rgb(255, 255, 255)"
    assert not await page.get_by_role("button").count()
    await watched.context.close()
