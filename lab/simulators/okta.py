"""Okta's management API: users, their lifecycle, sessions, factors, consents, and the System Log.

Operations: ``token``, ``users.get``, ``users.groups.list``, ``users.roles.list``,
``users.suspend``, ``users.unsuspend``, ``users.reset_password``, ``users.sessions.delete``,
``users.factors.list``, ``users.factors.delete``, ``users.grants.list``, ``users.grants.delete``,
``logs.list``.

The rules of each status are Okta's: only an active user is suspended (400 E0000001), only a
suspended one comes back, and a status without a usable password is not reset (403 E0000038).
"""

import re
import secrets
import time
from collections.abc import Callable
from typing import Any, ClassVar

from lab.simulators.config import SimulatorSettings
from lab.simulators.exchange import Answer, Call, Handler, Operation, RefusalError
from lab.simulators.okta_org import Member, Org
from lab.simulators.okta_tokens import OktaTokenEndpoint, ProofError
from lab.simulators.specification import Specification
from lab.simulators.vendor import Vendor, same

CALLS_A_MINUTE = 600
"""Okta's limit differs by endpoint and plan; this is the one of ``/api/v1/users/{id}``."""
_HAS_PASSWORD = ("ACTIVE", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT")
_OWN_APP = ("push", "signed_nonce", "token:software:totp")
_FILTER = re.compile(r'(eventType|target\.id|outcome\.result) eq "((?:[^"\\]|\\.)*)"')
_STATUS_REFUSED = "This operation is not allowed in the user's current status."


class Okta(Vendor):
    """One org and the one app that may call it."""

    name: ClassVar[str] = "okta"

    def __init__(self, settings: SimulatorSettings) -> None:
        self.org = Org()
        self._tokens = OktaTokenEndpoint(settings, self.org)
        self._api_token = settings.lab_okta_api_token
        self._calls: list[float] = []
        self.specification = Specification("okta.json")

    def operations(self) -> dict[str, Operation]:
        """See the module's list."""
        user, served = "id", self._limited
        return {
            "token": Operation("token", self._tokens.issue),
            "getUser": Operation("users.get", served(self._get), user),
            "listUserGroups": Operation("users.groups.list", served(self._section("groups")), user),
            "listAssignedRolesForUser": Operation(
                "users.roles.list", served(self._section("roles")), "userId"
            ),
            "suspendUser": Operation("users.suspend", served(self._suspend), user),
            "unsuspendUser": Operation("users.unsuspend", served(self._unsuspend), user),
            "resetPassword": Operation("users.reset_password", served(self._reset), user),
            "revokeUserSessions": Operation("users.sessions.delete", served(self._clear), "userId"),
            "listFactors": Operation(
                "users.factors.list", served(self._section("factors")), "userId"
            ),
            "unenrollFactor": Operation(
                "users.factors.delete", served(self._delete_factor), "userId"
            ),
            "listUserGrants": Operation(
                "users.grants.list", served(self._section("grants")), "userId"
            ),
            "revokeUserGrant": Operation(
                "users.grants.delete", served(self._delete_grant), "userId"
            ),
            "listLogEvents": Operation("logs.list", served(self._logs)),
        }

    def authenticate(self, call: Call) -> Answer | None:
        """An API token, or an access token with the scope that the operation needs."""
        if call.path.startswith("/oauth2/"):
            return None
        kind, _, value = call.headers.get("Authorization", "").partition(" ")
        if kind == "SSWS":
            return None if same(value, self._api_token) else _invalid_token()
        token = self._tokens.find(value)
        if token is None or kind != ("DPoP" if token.thumbprint else "Bearer"):
            return _invalid_token()
        if token.thumbprint:
            try:
                self._tokens.check_bound(call, value, token)
            except ProofError as error:
                return _invalid_token(str(error))
        needed = self._scopes_of(call)
        return None if needed & token.scopes or not needed else _forbidden(needed)

    def _scopes_of(self, call: Call) -> set[str]:
        found = self.specification.match(call.method, call.path)
        if found is None:
            return set()
        paths = self.specification.document["paths"]
        security = paths[found[0].template][call.method.lower()].get("security", [])
        return {scope for way in security for scope in way.get("oauth2", [])}

    def refuse(self, status: int, message: str) -> Answer:
        """Okta's error body."""
        code = {404: "E0000022", 405: "E0000022"}.get(status, "E0000001")
        return _error(status, code, "Api validation failed", message)

    def fail(self, status: int, message: str) -> Answer:
        """Okta's error body; when to come back is a moment, not a duration."""
        if status == 429:
            return _too_many(int(time.time()) + 1)
        return _error(status, "E0000009", "Internal Server Error", message)

    def reset(self) -> None:
        """An empty org; access tokens outlive it, as the app does."""
        self.org.reset()
        self._calls.clear()

    def load(self, section: dict[str, Any]) -> None:
        """Replace the org by the ``okta`` part of a tenant file."""
        self.org.load(section)
        if section.get("revokeTokens"):
            self._tokens.revoke_all()

    def snapshot(self) -> dict[str, Any]:
        """The org as a tenant file's section."""
        return {"okta": self.org.snapshot()}

    def _limited(self, handler: Handler) -> Handler:
        async def serve(call: Call) -> Answer:
            now = time.time()
            self._calls = [at for at in self._calls if at > now - 60]
            reset = int((self._calls or [now])[0]) + 61
            if len(self._calls) >= CALLS_A_MINUTE:
                return _too_many(reset)
            self._calls.append(now)
            answer = await handler(call)
            answer.headers |= _limits(CALLS_A_MINUTE - len(self._calls), reset)
            return answer

        return serve

    def _member(self, call: Call, *, change: bool = False) -> Member:
        name = call.params.get("id") or call.params["userId"]
        member = self.org.find(name)
        if member is None:
            summary = f"Not found: Resource not found: {name} (User)"
            raise RefusalError(_error(404, "E0000007", summary))
        call.target = member.id
        if change and not self.org.may_change(member):
            raise RefusalError(_forbidden(set()))
        return member

    async def _get(self, call: Call) -> Answer:
        return Answer(200, self._member(call).user)

    def _section(self, name: str) -> Handler:
        async def serve(call: Call) -> Answer:
            return Answer(200, self._member(call).sections[name])

        return serve

    async def _suspend(self, call: Call) -> Answer:
        member = self._member(call, change=True)
        if member.user["status"] != "ACTIVE":
            return _invalid("suspendUser", "Cannot suspend a user that is not active")
        member.move_to("SUSPENDED")
        self.org.record("user.lifecycle.suspend", member, "Suspend Okta user")
        return Answer(200, effect=True)

    async def _unsuspend(self, call: Call) -> Answer:
        member = self._member(call, change=True)
        if member.user["status"] != "SUSPENDED":
            return _invalid("unsuspendUser", "Cannot unsuspend a user that is not suspended")
        member.move_to("ACTIVE")
        self.org.record("user.lifecycle.unsuspend", member, "Unsuspend Okta user")
        return Answer(200, effect=True)

    async def _reset(self, call: Call) -> Answer:
        member = self._member(call, change=True)
        if member.user["status"] not in _HAS_PASSWORD:
            return _error(403, "E0000038", _STATUS_REFUSED)
        mailed = call.query.get("sendEmail", "").lower() == "true"
        member.move_to("RECOVERY")
        self.org.record("user.account.reset_password", member, "Reset user password")
        body = {} if mailed else {"resetPasswordUrl": _reset_url(call)}
        return Answer(200, body, effect=True, detail={"mailed": mailed})

    async def _clear(self, call: Call) -> Answer:
        member = self._member(call, change=True)
        self.org.record("user.session.clear", member, "Clear user session")
        tokens = call.query.get("oauthTokens", "").lower() == "true"
        return Answer(204, effect=True, detail={"oauthTokens": tokens})

    async def _delete_factor(self, call: Call) -> Answer:
        member = self._member(call, change=True)
        factors = member.sections["factors"]
        found = _named(factors, call.params["factorId"])
        if found is None:
            return _gone(call.params["factorId"], "UserFactor")
        # Okta Verify is one enrolment with several factors: they go together.
        together = _OWN_APP if found["factorType"] in ("push", "signed_nonce") else ()
        member.sections["factors"] = [
            one for one in factors if one is not found and one.get("factorType") not in together
        ]
        self.org.record("user.mfa.factor.deactivate", member, "Reset factor for user")
        return Answer(204, effect=True, detail={"removed": found["id"]})

    async def _delete_grant(self, call: Call) -> Answer:
        member = self._member(call, change=True)
        found = _named(member.sections["grants"], call.params["grantId"])
        if found is None:
            return _gone(call.params["grantId"], "OAuth2ScopeConsentGrant")
        member.sections["grants"].remove(found)
        self.org.record("app.oauth2.consent.revoke", member, "Revoke consent")
        return Answer(204, effect=True, detail={"removed": found["id"]})

    async def _logs(self, call: Call) -> Answer:
        found = self.org.events()
        for field, value in _FILTER.findall(call.query.get("filter", "")):
            found = [event for event in found if value in _TESTS[field](event)]
        if call.query.get("sortOrder") == "DESCENDING":
            found = found[::-1]
        link = f'<{call.base_url}{call.path}>; rel="self"'
        return Answer(200, found[: int(call.query.get("limit", "100"))], {"Link": link})


_TESTS: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "eventType": lambda event: [event["eventType"]],
    "target.id": lambda event: [target["id"] for target in event["target"]],
    "outcome.result": lambda event: [event["outcome"]["result"]],
}


