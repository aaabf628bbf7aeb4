"""The report of finished cases in a real browser: on a desk, a phone and paper."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, ViewportSize

from shared.pages import render_report
from tests.browser.inspection import wrong_with
from tests.browser.test_pages import DESK, PHONE, show
from tests.support.kept_cases import kept_case

pytestmark = pytest.mark.asyncio(loop_scope="session")

CASES = ("brute-force", "manual")
MOST_PAGES = {"brute-force": 1, "manual": 2}
"""An ordinary case is one sheet; the other has six actions and 20 items of evidence."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1280"])
@pytest.mark.parametrize("case", CASES)
async def test_a_finished_case_reads_well(
    browser: Browser, case: str, size: ViewportSize, scheme: str, tmp_path: Path
) -> None:
    watched = await show(
        browser, render_report(kept_case(case)), viewport=size, color_scheme=scheme
    )
    assert await wrong_with(watched.page) == []
    picture = await watched.page.screenshot(path=tmp_path / "report.png", full_page=True)
    assert len(picture) > 50_000, "something was painted"
    headings = await watched.page.get_by_role("heading", level=2).all_inner_texts()
    assert headings[0] == "What to do next" and "Evidence" in headings
    assert watched.complaints == []
    await watched.context.close()


@pytest.mark.parametrize("case", CASES)
async def test_an_ordinary_case_is_one_sheet_of_paper(browser: Browser, case: str) -> None:
    watched = await show(browser, render_report(kept_case(case)))
    pdf = await watched.page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) <= MOST_PAGES[case]
    boxes = {tuple(map(round, map(float, box.split()))) for box in media_boxes(pdf)}
    assert boxes <= {(0, 0, 595, 842), (0, 0, 594, 842), (0, 0, 595, 841)}, "A4, upright"
    await watched.context.close()


def media_boxes(pdf: bytes) -> list[str]:
    return [one.decode() for one in re.findall(rb"/MediaBox\s*\[([^\]]+)\]", pdf)]


@pytest.mark.parametrize("case", CASES)
async def test_on_paper_nothing_is_lost_at_the_edge_and_links_say_where_they_lead(
    browser: Browser, case: str
) -> None:
    # The width of A4 without its margins, in CSS pixels.
    watched = await show(
        browser, render_report(kept_case(case)), viewport={"width": 725, "height": 1000}
    )
    page = watched.page
    await page.emulate_media(media="print")
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 725, "nothing is cut off at the right"
    link = page.get_by_role("link", name="Ticket INC0010001")
    after = await link.evaluate("e => getComputedStyle(e, '::after').content")
    assert "attr(href)" in after or "service-now.example" in after
    broken = "e => getComputedStyle(e).breakInside"
    for selector in (".steps > li", ".reasons > li", "tbody tr", "figure"):
        assert await page.locator(selector).first.evaluate(broken) == "avoid", selector
    inks = await page.evaluate(
        "[...document.querySelectorAll('h1,h2,p')].map(e => getComputedStyle(e).backgroundColor)"
    )
    assert set(inks) <= {"rgba(0, 0, 0, 0)", "rgb(255, 255, 255)"}, "black on white"
    await watched.context.close()


async def test_the_pictures_are_said_in_words(browser: Browser) -> None:
    watched = await show(browser, render_report(kept_case("manual")), viewport=DESK)
    places, times = await watched.page.locator("#facts ~ figure svg").all()
    words = await places.get_attribute("aria-label") or ""
    assert "Amsterdam, NL (AS64510) (the attacker): 25 failed, 1 succeeded;" in words
    assert "Seattle, US (AS64496): 0 failed, 42 succeeded;" in words
    words = await times.get_attribute("aria-label") or ""
    assert "203.0.113.66 (the attacker): 25 failed" in words
    assert "8 Nov" in (await places.text_content() or "")
    ran = watched.page.get_by_role("table", name="How the response ran")
    assert await ran.get_by_role("row").count() == 11, "a heading, nine steps and the person"
    assert "ana.lyst@contoso.example" in await ran.inner_text()
    await watched.context.close()
