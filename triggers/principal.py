"""The person whom App Service authentication (Easy Auth) has signed in.

The platform takes these headers from a request and sets them itself, but only where it is switched
on, which App Service says by ``WEBSITE_AUTH_ENABLED``; anywhere else anyone could send them. Their
format: https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities
"""

import base64
import binascii
import os
from collections.abc import Iterable
from dataclasses import dataclass

import azure.functions as func
from pydantic import Field, ValidationError

from shared.models.base import Json, VendorModel
from shared.models.directory import ENTRA
from shared.models.policy import Approvers

_ROLES = frozenset({"roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"})
_OBJECT_ID = frozenset({"oid", "http://schemas.microsoft.com/identity/claims/objectidentifier"})
_LOGINS = frozenset(
    {"preferred_username", "upn", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"}
)
_MAIL = frozenset({"email", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"})


class Claim(VendorModel):
    """One statement of the person's token."""

    typ: str
    val: str


class Principal(VendorModel):
    """What ``X-MS-CLIENT-PRINCIPAL`` holds."""

    claims: list[Claim] = Field(default_factory=list)
    role_typ: str | None = None

    def values(self, types: Iterable[str | None]) -> frozenset[str]:
        """Return the values of the claims of these types."""
        wanted = set(types)
        return frozenset(one.val for one in self.claims if one.typ in wanted)


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in."""

    name: str
    """What the record says about who it was."""
    id: str
    """The object id; the login where the platform gives none."""
    known_as: frozenset[str]
    """Object ids and logins, case folded: what a policy can name."""
    also: frozenset[str]
    """Mail addresses, case folded: good for refusing, not for allowing: they can be changed."""
    roles: frozenset[str]
    """Application roles."""

    def may_approve(self, approvers: Approvers) -> bool:
        """Return whether the policy names the person or one of the roles."""
        named = {one.casefold() for one in approvers.people}
        return bool(self.known_as & named or self.roles & set(approvers.roles))

    def is_account(self, account: Json | None) -> bool:
        """Return whether a case is about this person, by object id or by any name.

        An incident may give a short name and no directory the rest: then that has to do.
        """
        own = self.known_as | self.also
        return bool((own | {one.partition("@")[0] for one in own}) & names_of(account))


def names_of(account: Json | None) -> set[str]:
    """Return ids, names and mail addresses of a case's account, in every directory, case folded."""
    if not account:
        return set()
    places: list[Json] = [account, *(account.get("also_in") or [])]
    fields = ("object_id", "user_id", "user_principal_name")
    found = [place.get(name) for place in places for name in fields]
    found += [one for place in places for one in place.get("mail_addresses") or []]
    return {str(one).casefold() for one in found if one}


def can_tell_owner(account: Json | None, *, by_object_id: bool) -> bool:
    """Return whether it can be seen that somebody is not the owner of a case's account.

    While no directory tells an account's names, an incident may give a bare login or a SID, and
    nobody signs in by these. ``by_object_id``: whether the person's object id in Entra is known.
    """
    if not account or any("@" in name for name in names_of(account)):
        return True
    is_entra = (account.get("directory") or ENTRA) == ENTRA
    return by_object_id and is_entra and bool(account.get("object_id"))


def is_nick_of(nicks: Iterable[str], account: Json | None) -> bool:
    """Return whether a chat's short name is an account's: its login, whole or before the ``@``.

    A namesake elsewhere is refused, too; somebody else can answer.
    """
    logins = names_of(account)
    own = logins | {one.partition("@")[0] for one in logins}
    return any(nick.casefold() in own for nick in nicks if nick)


def is_sign_in_on() -> bool:
    """Return whether the platform signs people in before it hands a request to the app."""
    return os.environ.get("WEBSITE_AUTH_ENABLED", "").lower() == "true"


def signed_in(request: func.HttpRequest) -> Person | None:
    """Return who is signed in, or ``None``."""
    if not is_sign_in_on():
        return None
    login = request.headers.get("x-ms-client-principal-name", "")
    object_id = request.headers.get("x-ms-client-principal-id", "")
    if not (login or object_id):
        return None
    read = _principal(request.headers.get("x-ms-client-principal", ""))
    principal = read or Principal()
    logins, mails = principal.values(_LOGINS), principal.values(_MAIL)
    # The platform's name may be the mail address, which people can change: it allows nothing.
    is_mail = read is None or _folded({login}) <= _folded(mails) - _folded(logins)
    named = logins if is_mail else {login, *logins}
    known = {object_id, *named, *principal.values(_OBJECT_ID)} - {""}
    return Person(
        name=next(iter(sorted(logins)), login or object_id) if is_mail else login or object_id,
        id=object_id or login,
        known_as=_folded(known),
        also=_folded({login, *mails} - {""}),
        roles=principal.values({*_ROLES, principal.role_typ}),
    )


def _folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(one.casefold() for one in names)


def _principal(header: str) -> Principal | None:
    """Return the claims; ``None`` when they cannot be read: then only the object id is known."""
    try:
        return Principal.model_validate_json(base64.b64decode(header, validate=True))
    except (binascii.Error, ValueError, ValidationError):
        return None