def _named(items: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    return next((item for item in items if item.get("id") == name), None)


def _reset_url(call: Call) -> str:
    return f"{call.base_url}/reset_password/{secrets.token_urlsafe(16)}"


def _error(status: int, code: str, summary: str, cause: str = "") -> Answer:
    body = {
        "errorCode": code,
        "errorSummary": summary,
        "errorLink": code,
        "errorId": f"oae{secrets.token_urlsafe(16)}",
        "errorCauses": [{"errorSummary": cause}] if cause else [],
    }
    return Answer(status, body)


def _invalid(operation: str, cause: str) -> Answer:
    return _error(400, "E0000001", f"Api validation failed: {operation}", cause)


def _gone(name: str, kind: str) -> Answer:
    return _error(404, "E0000007", f"Not found: Resource not found: {name} ({kind})")


def _invalid_token(why: str = "") -> Answer:
    return _error(401, "E0000011", "Invalid token provided", why)


def _forbidden(scopes: set[str]) -> Answer:
    answer = _error(403, "E0000006", "You do not have permission to perform the requested action")
    if scopes:
        wanted = " ".join(sorted(scopes))
        answer.headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{wanted}"'
    return answer


def _too_many(reset: int) -> Answer:
    answer = _error(429, "E0000047", "API call exceeded rate limit due to too many requests.")
    answer.headers |= _limits(0, reset)
    return answer


def _limits(remaining: int, reset: int) -> dict[str, str]:
    return {
        "X-Rate-Limit-Limit": str(CALLS_A_MINUTE),
        "X-Rate-Limit-Remaining": str(remaining),
        "X-Rate-Limit-Reset": str(reset),
    }
