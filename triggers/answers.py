"""HTTP answers: JSON, and problems as ``application/problem+json`` (RFC 9457)."""

import json
from collections.abc import Sequence
from typing import Any

import azure.functions as func

from shared.models.base import Json
from shared.playbook.intake.fields import FieldError

_SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    # Browsers heed it over https only.
    "Strict-Transport-Security": "max-age=31536000",
}
_PAGE_POLICY = (
    "default-src 'none'; style-src {style}; img-src data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)


def security_headers() -> dict[str, str]:
    """Return what every answer carries: not kept, not guessed at, not framed, by https only."""
    return dict(_SECURITY_HEADERS)


def json_answer(
    body: Any, status: int = 200, headers: dict[str, str] | None = None
) -> func.HttpResponse:
    """Return a JSON answer that is not cached."""
    return func.HttpResponse(
        json.dumps(body),
        status_code=status,
        mimetype="application/json",
        headers=_SECURITY_HEADERS | (headers or {}),
    )


def problem(
    status: int, title: str, *, detail: str = "", errors: Sequence[FieldError] = ()
) -> func.HttpResponse:
    """Return a problem: what went wrong, and for a wrong body every wrong field with its reason."""
    body: Json = {"type": "about:blank", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    if errors:
        body["errors"] = [error.to_json() for error in errors]
    return func.HttpResponse(
        json.dumps(body),
        status_code=status,
        mimetype="application/problem+json",
        headers=_SECURITY_HEADERS,
    )


def problem_for_people(
    request: func.HttpRequest, status: int, title: str, *, detail: str, sign_in: str = ""
) -> func.HttpResponse:
    """Return a problem as a page to a browser, as ``application/problem+json`` to a program.

    ``sign_in`` is where signing in may help; the page links there.
    """
    if "text/html" not in request.headers.get("accept", ""):
        return problem(status, title, detail=detail)
    from shared.pages import render_problem

    return page(render_problem(title, detail, sign_in=sign_in), status)


def page(html: str, status: int = 200, *, cookie: str = "") -> func.HttpResponse:
    """Return an HTML page that runs no script, loads nothing and can be framed by nobody."""
    from shared.pages.style import style_source

    policy = _PAGE_POLICY.format(style=style_source())
    headers = _SECURITY_HEADERS | {"Content-Security-Policy": policy}
    return func.HttpResponse(
        html,
        status_code=status,
        mimetype="text/html",
        charset="utf-8",
        headers=headers | ({"Set-Cookie": cookie} if cookie else {}),
    )
