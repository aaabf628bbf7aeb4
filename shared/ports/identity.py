"""Ports of identity: directories, sign-in methods, consents, mailboxes."""

from typing import Protocol

from shared.models.access_pass import AccessPass
from shared.models.directory import (
    AccountState,
    DirectoryUser,
    Memberships,
    MfaRegistration,
    UserRisk,
)
from shared.models.persistence import AuthenticationMethod, ConsentGrant, InboxRule


class Directory(Protocol):
    """The identity provider: reads about an account and contains it."""

    name: str
    """``entra`` or ``okta``: how cases, payloads and the other ports call it."""
    lag_seconds: float
    """How long a change may take to show in ``get_state``."""

    async def get_user(self, user_id: str) -> DirectoryUser:
        """Return the account by object id or user principal name; ``NotFound`` if there is none."""
        ...

    async def get_memberships(self, object_id: str) -> Memberships:
        """Return transitive groups and directory roles."""
        ...

    async def get_eligible_roles(self, object_id: str) -> list[str]:
        """Return directory roles that the account does not hold but may activate."""
        ...

    async def get_mfa_registration(self, object_id: str) -> MfaRegistration:
        """Return which authentication methods are registered."""
        ...

    async def get_risk(self, object_id: str, *, urgent: bool = False) -> UserRisk | None:
        """Return the account's risk, or ``None`` when the provider has no opinion.

        ``urgent``: it is read on the way to confirming or dismissing it.
        """
        ...

    async def federated_domain(self, user: DirectoryUser) -> str | None:
        """Return the domain whose own identity provider checks the account's password.

        ``None``: the directory itself, or it may not be read; ``reset_password`` looks again.
        """
        ...

    async def count_users(self) -> int | None:
        """Return how many users may sign in, not older than some hours; ``None``: not known."""
        ...

    async def count_privileged(self) -> int | None:
        """Return how many users hold a role or may activate one, at least; ``None``: not known."""
        ...

    async def get_state(self, object_id: str) -> AccountState:
        """Return the facts that containment changes, fresh, for before-state and read-back."""
        ...

    async def revoke_sessions(self, object_id: str) -> None:
        """Invalidate refresh tokens and session cookies. Idempotent in effect."""
        ...

    async def reset_password(
        self, object_id: str, *, known: AccountState | None = None
    ) -> str | None:
        """Replace the password by a long random one that nobody learns, change forced.

        ``known`` is the account as ``get_state`` just gave it, so that it need not be read again.
        Returns why it may keep nobody out although it is accepted, ``None`` when it surely does.
        ``NotSupported`` when the account is mastered elsewhere.
        """
        ...

    async def set_enabled(self, object_id: str, *, enabled: bool) -> None:
        """Enable or disable sign-in."""
        ...

    async def confirm_compromised(self, object_id: str) -> None:
        """Tell the provider's own risk engine that the account is compromised."""
        ...

    async def dismiss_risk(self, object_id: str) -> None:
        """Take that back. ``NotSupported`` when the provider has no risk engine."""
        ...


class AuthenticationMethods(Protocol):
    """The ways in which the accounts of one directory prove who they are."""

    async def list_methods(self, object_id: str) -> list[AuthenticationMethod]:
        """Return every registered method, the password included."""
        ...

    async def remove_method(self, object_id: str, method: AuthenticationMethod) -> None:
        """Remove one; ``NotFound`` when it is gone, ``PermanentError`` for a default method."""
        ...


class AccessPasses(Protocol):
    """Passes that let the owner of an account in once, to set a new password."""

    async def issue(self, object_id: str, *, minutes: int) -> AccessPass:
        """Make a pass for one use instead of any that is there.

        ``RetryableError`` says whether the answer was lost, ``PermanentError`` why there is none.
        """
        ...

    async def withdraw(self, object_id: str, pass_id: str) -> None:
        """Remove a pass; one that is gone is fine."""
        ...


class ConsentGrants(Protocol):
    """What accounts of one directory let applications do on their behalf."""

    async def list_grants(self, object_id: str) -> list[ConsentGrant]:
        """Return the account's own consents, and those for everybody that name it."""
        ...

    async def revoke_grant(self, object_id: str, grant: ConsentGrant) -> None:
        """Take one consent away; ``NotFound`` when it is gone."""
        ...

    async def restore_grant(self, object_id: str, grant: ConsentGrant) -> None:
        """Give the same consent again; ``Conflict`` when there is one for the application."""
        ...


class Mailbox(Protocol):
    """The mailboxes of the accounts."""

    async def list_rules(self, object_id: str) -> list[InboxRule]:
        """Return the inbox rules; ``NotFound`` when there is no mailbox here."""
        ...

    async def set_rule_enabled(self, object_id: str, rule_id: str, *, enabled: bool) -> None:
        """Switch one rule on or off, without changing anything else of it."""
        ...
