"""An Okta org's state: users with what hangs on them, and its System Log."""

import hashlib
import time
import uuid
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lab.simulators.specification import Specification, errors

SECTIONS = {
    "factors": "UserFactor",
    "groups": "Group",
    "roles": "StandardRole",
    "grants": "OAuth2ScopeConsentGrant",
}
"""What hangs on a user of the tenant file, and the schema of each item."""
SUPER_ADMIN = "SUPER_ADMIN"
LOG_DELAY_SECONDS = 0.5
"""How late an event shows; the real System Log takes seconds."""


@dataclass(slots=True)
class Member:
    """One user: Okta's own object and the lists beside it."""

    user: dict[str, Any]
    sections: dict[str, list[dict[str, Any]]]

    @property
    def id(self) -> str:
        """Okta's id."""
        return str(self.user["id"])

    @property
    def login(self) -> str:
        """The login, in lower case."""
        return str(self.user["profile"]["login"]).lower()

    def move_to(self, status: str) -> None:
        """Change the status and when it changed."""
        self.user["status"] = status
        self.user["statusChanged"] = self.user["lastUpdated"] = now_text()


@dataclass(frozen=True, slots=True)
class _Event:
    shows_at: float
    body: dict[str, Any]


class Org:
    """Users by id, and events in the order they happened.

    ``app_roles`` are the administrator roles of the app; ``demands_proof`` is the app's "require
    DPoP"; ``scopes`` are the scopes granted to it.
    """

    def __init__(self) -> None:
        self._members: dict[str, Member] = {}
        self._events: list[_Event] = []
        self.reset()

    def reset(self) -> None:
        """Back to an empty org with an app that has every scope the product names."""
        self._members = {}
        self._events = []
        self.app_roles: list[str] = ["CUSTOM"]
        self.demands_proof = False
        self.scopes = {
            "okta.users.read", "okta.users.manage", "okta.roles.read", "okta.logs.read"
        }  # fmt: skip

    def load(self, section: dict[str, Any]) -> None:
        """Replace the org by the ``okta`` part of a tenant file that has been found good."""
        self.reset()
        for raw in section.get("users", []):
            member = as_member(raw)
            self._members[member.id] = member
        self.app_roles = section.get("appRoles", self.app_roles)
        self.demands_proof = section.get("requireDpop", self.demands_proof)
        self.scopes = set(section.get("scopes", self.scopes))

    def find(self, name: str) -> Member | None:
        """Return a user by id, login, or the part of a login before the ``@`` if it is the only."""
        wanted = name.lower()
        if name in self._members:
            return self._members[name]
        exact = [member for member in self._members.values() if member.login == wanted]
        short = [m for m in self._members.values() if m.login.partition("@")[0] == wanted]
        found = exact or (short if len(short) == 1 else [])
        return found[0] if found else None

    def may_change(self, member: Member) -> bool:
        """Whether the app's roles reach a user: administrators need a super administrator."""
        return not member.sections["roles"] or SUPER_ADMIN in self.app_roles

    def record(self, kind: str, member: Member, message: str) -> None:
        """Write an event of an administrator's action on a user to the System Log."""
        body = {
            "uuid": str(uuid.uuid4()),
            "published": now_text(),
            "eventType": kind,
            "version": "0",
            "severity": "INFO",
            "displayMessage": message,
            "actor": {"id": "0oalab", "type": "PublicClientApp", "displayName": "Tourniquet"},
            "outcome": {"result": "SUCCESS"},
            "target": [
                {
                    "id": member.id,
                    "type": "User",
                    "alternateId": member.user["profile"]["login"],
                    "displayName": member.user["profile"].get("displayName", ""),
                }
            ],
        }
        self._events.append(_Event(time.monotonic() + LOG_DELAY_SECONDS, body))

    def events(self) -> list[dict[str, Any]]:
        """Return the events that show by now, oldest first."""
        return [one.body for one in self._events if one.shows_at <= time.monotonic()]

    def snapshot(self) -> dict[str, Any]:
        """Return the org as a tenant file's section, with its events."""
        users = [{**member.user, **member.sections} for member in self._members.values()]
        return {"users": deepcopy(users), "events": [one.body for one in self._events]}


def as_member(raw: dict[str, Any]) -> Member:
    """Return a user of a tenant file, with what Okta would always have filled in."""
    user = {key: value for key, value in raw.items() if key not in SECTIONS}
    profile = dict(user.get("profile") or {})
    login = str(profile.get("login", ""))
    digest = hashlib.sha256(login.lower().encode()).hexdigest()
    user = {
        "id": f"00u{digest[:17]}",
        "status": "ACTIVE",
        "created": "2024-02-01T08:00:00.000Z",
        "activated": "2024-02-01T08:00:00.000Z",
        "statusChanged": "2024-02-01T08:00:00.000Z",
        "lastUpdated": "2024-02-01T08:00:00.000Z",
        "passwordChanged": "2026-01-12T08:00:00.000Z",
        "type": {"id": "oty1labdefault"},
        "credentials": {"password": {}, "provider": {"type": "OKTA", "name": "OKTA"}},
    } | user | {"profile": {"email": login} | profile}  # fmt: skip
    return Member(user, {name: [dict(item) for item in raw.get(name, [])] for name in SECTIONS})


def problems_of(section: dict[str, Any], specification: Specification) -> Iterable[str]:
    """Yield what is wrong with the ``okta`` part of a tenant file: ``<place>: <message>``."""
    known = {"users", "appRoles", "requireDpop", "scopes", "revokeTokens"}
    yield from (f"okta.{name}: is unknown" for name in section if name not in known)
    fields = {*specification.document["components"]["schemas"]["User"]["properties"], *SECTIONS}
    seen: dict[str, int] = {}
    for index, raw in enumerate(section.get("users", [])):
        place = f"okta.users[{index}]"
        if not isinstance(raw, dict) or not (raw.get("profile") or {}).get("login"):
            yield f"{place}.profile.login: is required"
            continue
        yield from (f"{place}.{name}: is unknown" for name in raw if name not in fields)
        member = as_member(raw)
        if seen.setdefault(member.login, index) != index:
            yield f"{place}: {member.login} is also okta.users[{seen[member.login]}]"
        yield from errors(specification.schema("User"), member.user, place)
        for name, schema in SECTIONS.items():
            for at, item in enumerate(member.sections[name]):
                where = f"{place}.{name}[{at}]"
                yield from errors(specification.schema(schema), item, where)


def now_text() -> str:
    """Return the time as Okta writes it, in milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
