"""App Service authentication (Easy Auth) in front of the app, with Entra ID as the provider.

What the platform does, on every request: identity headers that a caller sends are taken away; a
session cookie that it gave out becomes the headers of that person; who has none passes, is sent to
sign in or is refused, as configured. A sign-in ends with a form posted from Entra's site to
``/.auth/login/aad/callback``, bound to the browser that began it.
https://learn.microsoft.com/azure/app-service/overview-authentication-authorization
https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities

Left out: tokens of programs (``Authorization``, ``X-ZUMO-AUTH``), the token store, and Entra
itself: a page on another site lists the declared people, without passwords.
"""

from __future__ import annotations

import base64
import html
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.typedefs import Middleware
from multidict import CIMultiDict
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lab.functions_host.settings import EASY_AUTH, HostSettingsError

LOGIN, CALLBACK = "/.auth/login/aad", "/.auth/login/aad/callback"
LOGOUT, ME = "/.auth/logout", "/.auth/me"
ENTRA = "/lab/entra/authorize"
"""Entra's page. By the name ``localhost`` it is another site than the app's, which is 127.0.0.1."""
SESSION, NONCE = "AppServiceAuthSession", "Nonce"
_OURS = ("x-ms-client-principal", "x-ms-token-")
_SOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
_ROLE = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
_TENANT_CLAIM = "http://schemas.microsoft.com/identity/claims/tenantid"
_OBJECT_CLAIM = "http://schemas.microsoft.com/identity/claims/objectidentifier"
_COOKIE = "Path=/; HttpOnly; Secure; SameSite=None"

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Person(BaseModel):
    """Somebody who can sign in, as Entra's token tells it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    object_id: str
    user_principal_name: str
    name: str
    mail: str | None = None
    roles: tuple[str, ...] = ()
    """Values of the application roles that are assigned."""


class EasyAuthSettings(BaseModel):
    """How the platform is configured (``authsettingsV2``), and who there is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant_id: str
    people: tuple[Person, ...]
    unauthenticated: Literal["AllowAnonymous", "RedirectToLoginPage", "Return401", "Return403"] = (
        Field(default="AllowAnonymous")
    )
    """``globalValidation.unauthenticatedClientAction``."""


@dataclass(frozen=True)
class _Begun:
    """A sign-in under way: where it leads, and by which code each person would come back."""

    target: str
    codes: Mapping[str, Person]


