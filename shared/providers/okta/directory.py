"""The ``Directory`` port on Okta.

Nothing here is destructive: an account is suspended, never deactivated, because deactivation takes
its applications away for good. A password is reset without mail, which the attacker may read: Okta
then answers with a reset link that is thrown away unread, the old password is worthless, and nobody
signs in until an administrator starts a reset for the owner.
"""

import asyncio

from shared.errors import (
    NotSupported,
    PermanentError,
    PermissionDenied,
    TourniquetError,
)
from shared.models.base import UtcDatetime
from shared.models.directory import (
    AccountState,
    DirectoryUser,
    Memberships,
    MfaRegistration,
    UserRisk,
)
from shared.providers.http import path
from shared.providers.okta.client import MANAGE_USERS, READ_LOGS, READ_ROLES, OktaApi
from shared.providers.okta.models import (
    RESET_POSSIBLE,
    SHUT,
    Factor,
    Group,
    LogEvent,
    Role,
    User,
    UserStatus,
)
from shared.providers.okta.tokens import VENDOR
from shared.providers.retry import Retry

WEAK_FACTORS = frozenset({"email", "question"})
"""An attacker who reads the mailbox has the first and finds out the second."""
DIRECTORY_MASTERS = frozenset({"ACTIVE_DIRECTORY", "LDAP"})
"""The password is checked on-premises; Okta cannot replace it."""
SESSIONS_CLEARED = "user.session.clear"
"""System Log event: an administrator, or an API client, cleared a user's sessions."""


