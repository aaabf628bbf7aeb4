"""Reading a request's JSON body, within limits."""

import json

import azure.functions as func

from shared.playbook.intake.fields import FieldError, InvalidBody

MAX_BODY_BYTES = 2 * 1024 * 1024
"""A Sentinel incident carries at most 150 alerts (service limits); measured ones are far below."""


def read_json(request: func.HttpRequest) -> object:
    """Return the parsed body; an empty body is an empty object.

    Raises:
        InvalidBody: not JSON, too deep for the parser, or too large.
    """
    raw = request.get_body()
    if len(raw) > MAX_BODY_BYTES:
        raise InvalidBody([FieldError(field="body", reason=f"is over {MAX_BODY_BYTES} bytes")])
    if not raw.strip():
        return {}
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        reason = "is nested too deeply" if isinstance(error, RecursionError) else "is not JSON"
        raise InvalidBody([FieldError(field="body", reason=reason)]) from error
