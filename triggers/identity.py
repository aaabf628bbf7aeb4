"""Who is asking, and whether they may.

Accepted are a signed-in person whom the policy names, a signed link (or the session of a browser
that opened one), or the automation key. Where people sign in (Easy Auth) nobody changes anything by
a link alone, and a decision needs the link as well as the sign-in.
"""

import hmac
import logging
import re
import time
from dataclasses import dataclass, replace
from urllib.parse import quote, urlsplit

import azure.functions as func

from shared.case_links import Claims, Purpose, Use, csrf_token, read_token
from shared.models.base import Json
from shared.models.verdict import Confidence
from shared.policy import get_policy
from shared.settings import Settings
from triggers.answers import problem_for_people
from triggers.principal import Person, is_sign_in_on, signed_in
from triggers.sessions import session_of

_log = logging.getLogger("tourniquet.triggers")

BY_LINK = "holder of the signed link"
AUTOMATION = "automation key"
_SESSIONS = {
    Purpose.REPORT: (Purpose.REPORT, Purpose.DECISION, Purpose.UNDO),
    Purpose.DECISION: (Purpose.DECISION,),
    Purpose.UNDO: (Purpose.UNDO,),
}
"""Sessions that a purpose takes: who may decide may read, so that no page needs a link's token."""
SIGN_IN = "/.auth/login/aad?post_login_redirect_uri="
"""Where App Service signs people in with Entra
(https://learn.microsoft.com/azure/app-service/configure-authentication-customize-sign-in-out)."""


@dataclass(frozen=True)
class Caller:
    """Somebody who may do what was asked."""

    name: str
    """What the record says about who it was."""
    person: Person | None = None
    question: int | None = None
    """Which question the link was made for; ``None``: not by a link."""
    run: str = ""
    """Which run of the case the link was made for."""
    csrf: str = ""
    """What the page's form must repeat; empty when the request proves itself by a token or key."""
    expires_at: int | None = None
    """Until when the link or session is good, Unix time."""


@dataclass(frozen=True)
class Refusal:
    """Why somebody may not, in words for them and for the log."""

    status: int
    title: str
    detail: str
    why: str
    sign_in: bool = False
    """Whether signing in may help."""

    def answer(self, request: func.HttpRequest) -> func.HttpResponse:
        """Log the refusal and return it: a page to a browser, a problem to a program."""
        case_id = re.sub(r"[^\w.:-]", "?", request.route_params.get("case_id", "-"))[:64]
        _log.warning("refused on %s: %s (%s)", case_id, self.why, self.status)
        link = SIGN_IN + quote(urlsplit(request.url).path, safe="") if self.sign_in else ""
        return problem_for_people(
            request, self.status, self.title, detail=self.detail, sign_in=link
        )


LINK_NEEDED = {
    Purpose.DECISION: (
        "The link is not valid or has expired",
        "A decision link works until the deadline named in the message that brought it, and a page "
        "opened by it for an hour. Open the link in the message again; after the deadline the case "
        "is in the ticket: act by hand or ask the SOC's lead.",
    ),
    Purpose.REPORT: (
        "Sign in, or use the link from the ticket",
        "The link is not valid or has expired, or the page was opened more than an hour ago. Open "
        "the link in the ticket again; a newer one is there.",
    ),
    Purpose.UNDO: (
        "This needs the right to decide",
        "Sign in, use the browser that has just decided the case, or send the automation key. A "
        "link that was sent to people is not enough.",
    ),
}


def find_caller(
    request: func.HttpRequest, settings: Settings, case_id: str, purpose: Purpose
) -> Caller | Refusal:
    """Return who may do this to this case, or why nobody was proved who may."""
    if has_automation_key(request, settings):
        return Caller(AUTOMATION)
    held = _held(request, settings, case_id, purpose)
    person = signed_in(request)
    if person is None:
        return _by_link(held, purpose)
    refusal = no_approver(person)
    if isinstance(held, Caller) and (purpose is Purpose.REPORT or refusal is None):
        return replace(held, name=person.name, person=person)
    if refusal is not None:
        return refusal
    if purpose is Purpose.DECISION and settings.link_signing_key is not None:
        return _link_needed(purpose, f"an approver with {held}")
    return Caller(person.name, person, csrf=_persons_csrf(settings, person, case_id))


def has_automation_key(request: func.HttpRequest, settings: Settings) -> bool:
    """Return whether a program sent the app's own key."""
    key, expected = request.headers.get("x-functions-key", ""), settings.automation_key
    return (
        bool(key)
        and expected is not None
        and hmac.compare_digest(_bytes(key), _bytes(expected.get_secret_value()))
    )


def _bytes(text: str) -> bytes:
    """Return text as bytes of its own, also where a header held what no text can hold."""
    return text.encode("utf-8", "surrogatepass")


def is_approver(request: func.HttpRequest) -> bool:
    """Return whether a signed-in person asks whom the policy names."""
    person = signed_in(request)
    return person is not None and no_approver(person) is None


