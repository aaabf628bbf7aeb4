from collections.abc import Callable
from typing import Literal

import pytest

from shared.errors import NotConfigured, PermanentError
from shared.models.message import Notification
from shared.providers.pagerduty import PagerDuty
from shared.settings import Settings
from tests.contract.processes import Lab


def message(wake: Literal["trigger", "acknowledge", "resolve"], text: str = "x") -> Notification:
    return Notification(
        case_id="case-1",
        title=text,
        summary=text,
        facts=[("Account", text)],
        lines=[text] * 60,
        links=[("Report", "https://a.example/case"), ("Bad", "javascript:alert(1)")],
        urgent=True,
        wake=wake,
    )


async def test_a_case_is_one_page_from_the_trigger_to_the_end(lab: Lab, settings: Settings) -> None:
    pager = PagerDuty(settings)
    states = []
    for wake in ("trigger", "trigger", "acknowledge", "resolve", "resolve"):
        receipt = await pager.notify(message(wake))
        assert receipt.reference == "case-1"
        (page,) = lab.state()["pages"]
        states.append(page["status"])
    assert states == ["triggered", "triggered", "acknowledged", "resolved", "resolved"]
    assert len(page["events"]) == 2
    assert [line.get("violation") for line in lab.ledger("pagerduty")] == [None] * 5


@pytest.mark.parametrize(
    "text",
    ["", " ", "x" * 100_000, "\N{ROCKET}" * 9_000, "<b>\r\n"],
    ids=["empty", "blank", "long", "emoji", "markup"],
)
async def test_whatever_is_said_is_an_event_that_pagerduty_takes(
    lab: Lab, settings: Settings, text: str
) -> None:
    await PagerDuty(settings).notify(message("trigger", text))
    (line,) = lab.ledger("pagerduty")
    assert "violation" not in line
    assert [link["href"] for link in line["body"]["links"]] == ["https://a.example/case"]


async def test_a_wrong_routing_key_is_refused_and_never_shown(
    lab: Lab, make_settings: Callable[..., Settings]
) -> None:
    settings = make_settings(pagerduty_routing_key="wrong-secret-value")
    with pytest.raises(PermanentError) as refused:
        await PagerDuty(settings).notify(message("trigger"))
    assert "wrong-secret-value" not in refused.value.describe()
    with pytest.raises(NotConfigured):
        await PagerDuty(make_settings(pagerduty_routing_key=None)).notify(message("trigger"))
