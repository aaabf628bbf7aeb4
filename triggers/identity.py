"""Who is asking, on routes that people reach by a link.

Accepted, in this order: a signed-in person (Easy Auth), a signed link, or the automation key. The
platform's identity header counts only where the platform really sets it (App Service says so by
``WEBSITE_AUTH_ENABLED``); anywhere else anyone could send it.
"""

import hmac
import os
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import azure.functions as func

from shared.case_links import Purpose, is_valid
from shared.settings import Settings


@dataclass(frozen=True)
class Caller:
    """Somebody who may use a case's page."""

    name: str
    """What the record says about who it was."""
    token: str = ""
    """The link's token, to be repeated when the page's form is sent."""


def signed_in(request: func.HttpRequest) -> str | None:
    """Return the person's name from App Service authentication, or ``None``."""
    if os.environ.get("WEBSITE_AUTH_ENABLED", "").lower() != "true":
        return None
    return request.headers.get("x-ms-client-principal-name") or None


def find_caller(
    request: func.HttpRequest, settings: Settings, case_id: str, purpose: Purpose
) -> Caller | None:
    """Return who may use this page of this case, or ``None`` when nobody was proved."""
    token = request.params.get("token", "")
    if person := signed_in(request):
        return Caller(person, token)
    signing_key = settings.link_signing_key
    if token and signing_key is not None:
        genuine = is_valid(signing_key.get_secret_value(), token, case_id, purpose, now=time.time())
        return Caller("holder of the signed link", token) if genuine else None
    key = request.headers.get("x-functions-key", "")
    if key and settings.automation_key is not None:
        expected = settings.automation_key.get_secret_value()
        if hmac.compare_digest(key.encode(), expected.encode()):
            return Caller("automation key")
    return None


def is_cross_site(request: func.HttpRequest, settings: Settings) -> bool:
    """Return whether another site's page sent this in the name of a signed-in person.

    Browsers say so in ``Sec-Fetch-Site``, older ones by ``Origin``; a session's cookie goes along
    with such a request, a link's token and a key do not. Programs send neither.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and origin.lower() not in _origins(request, settings)


def _origins(request: func.HttpRequest, settings: Settings) -> set[str]:
    known = (urlsplit(url) for url in (request.url, settings.public_url))
    return {f"{one.scheme}://{one.netloc}".lower() for one in known}


def by_function_key(request: func.HttpRequest) -> str:
    """Return who used a route that the host protects by function key."""
    return signed_in(request) or "function key"
