"""Reading untrusted JSON: bounded, cleaned, never raising by surprise.

Everything that enters from outside goes through these helpers. Identity text is taken whole or not
at all (a cut name is another person's name); free text is cut at a stated length and says so.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from shared.models.base import Model, parse_utc

MAX_BODY_CHARS = 8_000_000
"""Longest JSON text that is parsed; Logic Apps refuse larger messages long before."""
MAX_WRAPPINGS = 5
"""How often a body may be wrapped in JSON text or a ``body`` member."""
IDENTITY_LIMIT = 320
"""Longest identifier, in characters: an e-mail address (RFC 3696 erratum 1690)."""
OLDEST_TIME = datetime(2000, 1, 1, tzinfo=UTC)
"""Earlier times are .NET's and SQL's way to say "none" (``0001-01-01``, ``1601-01-01``)."""

# Control characters, zero-width and bidirectional marks (they can make a text read as another),
# and lone surrogates (no encoding can carry them).
_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


class FieldError(Model):
    """One wrong field: its path in the body, for example ``object.properties.severity``."""

    field: str
    reason: str


class InvalidBody(ValueError):
    """A body that cannot become a case.

    Attributes:
        errors: every wrong field, in the body's own order.
    """

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("; ".join(f"{error.field} {error.reason}".strip() for error in errors))
        self.errors = errors


def parse_json(text: str | bytes | bytearray) -> object:
    """Parse JSON text; every way it can be wrong is a ``ValueError``."""
    if len(text) > MAX_BODY_CHARS:
        raise ValueError(f"is longer than {MAX_BODY_CHARS:,} characters")
    try:
        parsed: object = json.loads(text)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except ValueError:
        raise ValueError("is not JSON") from None
    return parsed


def unwrap(body: object, *, known: tuple[str, ...]) -> object:
    """Undo what transports put around a body: JSON text and a ``body`` member.

    ``known`` are member names that show that the body itself has been reached.

    Raises:
        InvalidBody: the text is not JSON.
    """
    for _ in range(MAX_WRAPPINGS):
        if isinstance(body, str | bytes | bytearray):
            try:
                body = parse_json(body)
            except ValueError as error:
                raise InvalidBody([FieldError(field="body", reason=str(error))]) from None
        elif isinstance(body, dict) and "body" in body and not any(key in body for key in known):
            body = body["body"]
        else:
            break
    return body


def as_object(value: object) -> dict[str, object]:
    """Return a JSON object given as an object or as JSON text; an empty one for anything else."""
    if isinstance(value, str):
        try:
            value = parse_json(value)
        except ValueError:
            return {}
    if not isinstance(value, dict):
        return {}
    return {key: item for key, item in value.items() if isinstance(key, str)}


def as_list(value: object) -> list[object] | None:
    """Return a JSON array given as an array or as JSON text, ``None`` for anything else."""
    if isinstance(value, str):
        try:
            value = parse_json(value)
        except ValueError:
            return None
    return list(value) if isinstance(value, list | tuple) else None


def pick(source: Mapping[str, object], *names: str) -> object:
    """Return the first of the named members that says something, ignoring letter case."""
    folded = {key.lower(): value for key, value in source.items() if isinstance(key, str)}
    for name in names:
        value = folded.get(name.lower())
        if value is not None and value != "":
            return value
    return None


def clean_text(value: object, limit: int) -> str:
    """Return free text without unsafe characters, cut at ``limit`` characters and saying so."""
    if not isinstance(value, str):
        return ""
    text = _UNSAFE.sub("", value[: limit * 4 + 1000]).replace("\r\n", "\n").strip()
    if len(text) <= limit and len(value) <= limit * 4 + 1000:
        return text
    mark = f" ... (cut, {len(value)} characters in all)"
    return text[: max(0, limit - len(mark))].rstrip() + mark


def one_line(value: object, limit: int) -> str:
    """Return free text as one line: runs of white space become one space."""
    return " ".join(clean_text(value, limit).split())


def identifier(value: object) -> str | None:
    """Return an identifier as given, or ``None`` when it cannot be one.

    Too long, empty, only dots (a step up in an address), or with characters that do not show: not
    an identifier.
    """
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        value = str(value)
    if not isinstance(value, str) or len(value) > IDENTITY_LIMIT:
        return None
    text = value.strip()
    if not text.strip(".") or _UNSAFE.search(text) or "\n" in text or "\t" in text:
        return None
    return text


def time_of(value: object) -> datetime | None:
    """Return an ISO 8601 time as UTC, or ``None`` when there is none or it is a "no time" value."""
    if not isinstance(value, str | datetime):
        return None
    try:
        moment = parse_utc(value.strip() if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return moment if moment >= OLDEST_TIME else None
