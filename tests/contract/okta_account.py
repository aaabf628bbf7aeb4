"""An Okta org with the accounts that the contract tests act upon."""

from typing import Any

ADA = "00u1ada0000000000h7"
LOGIN = "ada@contoso.example"
BORN = "2024-03-01T09:00:00.000Z"
BEFORE = "2026-05-01T09:00:00.000Z"
SINCE = "2026-11-20T12:04:00.000Z"

FACTORS: list[dict[str, Any]] = [
    {"id": "opf1", "factorType": "push", "provider": "OKTA", "status": "ACTIVE", "created": BEFORE},
    {"id": "ost1", "factorType": "token:software:totp", "provider": "OKTA", "status": "ACTIVE",
     "created": BEFORE},
    {"id": "sms1", "factorType": "sms", "provider": "OKTA", "status": "ACTIVE", "created": SINCE,
     "profile": {"phoneNumber": "+15550142"}},
]  # fmt: skip
GRANTS: list[dict[str, Any]] = [
    {"id": "oag1", "clientId": "0oamailer", "issuer": "https://contoso.okta.example",
     "scopeId": "scp1", "status": "ACTIVE", "created": SINCE, "userId": ADA},
    {"id": "oag2", "clientId": "0oaold", "issuer": "https://contoso.okta.example",
     "scopeId": "scp2", "status": "REVOKED", "created": BEFORE, "userId": ADA},
]  # fmt: skip
USER: dict[str, Any] = {
    "id": ADA,
    "status": "ACTIVE",
    "created": BORN,
    "statusChanged": BORN,
    "passwordChanged": BEFORE,
    "profile": {
        "login": LOGIN,
        "email": LOGIN,
        "firstName": "Ada",
        "lastName": "Lind",
        "department": "Finance",
        "title": "Controller",
        "countryCode": "US",
    },
    "groups": [{"id": "00g1", "type": "OKTA_GROUP", "profile": {"name": "Finance"}}],
    "factors": FACTORS,
    "grants": GRANTS,
}


def org(*users: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the ``okta`` part of a tenant file: Ada, further users, and what the app may do."""
    return {"users": [USER, *users], **more}


def user(login: str, **changes: Any) -> dict[str, Any]:
    """Return another user."""
    return {"profile": {"login": login, "email": login}, **changes}
