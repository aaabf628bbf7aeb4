"""Ports of what is known: sign-ins, events and incidents, reputation, location."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from shared.models.base import Json
from shared.models.directory import GeoLocation, ReputationReport
from shared.models.query import QueryLanguage, QueryResult
from shared.models.signin import SignIn, SignInLogResult
from shared.models.trusted import TrustedLocations

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

    language: QueryLanguage
    """What its queries are written in; whoever asks has to have them in it."""

    async def run_query(
        self, query: str, *, parameters: Json, start: datetime, end: datetime
    ) -> QueryResult:
        """Run a query; ``parameters`` become escaped literals.

        KQL has them as ``let`` statements in front of it, UDM where it says ``${name}``. Rows have
        their time as ``TimeGenerated``; those of UDM are otherwise events as Google writes them.
        """
        ...

    async def get_incident(self, incident_id: str) -> Json:
        """Return the incident as the SIEM has it now (seed 000 ``get_case_full_details``).

        Of ``properties`` these are read: ``status``, ``owner.assignedTo`` and, in
        ``additionalData``, ``commentsCount`` and ``alertsCount``. ``NotSupported`` when the id is
        not one of this SIEM's.
        """
        ...

    def takes_comments_on(self, incident_id: str) -> bool:
        """Whether the id is an incident of this SIEM's whose comments are ours to write."""
        ...

    async def comment_on_incident(self, incident_id: str, *, key: str, text: str) -> None:
        """Add a comment (Markdown allowed); the same ``key`` again adds no second one.

        ``NotSupported`` when the id is not one of this SIEM's.
        """
        ...

    async def look_up_account(self, name: str, *, start: datetime, end: datetime) -> Json | None:
        """Return what the SIEM itself says about an account (seed 000 ``lookup_entity``).

        ``first_seen``, ``last_seen``, ``alerts`` (rule to count); ``None`` when it knows nothing,
        or keeps no such summary.
        """
        ...


class Reputation(Protocol):
    """One threat-intelligence source."""

    name: str
    tells_common_services: bool
    """Whether it knows addresses that many share and that must not be blocked."""

    async def lookup(self, address: str) -> ReputationReport:
        """Return the source's opinion on an address."""
        ...


class GeoLocator(Protocol):
    """Where addresses are."""

    async def locate(self, address: str) -> GeoLocation:
        """Return location and network; all fields ``None`` when the database has no entry."""
        ...


class TrustedNetworks(Protocol):
    """The networks that the organisation itself trusts."""

    async def list_trusted(self) -> TrustedLocations:
        """Return them all, and as of when; they may be some minutes old."""
        ...
