"""Ports: what the playbook needs from the outside world, as Protocols.

Providers (``shared/providers``) implement them, ``shared/bootstrap.py`` wires them, activities and
triggers call them. Every method may raise the errors of ``shared.errors``; each adapter has a
deadline on every call, honours ``Retry-After`` within it and never raises a vendor's own exception.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from shared.models.base import Json
from shared.models.device import Device, DeviceAction
from shared.models.directory import (
    AccountState,
    DirectoryUser,
    GeoLocation,
    Memberships,
    MfaRegistration,
    ReputationReport,
    UserRisk,
)
from shared.models.message import (
    BlockState,
    EvidenceItem,
    Notification,
    NotificationReceipt,
    Ticket,
    TicketReference,
)
from shared.models.persistence import AuthenticationMethod, ConsentGrant, InboxRule
from shared.models.query import CasePage, QueryResult
from shared.models.signin import SignIn, SignInLogResult


class Directory(Protocol):
    """The identity provider: reads about an account and contains it."""

    name: str
    """``entra`` or ``okta``: how cases, payloads and the other ports call it."""

    async def get_user(self, user_id: str) -> DirectoryUser:
        """Return the account by object id or user principal name; ``NotFound`` if there is none."""
        ...

    async def get_memberships(self, object_id: str) -> Memberships:
        """Return transitive groups and directory roles."""
        ...

    async def get_mfa_registration(self, object_id: str) -> MfaRegistration:
        """Return which authentication methods are registered."""
        ...

    async def get_risk(self, object_id: str) -> UserRisk | None:
        """Return the account's risk, or ``None`` when the provider has no opinion."""
        ...

    async def get_state(self, object_id: str) -> AccountState:
        """Return the facts that containment changes, fresh, for before-state and read-back."""
        ...

    async def revoke_sessions(self, object_id: str) -> None:
        """Invalidate refresh tokens and session cookies. Idempotent in effect."""
        ...

    async def reset_password(self, object_id: str) -> None:
        """Replace the password by a long random one that nobody learns, change forced.

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


type ReadTables = Callable[[Mapping[str, Sequence[Json]]], tuple[list[SignIn], dict[str, int]]]
"""Turns the rows of sign-in tables into attempts, and counts each table's unreadable rows.

Adapters are given it: what a row means is the playbook's to say, fetching it is theirs.
"""


class SignInLog(Protocol):
    """The sign-in log."""

    async def get_sign_ins(
        self,
        *,
        object_id: str | None,
        user_principal_name: str | None,
        start: datetime,
        end: datetime,
    ) -> SignInLogResult:
        """Return the account's sign-ins in ``[start, end)``, oldest first, attempts not rows."""
        ...


class Siem(Protocol):
    """The security event store and its incidents."""

    async def run_query(
        self, query: str, *, parameters: Json, start: datetime, end: datetime
    ) -> QueryResult:
        """Run a KQL query; ``parameters`` become escaped ``let`` literals in front of it."""
        ...

    async def get_incident(self, incident_id: str) -> Json:
        """Return the incident as the SIEM has it now (seed 000 ``get_case_full_details``)."""
        ...

    async def comment_on_incident(self, incident_id: str, *, key: str, text: str) -> None:
        """Add a comment (Markdown allowed); the same ``key`` again replaces it."""
        ...


class Reputation(Protocol):
    """One threat-intelligence source."""

    name: str

    async def lookup(self, address: str) -> ReputationReport:
        """Return the source's opinion on an address."""
        ...


class GeoLocator(Protocol):
    """Where addresses are."""

    async def locate(self, address: str) -> GeoLocation:
        """Return location and network; all fields ``None`` when the database has no entry."""
        ...


class Firewall(Protocol):
    """A firewall that can block a source address."""

    name: str

    async def block(self, address: str) -> BlockState:
        """Ask for the block and return at once; ``provisioned`` may still be false."""
        ...

    async def get_block(self, address: str) -> BlockState:
        """Return whether the address is blocked and the firewall has put it in force."""
        ...

    async def unblock(self, address: str) -> BlockState:
        """Lift the block; ``present`` is false afterwards."""
        ...


