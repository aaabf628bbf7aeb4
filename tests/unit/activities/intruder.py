"""An account that an intruder has prepared for coming back, and the actions that clear it."""

from datetime import UTC, datetime
from typing import Any

from activities import persistence
from shared.errors import PermissionDenied, RetryableError
from shared.models.base import Json
from shared.models.persistence import AuthenticationMethod, ConsentGrant, InboxRule
from shared.models.query import QueryResult
from tests.support.fakes import FakeHouse
from tests.support.scripts import OBJECT_ID
from tests.unit.activities.calls import Activity, call

SINCE = "2026-11-20T12:00:00.000Z"
AFTER = datetime(2026, 11, 20, 12, 5, tzinfo=UTC)
APP, API = "2d1f7c0a-8b3e-4a59-9c64-7e5f3a1b9d08", "9c8b7a65-4d3e-4f21-8a09-1b2c3d4e5f60"
DENIED = PermissionDenied("no permission", vendor="entra", operation="x", status=403)
DOWN = RetryableError("down", vendor="entra", operation="x", status=503)
CONSENT = {
    "TimeGenerated": AFTER.isoformat(),
    "OperationName": "Consent to application",
    "Result": "success",
    "Target": f'[{{"id": "{APP}", "displayName": "Mail Backup Pro"}}]',
}


def method(key: str, at: datetime | None = AFTER, kind: str = "phone") -> AuthenticationMethod:
    return AuthenticationMethod(id=key, kind=kind, label=f"{kind} {key}", created_at=at)


def fill(house: FakeHouse) -> None:
    """An intruder has left two of everything."""
    password = AuthenticationMethod(id="p", kind="password", label="password", removable=False)
    house.methods.add(password, method("m1"), method("m2", kind="email"))
    house.mailbox.add(
        InboxRule(id="r1", name="..", enabled=True, deletes=True),
        InboxRule(id="r2", name="x", enabled=True, forwards_to=["m@example.net"]),
        InboxRule(id="r3", name="Team", enabled=True, moves=True, folder="Team"),
    )
    for number in (1, 2):
        house.grants.add(
            ConsentGrant(id=f"g{number}", client_id=APP, resource_id=f"{API}{number}", scope="Mail")
        )
    house.siem.answers["Consent"] = QueryResult(rows=[CONSENT])


ACTIONS: dict[str, tuple[Activity, str, str]] = {
    "RemoveAuthenticationMethods": (
        persistence.remove_authentication_methods,
        "methods",
        "remove_method",
    ),
    "DisableInboxRules": (persistence.disable_inbox_rules, "mailbox", "set_rule_enabled"),
    "RevokeOAuthGrants": (persistence.revoke_oauth_grants, "grants", "revoke_grant"),
}
LISTS = {"methods": "list_methods", "mailbox": "list_rules", "grants": "list_grants"}


async def act(activity: Activity, **changes: Any) -> Json:
    payload = {"object_id": OBJECT_ID, "attempt": "contain-1", "since": SINCE, "before": None}
    return await call(activity, **(payload | changes))
