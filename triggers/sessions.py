"""A browser's way from a signed link to the page: a cookie, and an address without the token.

The cookie is ``SameSite=Strict``. A browser that follows another site's link does not send it on
the redirect after that, either, as the navigation began elsewhere (RFC 6265bis section 5.2); it
gets a page that goes on by itself, and that page's request comes from us.
"""

import time
from urllib.parse import urlsplit

import azure.functions as func

from shared.case_links import SESSION_SECONDS, Claims, Purpose, Use, read_token, sign
from shared.settings import Settings
from triggers.answers import page, security_headers

_FORM = "application/x-www-form-urlencoded"


def is_form(request: func.HttpRequest) -> bool:
    """Return whether a page's form was sent, and not JSON."""
    kind: str = request.headers.get("content-type", "")
    return kind.startswith(_FORM)


def session_of(request: func.HttpRequest, purpose: Purpose) -> str:
    """Return the session's token, or nothing.

    Only what a page sends counts by a session; a program sends a token or a key.
    """
    if request.method != "GET" and not is_form(request):
        return ""
    pairs = (part.strip().partition("=") for part in request.headers.get("cookie", "").split(";"))
    return next((value for name, _equals, value in pairs if name == _cookie_name(purpose)), "")


def land(
    request: func.HttpRequest, settings: Settings, case_id: str, purpose: Purpose
) -> func.HttpResponse | None:
    """Answer the opening of a genuine link: a session, and the same page without the token."""
    token, key = request.params.get("token", ""), settings.link_signing_key
    if not token or key is None:
        return None
    claims = read_token(key.get_secret_value(), token, case_id, purpose, now=time.time())
    if not isinstance(claims, Claims):
        return None
    cookie = session_cookie(
        settings,
        case_id,
        purpose,
        until=claims.expires_at,
        question=claims.question,
        run=claims.run,
    )
    headers = security_headers() | {"Location": str(purpose), "Set-Cookie": cookie}
    return func.HttpResponse(status_code=303, headers=headers)


def session_cookie(
    settings: Settings,
    case_id: str,
    purpose: Purpose,
    *,
    until: int | None,
    question: int = 1,
    run: str = "",
) -> str:
    """Return the ``Set-Cookie`` of a session of one case and purpose, an hour at most.

    Secure wherever people come by https. ``until``: when the link ends, if one was opened.
    """
    now = int(time.time())
    end = min(until or now + SESSION_SECONDS, now + SESSION_SECONDS)
    value = ""
    if key := settings.link_signing_key:
        secret = key.get_secret_value()
        value = sign(secret, case_id, purpose, end, question=question, run=run, use=Use.SESSION)
    public = urlsplit(settings.public_url)
    path = f"{public.path.rstrip('/')}/api/cases/{case_id}"
    secure = "; Secure" if public.scheme == "https" else ""
    name = _cookie_name(purpose)
    return f"{name}={value}; Path={path}; Max-Age={end - now}; HttpOnly; SameSite=Strict{secure}"


def came_from_elsewhere(request: func.HttpRequest) -> bool:
    """Return whether another site's link led here, so that the browser withheld the session."""
    site: str = request.headers.get("sec-fetch-site", "")
    return site == "cross-site"


def onward(purpose: Purpose) -> func.HttpResponse:
    """Return a page that asks for the same address again, this time from our own site."""
    from shared.pages import render_onward

    return page(render_onward(str(purpose)))


def _cookie_name(purpose: Purpose) -> str:
    return f"tourniquet-{purpose}"
