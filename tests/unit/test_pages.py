"""Pages for every status a case can have, and with hostile text in every field."""

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from shared.models.base import Json
from shared.models.block import BlockName, BlockStatus, make_block
from shared.models.case import AlertType, CaseRecord, CaseRequest, CaseStatus, OperatingMode
from shared.models.plan import ActionName, Decision
from shared.pages import (
    render_decided,
    render_decision,
    render_onward,
    render_problem,
    render_report,
)
from shared.pages.style import style_source
from shared.playbook.reporting.record import initial_record
from tests.support.scripts import DECISION, case_payload
from tests.unit.playbook.records import ACTIONS, action, planned, record

KIM = Decision.model_validate(DECISION)
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</title></style></textarea><script>alert(1)</script>",
    "{{ 7919 * 7919 }} {% raw %} ${7919*7919} #{7919*7919}",
    "javascript:alert(1)",
    "\u202egnp.exe\u202c\u2066\u200b\u0000",
    "&lt;script&gt; &amp;quot; --> <!-- ]]>",
    "a" * 5000,
)
ACTIVE_TAGS = frozenset(
    {
        *("script", "iframe", "frame", "object", "embed", "applet", "base", "link", "noscript"),
        *("img", "image", "picture", "video", "audio", "source", "track", "portal", "template"),
        *("foreignobject", "use", "animate", "set", "math"),
    }
)
"""Tags that run, load or redirect something; none of them has a place on these pages."""
FIXED = frozenset(
    {
        *("case_id", "status", "mode", "alert_type", "action", "disposition", "severity", "kinds"),
        *("compromise_confidence_score", "at", "time", "decided_at", "created_at", "collected_at"),
        *("first_activity_at", "last_activity_at", "started_at", "finished_at", "detected_at"),
        *("received_at", "last_known_logon_time"),
    }
)
"""Fields whose words are the contract's own, so that no sender can choose them."""


