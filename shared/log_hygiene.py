"""What no log line holds, whoever writes it: secrets, and line breaks that an attacker chose.

Our own messages quote names, titles and comments that came from outside, and so do the exceptions
logged with them; with a line break in one, a line could be forged. Libraries' messages are left in
their form, but for secrets.
"""

import logging
import re
import traceback
from types import TracebackType
from typing import Any

from shared.redaction import redact

OURS = "tourniquet"
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""All but the tab: what breaks a line, moves the cursor, or turns the reading direction."""
_TEXTS = ("_str", "msg", "text", "filename")
"""What ``TracebackException`` keeps of an exception's own text; the last three of a SyntaxError."""
type _Raised = tuple[type[BaseException], BaseException, TracebackType | None]


class SafeRecord(logging.LogRecord):
    """A log record whose text can be shown as it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.exc_info and self.exc_info[0] is not None:
            text = "".join(traceback.format_exception(*self.exc_info)).rstrip()
            hidden = redact(_readable(self.exc_info) if _is_ours(self.name) else text)
            if hidden != text:
                # Formatters take the text; without the exception no handler can quote it.
                self.exc_text, self.exc_info = hidden, None

    def getMessage(self) -> str:  # noqa: N802 - the name is logging's
        """Return the message without secrets and, if it is ours, on one line."""
        text = redact(super().getMessage())
        return _on_one_line(text) if _is_ours(self.name) else text


def protect_logs() -> None:
    """Let every record that is made from now on be a safe one."""
    logging.setLogRecordFactory(SafeRecord)


def _is_ours(name: str) -> bool:
    return name == OURS or name.startswith(f"{OURS}.")


def _readable(exc_info: _Raised) -> str:
    """Return a traceback in its own lines, with each exception's text and note on one line."""
    whole = traceback.TracebackException(*exc_info, compact=True)
    waiting: list[traceback.TracebackException | None] = [whole]
    while waiting:
        one = waiting.pop()
        if one is None:
            continue
        for name in _TEXTS:
            if isinstance(text := getattr(one, name, None), str):
                setattr(one, name, _on_one_line(redact(text.rstrip("\n"))))
        # What is no text, or no list, would be asked for its own form: it may hold anything.
        notes = one.__notes__ if isinstance(one.__notes__, list) else []
        one.__notes__ = [_on_one_line(redact(note)) for note in notes if isinstance(note, str)]
        waiting += [one.__cause__, one.__context__, *(one.exceptions or ())]
    # A file's name or a line of source is no exception's text and may still move the cursor.
    lines = "".join(whole.format()).rstrip().split("\n")
    return "\n".join(map(_on_one_line, lines))


def _on_one_line(text: str) -> str:
    return _CONTROL.sub(_visible, text)


def _visible(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
