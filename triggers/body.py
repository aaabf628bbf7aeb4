"""Reading a request's body, within limits: JSON, or the form of a page."""

import json
import math
from collections.abc import Iterable
from urllib.parse import parse_qs

import azure.functions as func

from shared.playbook.intake.fields import FieldError, InvalidBody

MAX_BODY_BYTES = 2 * 1024 * 1024
"""A Sentinel incident carries at most 150 alerts (service limits); measured ones are far below."""
MAX_FORM_FIELDS = 300
MAX_DEPTH = 64
"""An incident of Sentinel is 8 levels deep; what is written again must not exhaust the stack."""

_TOO_DEEP = "is nested too deeply"


def read_body(request: func.HttpRequest) -> bytes:
    """Return the body as it was sent.

    Raises:
        InvalidBody: too large.
    """
    raw = request.get_body()
    if len(raw) > MAX_BODY_BYTES:
        raise InvalidBody([FieldError(field="body", reason=f"is over {MAX_BODY_BYTES} bytes")])
    return raw


def read_json(request: func.HttpRequest) -> object:
    """Return the parsed body; an empty body is an empty object.

    ``NaN`` and ``Infinity`` are no JSON. A name that is there twice is refused, because another
    reader on the way may have taken the other value.

    Raises:
        InvalidBody: not JSON, too deep, or too large.
    """
    raw = read_body(request)
    if not raw.strip():
        return {}
    try:
        body: object = json.loads(raw, parse_constant=_no_number, object_pairs_hook=_once)
    except RecursionError as error:
        raise _wrong(_TOO_DEEP) from error
    except _Repeated as error:
        raise _wrong("says a name twice in one object") from error
    except ValueError as error:
        raise _wrong("is not JSON") from error
    check_shape(body)
    return body


def check_shape(body: object) -> None:
    """Refuse what could be read but not be written again as JSON.

    Raises:
        InvalidBody: nested deeper than ``MAX_DEPTH``, or with a number that JSON cannot say.
    """
    level, depth = [body], 0
    while level:
        if depth > MAX_DEPTH:
            raise _wrong(_TOO_DEEP)
        if any(isinstance(one, float) and not math.isfinite(one) for one in level):
            raise _wrong("has a number that is too large")
        level = [inner for one in level for inner in _inside(one)]
        depth += 1


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


class _Repeated(ValueError):
    """A name is there twice."""


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Repeated
    return found


def _no_number(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _wrong(reason: str) -> InvalidBody:
    return InvalidBody([FieldError(field="body", reason=reason)])


def read_form(request: func.HttpRequest) -> dict[str, list[str]]:
    """Return a form's fields, each with its values; bytes that are no UTF-8 are replaced.

    Raises:
        InvalidBody: too large, or too many fields.
    """
    text = read_body(request).decode("utf-8", "replace")
    try:
        return parse_qs(text, max_num_fields=MAX_FORM_FIELDS)
    except ValueError as error:
        reason = f"has more than {MAX_FORM_FIELDS} fields"
        raise InvalidBody([FieldError(field="body", reason=reason)]) from error