class Okta:
    """Reads about and contains accounts of one Okta org."""

    name = VENDOR
    lag_seconds = 5.0
    """The System Log is seconds behind."""

    def __init__(self, api: OktaApi) -> None:
        self._api = api

    async def get_user(self, user_id: str) -> DirectoryUser:
        """Return the account by id, login or unambiguous short login."""
        user = await self._user(user_id)
        return DirectoryUser(
            object_id=user.id,
            user_principal_name=user.profile.login,
            display_name=user.profile.name,
            account_enabled=user.status not in SHUT,
            on_premises_sync_enabled=user.credentials.provider.type in DIRECTORY_MASTERS,
            department=user.profile.department,
            job_title=user.profile.title,
            usage_location=user.profile.country_code,
            mail_addresses=user.profile.mail_addresses,
            created_at=user.created,
            last_password_change_at=user.password_changed,
            status=user.status,
        )

    async def get_memberships(self, object_id: str) -> Memberships:
        """Return groups, and administrator roles whether held directly or through a group."""
        groups, roles = await asyncio.gather(
            self._api.read_all(
                "users.groups.list", path("/api/v1/users/{id}/groups", id=object_id), Group
            ),
            self._api.read_all(
                "users.roles.list",
                path("/api/v1/users/{id}/roles", id=object_id),
                Role,
                scope=READ_ROLES,
            ),
        )
        return Memberships(
            groups=[group.profile.name or group.id for group in groups],
            roles=[role.label or role.type for role in roles if role.status == "ACTIVE"],
        )

    async def get_eligible_roles(self, object_id: str) -> list[str]:
        """Return none: an Okta administrator holds the role, or asks somebody for it."""
        return []

    async def get_mfa_registration(self, object_id: str) -> MfaRegistration:
        """Return the active factors; mail and security question do not count as a second one."""
        factors = await self._api.read_all(
            "users.factors.list", path("/api/v1/users/{id}/factors", id=object_id), Factor
        )
        active = [one.factor_type for one in factors if one.status == "ACTIVE"]
        return MfaRegistration(mfa_enabled=bool(set(active) - WEAK_FACTORS), methods=active)

    async def get_risk(self, object_id: str, *, urgent: bool = False) -> UserRisk | None:
        """Return ``None``: Okta's risk is not part of the API that is asked here."""
        return None

    async def federated_domain(self, user: DirectoryUser) -> str | None:
        """Return ``None``: who holds a password is the account's own fact in Okta."""
        return None

    async def count_users(self) -> int | None:
        """Return ``None``: Okta lists its users, page after page, but does not count them."""
        return None

    async def count_privileged(self) -> int | None:
        """Return ``None``, likewise."""
        return None

    async def get_state(self, object_id: str) -> AccountState:
        """Return the facts that containment changes, fresh.

        Okta has no "sessions valid from": what proves that sessions were cleared is the newest
        event of the System Log that says so. Without it the reason is in ``unknown``.
        """
        user, cleared = await asyncio.gather(self._user(object_id), self._cleared_at(object_id))
        unknown = {} if not isinstance(cleared, str) else {"sign_in_sessions_valid_from": cleared}
        waits = user.status == UserStatus.RECOVERY
        return AccountState(
            account_enabled=user.status not in SHUT,
            sign_in_sessions_valid_from=None if isinstance(cleared, str) else cleared,
            last_password_change_at=user.status_changed if waits else user.password_changed,
            status=user.status,
            password_reset_pending=waits,
            unknown=unknown,
            object_id=user.id,
            user_principal_name=user.profile.login,
            on_premises_sync_enabled=user.credentials.provider.type in DIRECTORY_MASTERS,
        )

    async def revoke_sessions(self, object_id: str) -> None:
        """Clear Okta's sessions and remembered devices, and revoke OAuth tokens.

        Sessions that applications keep by themselves live on (Okta, "Revoke all user sessions").
        Being a DELETE it may be sent again when a kept connection breaks; twice is as good as once.
        """
        await self._api.call(
            "users.sessions.delete",
            "DELETE",
            path("/api/v1/users/{id}/sessions", id=object_id),
            scope=MANAGE_USERS,
            params={"oauthTokens": "true", "forgetDevices": "true"},
            retry=Retry.IF_NOT_PROCESSED,
        )

    async def reset_password(self, object_id: str, *, known: AccountState | None = None) -> None:
        """Make the password worthless; nobody is sent, shown or logged what replaces it.

        Who holds the password is not in ``known``, so the account is read here.

        Not ``expire_password``: that only asks for a new password at the next sign-in, and whoever
        knows the old one, the attacker too, may then set it.
        """
        operation = "users.reset_password"
        user = await self._user(object_id)
        holder = user.credentials.provider
        if holder.type != "OKTA":
            raise NotSupported(
                f"the password belongs to {holder.name or holder.type}, not Okta: reset it there",
                vendor=VENDOR,
                operation=operation,
            )
        try:
            await self._api.call(
                operation,
                "POST",
                path("/api/v1/users/{id}/lifecycle/reset_password", id=object_id),
                scope=MANAGE_USERS,
                params={"sendEmail": "false", "revokeSessions": "false"},
                # The body is the reset link: it is dropped unread.
                expect="text",
                retry=Retry.IF_NOT_PROCESSED,
            )
        except PermissionDenied as error:
            if user.status in RESET_POSSIBLE:
                raise
            raise NotSupported(
                f"Okta resets no password of an account that is {user.status}; nobody signs in "
                "with it now, reset the password before that changes",
                vendor=VENDOR,
                operation=operation,
                status=error.status,
            ) from error

    async def set_enabled(self, object_id: str, *, enabled: bool) -> None:
        """Suspend the account, or end its suspension.

        Okta suspends active accounts only; ``NotSupported`` says in which status it is instead.
        """
        word = "unsuspend" if enabled else "suspend"
        try:
            await self._api.call(
                f"users.{word}",
                "POST",
                path(f"/api/v1/users/{{id}}/lifecycle/{word}", id=object_id),
                scope=MANAGE_USERS,
                expect="text",
                retry=Retry.IF_NOT_PROCESSED,
            )
        except PermissionDenied:
            raise
        except PermanentError as error:
            if error.status != 400:
                raise
            user = await self._user(object_id)
            if (user.status not in SHUT) == enabled:
                return
            raise NotSupported(
                _why_not(word, user.status), vendor=VENDOR, operation=f"users.{word}", status=400
            ) from error

    async def confirm_compromised(self, object_id: str) -> None:
        """Raise ``NotSupported``: Okta takes no such statement through this API."""
        raise NotSupported(
            "Okta has no statement that a user is compromised; report it in its console",
            vendor=VENDOR,
            operation="confirmCompromised",
        )

    async def dismiss_risk(self, object_id: str) -> None:
        """Raise ``NotSupported``: there is no such statement to take back."""
        raise NotSupported(
            "Okta has no statement that a user is compromised",
            vendor=VENDOR,
            operation="dismissRisk",
        )

    async def _user(self, user_id: str) -> User:
        return await self._api.read("users.get", path("/api/v1/users/{id}", id=user_id), User)

    async def _cleared_at(self, object_id: str) -> UtcDatetime | str | None:
        """Return when sessions were last cleared (of the last 7 days), or why that is not known."""
        quoted = object_id.replace("\\", "\\\\").replace('"', '\\"')
        try:
            events = await self._api.read_all(
                "logs.list",
                "/api/v1/logs",
                LogEvent,
                scope=READ_LOGS,
                params={
                    "filter": f'eventType eq "{SESSIONS_CLEARED}" and target.id eq "{quoted}"'
                    ' and outcome.result eq "SUCCESS"',
                    "sortOrder": "DESCENDING",
                    "limit": 1,
                },
                most_pages=1,
            )
        except TourniquetError as error:
            return f"the System Log could not be asked: {error.describe()}"
        return events[0].published if events else None


def _why_not(word: str, status: str) -> str:
    if word == "unsuspend":
        return f"Okta ends a suspension only, and the account is {status}: an administrator has to"
    reasons = {
        UserStatus.RECOVERY: "its password was reset and nobody signs in until a new one is set",
        UserStatus.LOCKED_OUT: "it is locked, which ends by itself or by its owner",
        UserStatus.PASSWORD_EXPIRED: "whoever knows the password may set a new one",
        UserStatus.PROVISIONED: "whoever has the activation link may set a password",
    }
    known = {str(name): why for name, why in reasons.items()}
    why = known.get(status, "that is another status")
    return (
        f"Okta suspends active accounts only, and the account is {status}: {why}; shut it by hand "
        "if that is not enough"
    )
