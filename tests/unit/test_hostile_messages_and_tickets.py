"""What senders write stays text in channels and tickets, whatever each vendor would interpret."""

import json
import re
from collections.abc import Iterator

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from shared.models.base import Json
from shared.playbook.reporting.case_text import COMMENT_LIMIT, incident_comment_for, ticket_for
from shared.playbook.reporting.next_steps import hand_over
from shared.playbook.reporting.ticket_state import ticket_state
from shared.providers.jira.document import document, plain_text
from shared.providers.pagerduty.events import to_event
from shared.providers.sentinel.tickets import _to_task
from shared.providers.servicenow.incidents import to_fields, work_note
from shared.providers.slack.blocks import fallback_text, to_blocks
from shared.providers.teams.card import to_message
from tests.unit.hostile_case import PHASES, VALUES, WEB, check_texts, message, with_value

FORMULA = tuple("=+-@\t\r")
"""What a spreadsheet would run, when a list of tickets is exported
(https://owasp.org/www-community/attacks/CSV_Injection)."""


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("name", VALUES)
def test_slack_interprets_nothing_of_it(name: str, phase: str) -> None:
    sent = message(VALUES[name], phase)
    blocks = to_blocks(sent)
    check_texts([blocks, fallback_text(sent)])
    assert len(blocks) <= 50 and len(fallback_text(sent)) <= 4_000
    assert not re.search(r"<[!@#h]", fallback_text(sent))
    longest = {"header": 150, "section": 3_000, "context": 3_000}
    for block in blocks:
        for one in text_objects(block):
            interpreted = one["type"] == "mrkdwn"
            assert not (interpreted and re.search("[<>]", one["text"])), "no control sequence"
            assert not (interpreted and VALUES[name] in one["text"]), "labels are our own"
            assert 1 <= len(one["text"]) <= longest.get(block["type"], 75)
        for element in block.get("elements", []):
            assert WEB.match(element.get("url", "https://soc.example/"))


def text_objects(block: Json) -> Iterator[Json]:
    if block["type"] == "context":
        yield from block["elements"]
        return
    yield from block.get("fields", [])
    if "text" in block:
        yield block["text"]
    for element in block.get("elements", []):
        yield from [element["text"]] if "text" in element else []
        yield from (option["text"] for option in element.get("options", []))


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("name", VALUES)
def test_teams_reads_no_markdown_in_it(name: str, phase: str) -> None:
    sent = to_message(message(VALUES[name], phase))
    check_texts(sent)
    assert len(json.dumps(sent)) <= 28 * 1024
    [attachment] = sent["attachments"]
    card = attachment["content"]
    for block in card["body"]:
        assert block["type"] == "RichTextBlock", "a TextBlock would read Markdown"
        assert {run["type"] for run in block["inlines"]} == {"TextRun"}
        assert not any("selectAction" in run for run in block["inlines"])
    for one in card.get("actions", []):
        assert one["type"] == "Action.OpenUrl" and WEB.match(one["url"])


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("name", VALUES)
def test_a_page_in_the_night_is_bounded(name: str, phase: str) -> None:
    event = to_event(message(VALUES[name], phase), routing_key="x")
    check_texts(event)
    assert len(event["payload"]["summary"]) <= 1_024
    assert len(json.dumps(event)) < 512 * 1024
    assert all(WEB.match(one["href"]) for one in event.get("links", []))


@pytest.mark.parametrize("name", VALUES)
def test_a_ticket_shows_it_as_text(name: str) -> None:
    text = VALUES[name]
    ticket = ticket_for(with_value(text), phase="completed", why=text)
    fields = to_fields(ticket)
    check_texts(fields)
    assert not re.search(r"\[/?code\]", work_note(ticket), re.IGNORECASE)
    assert not fields["short_description"].startswith(FORMULA)
    assert not fields["description"].startswith(FORMULA)
    assert "\n" not in fields["short_description"] and len(fields["short_description"]) <= 160
    assert len(fields["description"]) <= 4_000 and len(fields["work_notes"]) <= 32_000


@pytest.mark.parametrize("name", VALUES)
def test_a_task_of_an_incident_shows_it_as_text(name: str) -> None:
    found = with_value(VALUES[name])
    steps = [one.to_json() for one in hand_over(found)]
    state = ticket_state(found | {"hand_over": steps}, "completed")
    assert state["tasks"], "what failed is open work"
    for one in state["tasks"]:
        made = _to_task(one, "Case case-1")
        check_texts(made)
        assert "\n" not in made["title"] and len(made["title"]) <= 150
        assert not made["title"].startswith(FORMULA)
        assert len(made["description"]) <= 3_000 and made["description"].endswith("Case case-1")
    check_texts(state["labels"])
    for step in steps:
        check_texts([step["what"], step["where"], step["command"]])


@pytest.mark.parametrize("name", VALUES)
def test_a_jira_document_has_text_nodes_only(name: str) -> None:
    ticket = ticket_for(with_value(VALUES[name]), phase="completed")
    made = document(ticket.description, ticket.work_note)
    check_texts(made)
    assert set(node_types(made)) <= {"doc", "paragraph", "text", "hardBreak"}
    assert '"marks"' not in json.dumps(made)
    assert len(plain_text(made)) <= 32_767


def node_types(node: Json) -> Iterator[str]:
    yield node["type"]
    for inner in node.get("content", []):
        yield from node_types(inner)


@pytest.mark.parametrize("name", VALUES)
def test_a_comment_on_the_incident_has_our_own_markup_only(name: str) -> None:
    text = VALUES[name]
    comment = incident_comment_for(with_value(text))
    check_texts(comment)
    assert len(comment) <= COMMENT_LIMIT
    reader = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    found = list(flat(reader.parse(comment)))
    kinds = {one.type for one in found}
    assert not kinds & {"html_inline", "html_block", "image", "code_block", "fence", "table_open"}
    assert not kinds & {"heading_open", "hr", "blockquote_open", "code_inline", "s_open"}
    for one in found:
        if one.type == "link_open":
            assert WEB.match(str(one.attrs["href"])), one.attrs
    assert "://evil" not in comment, "nor does a reader that makes links of addresses find one"


def flat(tokens: list[Token]) -> Iterator[Token]:
    for one in tokens:
        yield one
        yield from flat(one.children or [])
