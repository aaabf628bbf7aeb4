"""A notification as Block Kit blocks, within Slack's limits.

https://api.slack.com/reference/block-kit/blocks. What comes from outside (names, user agents,
addresses) goes into ``plain_text``, where Slack interprets nothing; where Slack does interpret
(``mrkdwn`` and the fallback text), ``&``, ``<`` and ``>`` are escaped as Slack asks, so that no
value can mention a channel or pose as a link.
"""

from collections.abc import Iterator
from itertools import batched, chain

from shared.models.base import Json
from shared.models.message import Notification
from shared.providers.links import web_links
from shared.providers.slack.question import question_blocks

MOST_BLOCKS = 50
LONGEST_HEADER = 150
LONGEST_SECTION = 3000
LONGEST_FIELD = 1000
"""Slack allows 2,000; a longer value belongs in the case, not in a chat."""
FACTS_PER_SECTION = 5
"""A section holds ten fields in two columns: label, value."""
MOST_LETTERS = 9000
"""Of all blocks together. Slack refuses more (``msg_blocks_too_long``) at a length that it does not
publish: 11,300 to 13,300 by reports (slackapi/bolt-js, issues 2509 and 2867)."""
MOST_BUTTONS = 25
LONGEST_BUTTON = 75
LONGEST_TEXT = 3000
"""Slack advises 4,000 characters for the fallback text."""


def escape(text: str) -> str:
    """Escape what Slack would interpret in ``mrkdwn`` and in the fallback text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def to_blocks(notification: Notification) -> list[Json]:
    """Return the blocks: header, summary, facts, lines, question, link buttons, case id."""
    asked = notification.question
    question = question_blocks(notification.case_id, asked) if asked is not None else []
    tail = [*question, *_buttons(notification), _context(f"Case {notification.case_id}")]
    room = MOST_BLOCKS - len(tail) - 1
    body: list[Json] = []
    letters = 0
    for block in chain(_head(notification), _facts(notification), _lines(notification)):
        letters += _letters(block)
        if len(body) == room or letters > MOST_LETTERS:
            body.append(_section("... and more: see the case."))
            break
        body.append(block)
    return [*body, *tail]


def fallback_text(notification: Notification) -> str:
    """Return the text for notifications and screen readers."""
    text = f"{notification.title}: {notification.summary}" if notification.summary else ""
    return _cut(escape(" ".join((text or notification.title).split())), LONGEST_TEXT)


def _head(notification: Notification) -> Iterator[Json]:
    sign = "\N{POLICE CARS REVOLVING LIGHT} " if notification.urgent else ""
    title = " ".join(notification.title.split()) or "Account compromise case"
    yield {"type": "header", "text": _plain(sign + title, LONGEST_HEADER)}
    if notification.summary.strip():
        yield _section(notification.summary)


def _facts(notification: Notification) -> Iterator[Json]:
    for facts in batched(notification.facts, FACTS_PER_SECTION, strict=False):
        fields = []
        for label, value in facts:
            name = _cut(escape(" ".join(label.split())), LONGEST_FIELD - 2) or "-"
            fields.append({"type": "mrkdwn", "text": f"*{name}*", "verbatim": True})
            fields.append(_plain(value, LONGEST_FIELD))
        yield {"type": "section", "fields": fields}


def _lines(notification: Notification) -> Iterator[Json]:
    text = ""
    for line in notification.lines:
        bullet = _cut(f"\N{BULLET} {line}", LONGEST_SECTION)
        if text and len(text) + 1 + len(bullet) > LONGEST_SECTION:
            yield _section(text)
            text = ""
        text = f"{text}\n{bullet}" if text else bullet
    if text:
        yield _section(text)


def _buttons(notification: Notification) -> Iterator[Json]:
    links = web_links(notification.links)[:MOST_BUTTONS]
    if links:
        elements = [
            {
                "type": "button",
                "text": _plain(label, LONGEST_BUTTON),
                "url": url,
                "action_id": f"open_link_{number}",
            }
            for number, (label, url) in enumerate(links)
        ]
        yield {"type": "actions", "elements": elements}


def _letters(block: Json) -> int:
    texts = [block["text"]] if "text" in block else block["fields"]
    return sum(len(text["text"]) for text in texts)


def _section(text: str) -> Json:
    return {"type": "section", "text": _plain(text, LONGEST_SECTION)}


def _context(text: str) -> Json:
    return {"type": "context", "elements": [_plain(text, LONGEST_SECTION)]}


def _plain(text: str, longest: int) -> Json:
    return {"type": "plain_text", "text": _cut(text, longest) or "-", "emoji": False}


def _cut(text: str, longest: int) -> str:
    text = text.strip()
    return (
        text if len(text) <= longest else text[: longest - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
    )
