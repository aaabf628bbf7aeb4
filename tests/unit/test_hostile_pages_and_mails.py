"""What senders write stays text on pages and in mails: nothing of it becomes an element or header.

Every value of the corpus stands in every field that a sender can reach. What is made of that is
read by a parser of its format, and must have the same structure as with a harmless word.
"""

import json
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default

import pytest

from shared.models.base import Json
from shared.models.message import Notification
from shared.models.plan import Decision
from shared.pages import render_decided, render_decision, render_problem, render_report, render_undo
from shared.pages.text import web_link
from shared.playbook.reporting.case_text import COMMENT_LIMIT, incident_comment_for, ticket_for
from shared.providers.email.compose import compose
from shared.providers.servicenow.incidents import to_fields
from shared.providers.slack.blocks import to_blocks
from shared.providers.teams.card import to_message
from tests.support.scripts import DECISION
from tests.unit.hostile_case import (
    HARMLESS,
    PHASES,
    PLACES,
    VALUES,
    WEB,
    check_texts,
    message,
    unsafe_letters,
    with_value,
)
from tests.unit.test_pages import Page, problems


def test_the_corpus_reaches_the_fields_that_senders_write() -> None:
    names = {str(key) for path in PLACES for key in path}
    assert {"title", "display_name", "user_principal_name", "UserAgent", "evidence"} <= names
    assert {"comment", "by", "event", "decided_by", "why", "detail", "notes", "account"} <= names
    assert len(PLACES) > 60


def pages(found: Json, text: str) -> dict[str, Callable[[], str]]:
    decision = Decision.model_validate(DECISION | {"comment": text, "decided_by": text})
    asks = found | {"status": "awaiting_decision", "decision": None}
    return {
        "report": lambda: render_report(found, undo=""),
        "decision": lambda: render_decision(asks, csrf="x", error=text, comment=text),
        "decided": lambda: render_decided(found, decision),
        "undo": lambda: render_undo(found, csrf="x", error=text, comment=text),
        "problem": lambda: render_problem(text, text),
    }


def shape(html: str) -> list[tuple[str, list[str]]]:
    return [(tag, sorted(attributes)) for tag, attributes in Page(html).tags]


@pytest.mark.parametrize("page", ["report", "decision", "decided", "undo", "problem"])
@pytest.mark.parametrize("name", VALUES)
def test_no_element_or_attribute_of_a_page_comes_from_the_data(name: str, page: str) -> None:
    text = VALUES[name]
    harmless = "https://portal.azure.com/x" if web_link(text) else HARMLESS
    html = pages(with_value(text), text)[page]()
    assert shape(html) == shape(pages(with_value(harmless), harmless)[page]())
    assert list(problems(html)) == []
    assert "62710561" not in html
    assert not unsafe_letters(html)
    assert len(html) < 1_000_000
    html.encode("utf-8")


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("name", VALUES)
def test_a_mail_gets_no_header_part_or_element_from_it(name: str, phase: str) -> None:
    made, plain = (mail(message(text, phase)) for text in (VALUES[name], HARMLESS))
    assert made.keys() == plain.keys()
    assert made["To"] == "soc@contoso.example" and len(made["Subject"]) <= 200
    parts, expected = (list(one.walk()) for one in (made, plain))
    assert [one.get_content_type() for one in parts] == [one.get_content_type() for one in expected]
    text, html = (one.get_content().replace("\r\n", "\n") for one in parts[1:])
    check_texts([made["Subject"], text, html])
    assert styled(html) <= styled(list(plain.walk())[2].get_content())
    assert [one for one in problems(html) if not one.endswith("has style")] == []
    assert all(WEB.match(found["href"] or "") for tag, found in Page(html).tags if "href" in found)
    assert len(text) < 100_000 and len(html) < 200_000
    assert max(map(len, made.as_bytes(policy=SMTP).splitlines())) <= 998, "RFC 5322, 2.1.1"


def mail(sent: Notification) -> EmailMessage:
    """Return the mail as its reader's program gets it."""
    made = compose(sent, sender="t@contoso.example", recipients=["soc@contoso.example"])
    read = message_from_bytes(made.as_bytes(policy=SMTP), policy=default)
    assert isinstance(read, EmailMessage)
    return read


def styled(html: str) -> set[tuple[str | None, ...]]:
    """Return elements with their attributes' names and their look, without where links lead."""
    return {
        (tag, *sorted(found), found.get("style"), found.get("class"))
        for tag, found in Page(html).tags
    }


def test_megabytes_in_every_field_are_cut() -> None:
    """A user agent of 5 MB is a message, a ticket and a page like any other."""
    text = "A" * 5_000_000
    assert all(len(make()) < 1_000_000 for make in pages(with_value(text), text).values())
    for phase in PHASES:
        sent = message(text, phase)
        assert len(json.dumps(to_blocks(sent))) < 60_000
        assert len(json.dumps(to_message(sent))) <= 28 * 1024
        assert len(mail(sent).as_bytes()) < 300_000
    ticket = ticket_for(with_value(text), phase="completed", why=text)
    assert len(json.dumps(to_fields(ticket))) < 50_000
    assert len(incident_comment_for(with_value(text))) <= COMMENT_LIMIT