class Endpoint(Protocol):
    """Endpoint protection (EDR): an account's devices and the orders they are given.

    An order is taken at once and carried out by the device later; ``comment`` names the case and
    finds the order again when its answer was lost.
    """

    name: str

    async def list_devices(self, account: str) -> list[Device]:
        """Return the devices the account is known on, with who was on each; empty if none."""
        ...

    async def scan(self, device: Device, *, comment: str) -> DeviceAction:
        """Order a quick scan, or return the one that is under way."""
        ...

    async def isolate(self, device: Device, *, comment: str) -> DeviceAction:
        """Order isolation from the network, or return the order that is under way."""
        ...

    async def release(self, device_id: str, *, comment: str) -> DeviceAction:
        """Order the end of isolation, or return the order that is under way."""
        ...

    async def list_actions(self, device_id: str) -> list[DeviceAction]:
        """Return the device's latest orders, newest first, whoever gave them."""
        ...

    async def get_action(self, action_id: str) -> DeviceAction:
        """Return how far an order is."""
        ...


class EvidenceStore(Protocol):
    """Where evidence is kept. Items are named within a case and never overwritten with others."""

    async def put(
        self, case_id: str, name: str, content: bytes, *, content_type: str, source: str
    ) -> EvidenceItem:
        """Store one item and return its reference and hash."""
        ...

    async def put_rows(
        self,
        case_id: str,
        name: str,
        rows: Sequence[Json],
        *,
        source: str,
        query: str,
        start: datetime,
        end: datetime,
    ) -> EvidenceItem:
        """Store rows as gzip-compressed JSON Lines and return the item's reference and hash."""
        ...

    async def get(self, case_id: str, name: str) -> bytes:
        """Return an item's bytes as stored; ``NotFound`` if there is none."""
        ...


class CaseStore(Protocol):
    """Where case records are kept."""

    async def load(self, case_id: str) -> tuple[Json, str] | None:
        """Return the record and its ETag, or ``None`` when there is none."""
        ...

    async def save(self, case_id: str, record: Json, *, etag: str | None) -> str:
        """Write the record; ``etag=None`` creates. ``Conflict`` when somebody was faster."""
        ...

    async def claim(self, case_id: str, name: str, facts: Json) -> Json | None:
        """Record that ``name`` is about to be done; ``None`` for the first to do so.

        A later claim of the same name changes nothing and returns the facts of the first one:
        that is how a redelivered activity learns that it has been tried before.
        """
        ...

    async def get_claim(self, case_id: str, name: str) -> Json | None:
        """Return the facts of a claim, or ``None`` when nobody has claimed it."""
        ...

    async def list_cases(self, *, page_size: int, token: str | None) -> CasePage:
        """Return one page of case summaries; ``token`` comes from the page before."""
        ...


class OpenCases(Protocol):
    """Which case answers for an account now, and the incidents that wait to join a case.

    A claim is ``{"case_id", "opened_at", "case": CaseRequest}``. A waiting incident is named so
    that names in order are incidents in order of weight (``shared.playbook.joining.waiting_name``).
    """

    async def claim(self, account_key: str, claim: Json) -> Json | None:
        """Make a case the account's open one; ``None`` when it is, else the claim that is there."""
        ...

    async def holder(self, account_key: str) -> Json | None:
        """Return the claim of the account's open case, or ``None``."""
        ...

    async def release(self, account_key: str, case_id: str) -> None:
        """End the claim if it is still this case's; a later case's claim is left alone."""
        ...

    async def put_joining(self, case_id: str, name: str, incident: Json) -> None:
        """Let an incident wait for the case; under the same name again it changes nothing."""
        ...

    async def list_joining(self, case_id: str) -> list[str]:
        """Return the names of waiting incidents, in order; a bounded number at a time."""
        ...

    async def get_joining(self, case_id: str, name: str) -> Json | None:
        """Return one waiting incident, ``None`` when it has been taken away."""
        ...

    async def drop_joining(self, case_id: str, name: str) -> None:
        """Take a waiting incident away; one that is not there is fine."""
        ...


class Ticketing(Protocol):
    """An ITSM or SOAR ticketing system."""

    name: str

    async def upsert(self, ticket: Ticket) -> TicketReference:
        """Create the ticket, or add ``work_note`` to the one with the same correlation id."""
        ...


class Notifier(Protocol):
    """One channel to analysts."""

    channel: str

    async def notify(self, notification: Notification) -> NotificationReceipt:
        """Deliver the message, or update the earlier one named by ``reference``."""
        ...