class EasyAuth:
    """The platform's module; ``middleware`` stands before everything that the host serves."""

    def __init__(self, settings: EasyAuthSettings) -> None:
        self._settings = settings
        self._begun: dict[str, _Begun] = {}
        self._sessions: dict[str, Person] = {}

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> EasyAuth | None:
        """Return the module that the environment asks for.

        Raises:
            HostSettingsError: the setting is not valid.
        """
        if not (text := env.get(EASY_AUTH)):
            return None
        try:
            return cls(EasyAuthSettings.model_validate_json(text))
        except ValidationError as error:
            raise HostSettingsError(f"{EASY_AUTH}: {error}") from error

    @property
    def middleware(self) -> Middleware:
        """The middleware of the host's web server."""

        @web.middleware
        async def stand_before(request: web.Request, handler: Handler) -> web.StreamResponse:
            if own := self._own_page(request.path):
                return await own(request)
            person = self._sessions.get(request.cookies.get(SESSION, ""))
            if person is None and (refusal := self._refusal(request)):
                return refusal
            return await handler(request.clone(headers=self._headers(request, person)))

        return stand_before

    def _own_page(self, path: str) -> Handler | None:
        pages: dict[str, Handler] = {
            LOGIN: self._login,
            CALLBACK: self._callback,
            LOGOUT: self._logout,
            ME: self._me,
            ENTRA: self._entra,
        }
        return pages.get(path)

    def _headers(self, request: web.Request, person: Person | None) -> CIMultiDict[str]:
        kept = CIMultiDict(
            (name, value)
            for name, value in request.headers.items()
            if not name.lower().startswith(_OURS)
        )
        if person is not None:
            kept.update(identity_headers(person, self._settings.tenant_id))
        return kept

    def _refusal(self, request: web.Request) -> web.Response | None:
        action = self._settings.unauthenticated
        if action == "AllowAnonymous":
            return None
        if action == "RedirectToLoginPage" and request.method == "GET":
            query = urlencode({"post_login_redirect_uri": request.path_qs})
            return _redirect(f"{LOGIN}?{query}")
        return web.Response(status=403 if action == "Return403" else 401)

    async def _login(self, request: web.Request) -> web.StreamResponse:
        wish = request.query.get("post_login_redirect_uri", "/")
        # Only addresses of the app itself: this must not send people elsewhere.
        target = wish if wish.startswith("/") and not wish.startswith(("//", "/\\")) else "/"
        nonce = secrets.token_urlsafe(16)
        codes = {secrets.token_urlsafe(16): person for person in self._settings.people}
        self._begun[nonce] = _Begun(target, codes)
        query = urlencode({"redirect_uri": f"http://{request.host}{CALLBACK}", "state": nonce})
        response = _redirect(f"http://localhost:{request.url.port}{ENTRA}?{query}")
        response.headers.add("Set-Cookie", f"{NONCE}={nonce}; {_COOKIE}")
        return response

    async def _entra(self, request: web.Request) -> web.StreamResponse:
        state = request.query.get("state", "")
        begun = self._begun.get(state)
        if begun is None:
            return web.Response(status=400, text="AADSTS900144: the sign-in was not begun here.")
        page = _account_page(request.query.get("redirect_uri", ""), state, begun.codes)
        return web.Response(text=page, content_type="text/html")

    async def _callback(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        state, code = str(form.get("state", "")), str(form.get("code", ""))
        begun = self._begun.pop(state, None)
        person = begun.codes.get(code) if begun else None
        same_browser = secrets.compare_digest(state, request.cookies.get(NONCE, ""))
        if begun is None or person is None or not same_browser:
            return web.Response(status=401, text="The sign-in cannot be completed.")
        session = secrets.token_urlsafe(32)
        self._sessions[session] = person
        response = _redirect(begun.target)
        response.headers.add("Set-Cookie", f"{SESSION}={session}; {_COOKIE}")
        response.headers.add("Set-Cookie", f"{NONCE}=; Max-Age=0; {_COOKIE}")
        return response

    async def _logout(self, request: web.Request) -> web.StreamResponse:
        self._sessions.pop(request.cookies.get(SESSION, ""), None)
        response = _redirect("/")
        response.headers.add("Set-Cookie", f"{SESSION}=; Max-Age=0; {_COOKIE}")
        return response

    async def _me(self, request: web.Request) -> web.StreamResponse:
        person = self._sessions.get(request.cookies.get(SESSION, ""))
        if person is None:
            return web.Response(status=401)
        claims = _claims(person, self._settings.tenant_id)
        body = {"provider_name": "aad", "user_claims": claims, "user_id": _login_of(person)}
        return web.json_response([body])


def identity_headers(person: Person, tenant_id: str) -> dict[str, str]:
    """Return the headers by which the platform tells the app who is signed in."""
    principal = {
        "auth_typ": "aad",
        "claims": _claims(person, tenant_id),
        "name_typ": f"{_SOAP}/emailaddress",
        "role_typ": _ROLE,
    }
    return {
        "X-MS-CLIENT-PRINCIPAL": base64.b64encode(json.dumps(principal).encode()).decode(),
        "X-MS-CLIENT-PRINCIPAL-ID": person.object_id,
        "X-MS-CLIENT-PRINCIPAL-NAME": _login_of(person),
        "X-MS-CLIENT-PRINCIPAL-IDP": "aad",
    }


def _login_of(person: Person) -> str:
    """Return the name as the platform picks it: the mail address before the login."""
    return person.mail or person.user_principal_name


def _claims(person: Person, tenant_id: str) -> list[dict[str, str]]:
    issuer = f"https://login.microsoftonline.com/{tenant_id}/v2.0"
    pairs = [("iss", issuer), ("name", person.name), (_OBJECT_CLAIM, person.object_id)]
    pairs += [("preferred_username", person.user_principal_name), (_TENANT_CLAIM, tenant_id)]
    pairs += [(f"{_SOAP}/emailaddress", person.mail)] if person.mail else []
    pairs += [("roles", role) for role in person.roles]
    return [{"typ": name, "val": value} for name, value in pairs]


def _redirect(target: str) -> web.Response:
    return web.Response(status=302, headers={"Location": target})


def _account_page(action: str, state: str, codes: Mapping[str, Person]) -> str:
    """Return the page on which one picks an account; each button posts as Entra would."""
    forms = "".join(
        f'<form method="post" action="{html.escape(action)}">'
        f'<input type="hidden" name="state" value="{html.escape(state)}">'
        f'<input type="hidden" name="code" value="{code}">'
        f"<button>{html.escape(person.user_principal_name)}</button></form>"
        for code, person in codes.items()
    )
    return (
        '<!doctype html><html lang="en"><title>Pick an account</title>'
        f'<link rel="icon" href="data:,"><h1>Pick an account</h1>{forms}</html>'
    )
