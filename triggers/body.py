"""Reading a request's body, within limits: JSON, or the form of a page."""

import json
from urllib.parse import parse_qs

import azure.functions as func

from shared.playbook.intake.fields import FieldError, InvalidBody

MAX_BODY_BYTES = 2 * 1024 * 1024
"""A Sentinel incident carries at most 150 alerts (service limits); measured ones are far below."""
MAX_FORM_FIELDS = 300


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

    Raises:
        InvalidBody: not JSON, too deep for the parser, or too large.
    """
    raw = read_body(request)
    if not raw.strip():
        return {}
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        reason = "is nested too deeply" if isinstance(error, RecursionError) else "is not JSON"
        raise InvalidBody([FieldError(field="body", reason=reason)]) from error


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
