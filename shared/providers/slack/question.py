"""A question as Block Kit elements: tick boxes, and buttons that carry the signed token.

https://docs.slack.dev/reference/block-kit/block-elements/checkboxes-element. What is ticked comes
back in the ``state`` of the interaction, not in the button that was pressed.
"""

from itertools import batched

from shared.models.base import Json
from shared.models.message import AskedAction, Question

DECIDE = "decide"
"""``action_id`` of the button that sends what is ticked; with ``:<action>`` for one that stands
alone."""
TICKED = "decide_actions"
"""``action_id`` prefix of the tick boxes."""
MOST_OPTIONS = 10
"""Slack takes ten tick boxes in one element."""
LONGEST_OPTION = 75
LONGEST_SECTION = 3000


def question_blocks(case_id: str, question: Question) -> list[Json]:
    """Return the consequences, the tick boxes, and the buttons: what is ticked, or one alone."""
    boxes = [
        {
            "type": "actions",
            "block_id": f"{TICKED}_{number}",
            "elements": [_boxes(f"{TICKED}_{number}", list(some))],
        }
        for number, some in enumerate(batched(question.choices, MOST_OPTIONS, strict=False))
    ]
    value = f"{case_id} {question.token}"
    buttons = [_button("Do what is ticked", DECIDE, value, style="danger")]
    buttons += [
        _button(choice.label, f"{DECIDE}:{choice.action}", value) for choice in question.alone
    ]
    told = "\n".join(f"{one.label}: {one.consequence}" for one in question.choices)
    explained = {"type": "section", "text": _plain(told, LONGEST_SECTION)} if told else None
    asked = [explained, *boxes, {"type": "actions", "block_id": DECIDE, "elements": buttons}]
    return [block for block in asked if block]


def _boxes(action_id: str, choices: list[AskedAction]) -> Json:
    options = {choice.action: _option(choice) for choice in choices}
    ticked = [options[choice.action] for choice in choices if choice.recommended]
    element: Json = {
        "type": "checkboxes",
        "action_id": action_id,
        "options": list(options.values()),
    }
    return element | ({"initial_options": ticked} if ticked else {})


def _option(choice: AskedAction) -> Json:
    return {"text": _plain(choice.label), "value": choice.action}


def _button(label: str, action_id: str, value: str, *, style: str = "") -> Json:
    button: Json = {
        "type": "button",
        "text": _plain(label),
        "action_id": action_id,
        "value": value,
    }
    if style:
        button |= {
            "style": style,
            "confirm": {
                "title": _plain("Contain now?"),
                "text": _plain("The ticked actions start at once, in your name."),
                "confirm": _plain("Do it"),
                "deny": _plain("Back"),
            },
        }
    return button


def _plain(text: str, longest: int = LONGEST_OPTION) -> Json:
    text = text.strip() or "-"
    if len(text) > longest:
        text = text[: longest - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
    return {"type": "plain_text", "text": text, "emoji": False}