def own_account(caller: Caller, record: Json) -> Refusal | None:
    """Refuse whoever is the account that the case is about: it may be the attacker who asks."""
    if caller.person is None:
        return None
    if not caller.person.is_account(record["account"]):
        return _hit_too(caller.person, record)
    return Refusal(
        403,
        "This case is about your own account",
        "Nobody decides about themselves, as an attacker may use the account. Nothing was changed. "
        "Ask another approver.",
        "the case's own account",
    )


def _hit_too(person: Person, record: Json) -> Refusal | None:
    """Refuse whoever has an account that is thought to be in the same attacker's hands."""
    if not any(person.is_account({"user_principal_name": name}) for name in taken_too(record)):
        return None
    return Refusal(
        403,
        "Your own account was hit by the same attack",
        "Nobody decides about an attack on themselves, as the attacker may use the account. "
        "Nothing was changed. Ask another approver.",
        "an account of the same campaign",
    )


def taken_too(record: Json) -> list[str]:
    """Return the names of accounts that are thought to be in the hands of the case's attacker."""
    campaign: list[Json] = record.get("campaign") or []
    return [str(one["account"]) for one in campaign if one["confidence"] == Confidence.HIGH]


def check_origin(request: func.HttpRequest, settings: Settings) -> Refusal | None:
    """Refuse what another site's page sent in the name of a signed-in person.

    Browsers say so in ``Sec-Fetch-Site``, older ones by ``Origin``; a cookie may go along with such
    a request, a link's token and a key do not. Programs send neither header.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        foreign = site not in ("same-origin", "none")
    else:
        foreign = origin is not None and origin.lower() not in _origins(request, settings)
    return _not_our_page("sent by another site's page") if foreign else None


def check_form(caller: Caller, sent: str) -> Refusal | None:
    """Refuse a form without the mark that our own page puts into it for this holder."""
    if hmac.compare_digest(_bytes(caller.csrf), _bytes(sent)):
        return None
    # A token in the address or a key is a secret that no other site has; it needs no mark.
    return _not_our_page("a form without our page's mark") if caller.csrf else None


def _not_our_page(why: str) -> Refusal:
    detail = "Nothing was changed. Open the page again and send it from there."
    return Refusal(403, "This was not sent by the page of this case", detail, why)


def _origins(request: func.HttpRequest, settings: Settings) -> set[str]:
    known = (urlsplit(url) for url in (request.url, settings.public_url))
    return {f"{one.scheme}://{one.netloc}".lower() for one in known}


def _held(
    request: func.HttpRequest, settings: Settings, case_id: str, purpose: Purpose
) -> Caller | str:
    """Return the holder of a link or session, or what is wrong with what was shown."""
    token, why = request.params.get("token", ""), "no link"
    if settings.link_signing_key is None:
        return why
    key = settings.link_signing_key.get_secret_value()
    shown = [(purpose, Use.LINK, token)]
    if not token or purpose is Purpose.UNDO:
        shown = [(one, Use.SESSION, session_of(request, one)) for one in _SESSIONS[purpose]]
    for opened, use, text in shown:
        if not text:
            continue
        claims = read_token(key, text, case_id, opened, now=time.time(), use=use)
        if isinstance(claims, Claims):
            csrf = csrf_token(key, text) if use is Use.SESSION else ""
            held = Caller(BY_LINK, csrf=csrf, expires_at=claims.expires_at)
            if purpose is not Purpose.DECISION:
                return held
            return replace(held, question=claims.question, run=claims.run)
        why = f"a {use} that is {claims}"
    return why


def _by_link(held: Caller | str, purpose: Purpose) -> Caller | Refusal:
    if not isinstance(held, Caller):
        return _link_needed(purpose, held)
    if is_sign_in_on() and purpose is not Purpose.REPORT:
        return Refusal(
            401,
            "Sign in to go on",
            "The link is good, but who decides must be signed in. After that you are back here.",
            "a link without a sign-in",
            sign_in=True,
        )
    return held


def _link_needed(purpose: Purpose, why: str) -> Refusal:
    title, detail = LINK_NEEDED[purpose]
    helps = is_sign_in_on() and purpose is not Purpose.DECISION
    return Refusal(401, title, detail, f"{purpose}: {why}", sign_in=helps)


def no_approver(person: Person) -> Refusal | None:
    """Refuse somebody who is signed in and whom the policy does not name."""
    approvers = get_policy().asking.approvers
    if person.may_approve(approvers):
        return None
    roles = " or ".join(approvers.roles)
    needed = f"the application role {roles}" if roles else "a place among the approvers"
    return Refusal(
        403,
        "You may not decide about accounts",
        f"You are signed in as {person.name}. This needs {needed}: ask whoever administers "
        "Tourniquet in Entra ID for it, then sign in again. Nothing was changed.",
        "a signed-in person who is no approver",
    )


def _persons_csrf(settings: Settings, person: Person, case_id: str) -> str:
    key = settings.link_signing_key
    if key is None:
        return ""
    return csrf_token(key.get_secret_value(), f"{person.id}\n{case_id}")