class Page(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def problems(html: str) -> Iterator[str]:
    """Yield everything on a page that a strict page does not have."""
    for tag, attributes in Page(html).tags:
        if (tag, attributes) == ("link", {"rel": "icon", "href": "data:,"}):
            continue  # keeps browsers from asking for /favicon.ico
        if tag in ACTIVE_TAGS:
            yield f"tag {tag}"
        for name, value in attributes.items():
            if name.startswith("on") or name == "style":
                yield f"{tag} has {name}"
            if name in ("href", "src", "action", "formaction") and re.match(
                r"\s*(?:javascript|data|vbscript):", value or "", re.IGNORECASE
            ):
                yield f"{tag} leads to {value}"
    if re.search("[\u202a-\u202e\u2066-\u2069\u200b\x00]", html):
        yield "hidden characters"


def pages(found: Json) -> dict[str, Callable[[], str]]:
    return {
        "report": lambda: render_report(found),
        "decision": lambda: render_decision(found, csrf="abc"),
        "decided": lambda: render_decided(found, KIM),
    }


def first(**changes: Any) -> Json:
    return initial_record(CaseRequest.model_validate(case_payload(**changes)))


RECORDS = {
    "first": first(),
    "first without account": first(account=None, addresses=[]),
    "manual": first(incident={"source": "manual", "incident_id": "S-1", "title": "Manual"}),
    "undecided": record(verdict=None, plan=[], actions=[], decision=None),
    "unfinished": record(
        actions=[
            action("ForcePasswordReset", "failed", detail="HTTP 403"),
            action("RevokeSessions", verified=False),
            action("BlockIP", verified=None),
            action("ScanDevice", "skipped"),
        ],
        plan=[planned(name, kind) for name in ACTIONS for kind in ("automatic", "ask", "never")],
        decision=DECISION,
    ),
}


@pytest.mark.parametrize("page", ["report", "decision", "decided"])
@pytest.mark.parametrize("name", RECORDS)
def test_a_page_can_be_made_of_any_record(name: str, page: str) -> None:
    html = pages(RECORDS[name])[page]()
    assert not list(problems(html))
    assert html.lstrip().lower().startswith("<!doctype html>")
    assert not re.search(r"\bNone\b(?! kept yet)", "".join(Page(html).words))


@pytest.mark.parametrize("page", ["report", "decision", "decided"])
@pytest.mark.parametrize("status", CaseStatus)
def test_a_page_can_be_made_at_every_status(status: CaseStatus, page: str) -> None:
    for found in (first() | {"status": status}, record(status=status)):
        assert not list(problems(pages(found)[page]()))


@pytest.mark.parametrize("alert_type", AlertType)
@pytest.mark.parametrize("mode", OperatingMode)
def test_a_report_can_be_made_of_every_kind_of_case(
    alert_type: AlertType, mode: OperatingMode
) -> None:
    assert render_report(record(alert_type=alert_type, mode=mode))


def test_the_only_style_is_the_one_the_policy_allows() -> None:
    html = render_report(record())
    [inside] = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
    assert style_source() == f"'sha256-{digest}'"


def test_the_form_is_there_only_while_a_decision_is_awaited() -> None:
    plan = [planned(name, "ask") for name in ACTIONS]
    for status in CaseStatus:
        html = render_decision(record(status=status, plan=plan, actions=[]), csrf="abc")
        forms = [tag for tag, _attributes in Page(html).tags if tag == "form"]
        assert bool(forms) is (status is CaseStatus.AWAITING_DECISION), status


def test_the_form_sends_actions_that_exist_and_repeats_the_link() -> None:
    plan = [planned(name, "ask") for name in ACTIONS]
    waiting = record(status="awaiting_decision", plan=plan, actions=[])
    html = render_decision(waiting, csrf="a-b_c")
    tags = Page(html).tags
    sent = {
        attributes["value"]
        for _tag, attributes in tags
        if attributes.get("name") in ("actions", "instead")
    }
    assert sent <= set(ActionName) and {"ForcePasswordReset", "NoAction"} <= sent
    [form] = [attributes for tag, attributes in tags if tag == "form"]
    assert form["method"] == "post"
    assert form["action"] == "decision", "no secret in the address"
    assert {"name": "csrf", "value": "a-b_c", "type": "hidden"} in [one for _tag, one in tags]


def test_the_address_that_is_offered_stays_that_of_the_question() -> None:
    plan = [planned("ForcePasswordReset", "ask")]
    when = {"at": "2026-11-20T12:00:00Z", "answer_by": "2026-11-20T12:30:00Z"}
    asked = when | {"address": "198.51.100.9"}
    waiting = record(status="awaiting_decision", plan=plan, actions=[], asked=asked)
    words = " ".join(" ".join(Page(render_decision(waiting, csrf="abc")).words).split())
    assert "Block address 198.51.100.9" in words


def test_nobody_is_told_to_do_by_hand_what_is_not_to_be_done() -> None:
    refused = action("BlockIP", "failed", detail="the policy forbids it", elsewhere=True)
    page = Page(render_report(record(status="failed", actions=[refused])))
    words = " ".join(" ".join(page.words).split())
    assert f"NOT done: Block address {refused['target']}: the policy forbids it." in words
    assert "do it by hand now: Block" not in words and "FAILED: do it by hand" not in words


def poisoned(value: Any, text: str) -> Any:
    """Replace every text of a record by the hostile one, except words the contract fixes."""
    if isinstance(value, dict):
        return {key: item if key in FIXED else poisoned(item, text) for key, item in value.items()}
    if isinstance(value, list):
        return [poisoned(item, text) for item in value]
    return text if isinstance(value, str) else value


def hostile(text: str) -> Json:
    """Return a full record whose every free text is hostile."""
    evidence = make_block(
        BlockName.EVIDENCE,
        BlockStatus.PARTIAL,
        inputs={},
        notes=["x"],
        details={"items": [{"name": "x", "rows": 1, "size": 2, "sha256": "x", "url": "x"}]},
    ).block.to_json()
    told = make_block(
        BlockName.NOTIFICATION,
        BlockStatus.PARTIAL,
        inputs={},
        outputs={"incident_ticket_id": "x", "analyst_notification_status": {"slack": "x"}},
        notes=["x"],
        details={"ticket_url": "x"},
    ).block.to_json()
    whole = initial_record(CaseRequest.model_validate(case_payload())) | {
        key: value for key, value in record().items() if key != "blocks"
    }
    whole["blocks"] |= record()["blocks"] | {
        BlockName.EVIDENCE: evidence,
        BlockName.NOTIFICATION: told,
    }
    whole["decision"] = None
    whole["next_steps"] = ["x"]
    whole["timeline"] = [{"at": "2026-11-20T12:00:00.000Z", "event": "x"}]
    found = poisoned(whole, text)
    found["decision"] = DECISION | {"comment": text, "decided_by": text, "channel": text}
    return CaseRecord.model_validate(found).to_json()


@pytest.mark.parametrize("page", ["report", "decision", "decided"])
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text(text: str, page: str) -> None:
    found = hostile(text)
    for status in ("contained", "awaiting_decision"):
        html = pages(found | {"status": status})[page]()
        assert not list(problems(html))
        assert "62710561" not in html, "nothing is evaluated"
        assert "alert(1)</script>" not in html


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_words_of_a_sender_stay_text(text: str) -> None:
    waiting = record(status="awaiting_decision")
    html = render_decision(waiting, csrf=text, error=text, comment=text)
    assert not list(problems(html))
    assert not list(problems(render_problem(text, text)))
    assert not list(problems(render_onward("report")))
    assert not list(problems(render_decided(waiting, KIM.model_copy(update={"decided_by": text}))))


@pytest.mark.parametrize("status", [CaseStatus.AWAITING_DECISION, CaseStatus.CONTAINED])
def test_the_report_never_shows_the_link_that_decides(status: CaseStatus) -> None:
    home = "https://soc.example/api/cases/c"
    links = {name: f"{home}/{name}?token=of-{name}" for name in ("report", "decision")}
    html = render_report(record(status=status, links=links))
    assert "/decision" not in html and "of-decision" not in html
