"""A notification as an Adaptive Card, within what a Teams webhook takes.

https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format.
Teams reads Markdown in ``TextBlock`` and ``FactSet``; what comes from outside (names, user agents,
addresses) goes into ``RichTextBlock``, where nothing is interpreted. ``Action.Submit`` does not
work from a webhook: the card opens our decision page instead.
"""

import json
from collections.abc import Iterator

from shared.models.base import Json
from shared.models.message import Notification
from shared.providers.links import web_links

VERSION = "1.5"
MOST_BYTES = 20_000
"""Teams refuses messages above 28 KB; the envelope and the actions need some of it."""
LONGEST_TEXT = 1_000
"""Longer belongs in the case; Teams counts bytes, of which an emoji takes twelve in JSON."""
LONGEST_TITLE = 160
MOST_ACTIONS = 6
"""Teams shows six actions."""


def to_message(notification: Notification) -> Json:
    """Return the webhook's body; lines that do not fit are left out, and the card says so."""
    body = [*_head(notification)]
    size = len(json.dumps(body))
    for line in _lines(notification):
        size += len(json.dumps(line)) + 2
        if size > MOST_BYTES:
            body.append(_text("... and more: see the case."))
            break
        body.append(line)
    body.append(_text(f"Case {notification.case_id}", subtle=True))
    card: Json = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": VERSION,
        "body": body,
    }
    if actions := _actions(notification):
        card["actions"] = actions
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


def _head(notification: Notification) -> Iterator[Json]:
    colour = "attention" if notification.urgent else "default"
    title = notification.title[:LONGEST_TITLE] or "Account compromise case"
    yield _text(title, heading=True, colour=colour)
    if notification.summary.strip():
        yield _text(notification.summary)


def _lines(notification: Notification) -> Iterator[Json]:
    for label, value in notification.facts:
        runs = [_run(f"{label}: ", bold=True), _run(value)]
        yield {"type": "RichTextBlock", "inlines": runs, "spacing": "small"}
    for line in notification.lines:
        yield _text(f"\N{BULLET} {line}")


def _actions(notification: Notification) -> list[Json]:
    links = web_links(notification.links)[:MOST_ACTIONS]
    return [{"type": "Action.OpenUrl", "title": label[:80], "url": url} for label, url in links]


def _text(
    text: str, *, heading: bool = False, subtle: bool = False, colour: str = "default"
) -> Json:
    run = _run(text, bold=heading)
    if heading:
        run |= {"size": "large", "color": colour}
    if subtle:
        run |= {"isSubtle": True, "size": "small"}
    return {"type": "RichTextBlock", "inlines": [run]}


def _run(text: str, *, bold: bool = False) -> Json:
    run: Json = {"type": "TextRun", "text": text.strip("\n")[:LONGEST_TEXT] or "-"}
    return run | ({"weight": "bolder"} if bold else {})
