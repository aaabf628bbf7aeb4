"""From the message to the button: an analyst takes a case and closes it, and its clocks stop."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from lab.scenarios.expander import expand
from lab.scenarios.loader import load_scenario
from lab.scenarios.player import prepare
from tests.lab.signed_in import Visitor, visitor
from tests.lab.test_one_case import until
from tests.lab.whole_lab import WholeLab

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

type Json = dict[str, Any]

HTML = {"Accept": "text/html"}


async def press(one: Visitor, link: str, button: str, comment: str = "") -> tuple[int, str]:
    """Open the case's page by its link and press a button on it."""
    status, page = await one.get(link)
    assert (status, f'value="{button}"' in page) == (200, True)
    path = urlsplit(link).path.replace("/report", "/handling")
    return await one.send(path, page, [("do", button), ("comment", comment)], HTML)


async def test_the_link_in_the_message_takes_and_closes_the_case(whole_lab: WholeLab) -> None:
    common = whole_lab.lab.common
    staged = expand(load_scenario("brute-force-success"), common, datetime.now(UTC))
    await prepare(whole_lab.client, staged)
    accepted = await whole_lab.client.send_incident(staged.incident)
    case_id = accepted["cases"][0]["case_id"]
    handed_over = await until(whole_lab, case_id, lambda case: case["status"] == "contained")
    assert handed_over["sla"]["targets"]["review_seconds"] == 900
    link = await whole_lab.link(case_id, "report")

    async with visitor(whole_lab) as analyst:
        status, page = await press(analyst, link, "acknowledge")
        assert (status, "You have taken the case" in page) == (202, True)
        taken = await until(whole_lab, case_id, lambda case: "reviewed_at" in case["sla"])
        assert taken["sla"]["reviewed_by"] == "holder of the signed link"
        _status, page = await analyst.get(link)
        assert 'value="acknowledge"' not in page
        status, _page = await press(analyst, link, "close", "it was her, from a hotel")
        assert status == 202

    closed = await until(whole_lab, case_id, lambda case: case["status"] == "closed")
    assert any("it was her, from a hotel" in line["event"] for line in closed["timeline"])
    measures = {one["name"]: one["met"] for one in closed["sla"]["measures"]}
    assert measures == {
        "detection_to_notification": True,
        "notification_to_containment": True,
        "notification_to_review": True,
        "full_remediation": True,
    }
    await whole_lab.close(case_id)
