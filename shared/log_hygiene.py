"""What no log line holds, whoever writes it: secrets, and line breaks that an attacker chose.

Our own messages quote names, titles and comments that came from outside; with a line break in one,
a line could be forged. Libraries' messages are left in their form, but for secrets.
"""

import logging
import re
import traceback
from typing import Any

from shared.redaction import redact

OURS = "tourniquet"
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""All but the tab: what breaks a line, moves the cursor, or turns the reading direction."""


class SafeRecord(logging.LogRecord):
    """A log record whose text can be shown as it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.exc_info and self.exc_info[0] is not None:
            text = "".join(traceback.format_exception(*self.exc_info)).rstrip()
            hidden = redact(text)
            if hidden != text:
                # Formatters take the text; without the exception no handler can quote it.
                self.exc_text, self.exc_info = hidden, None

    def getMessage(self) -> str:  # noqa: N802 - the name is logging's
        """Return the message without secrets and, if it is ours, on one line."""
        text = super().getMessage()
        if self.name == OURS or self.name.startswith(f"{OURS}."):
            text = _CONTROL.sub(_visible, text)
        return redact(text)


def protect_logs() -> None:
    """Let every record that is made from now on be a safe one."""
    logging.setLogRecordFactory(SafeRecord)


def _visible(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
