"""The ``SignInLog`` port on Log Analytics: interactive and non-interactive sign-ins, and Okta's.

The tables are asked in parallel, not in a ``union``: a table that a workspace does not have
would fail the whole union, and they disagree on column types (``Status``, ``DeviceDetail`` and
``LocationDetails`` are dynamic in one and text in the other), so both are projected to text.
Okta's table is asked when Okta is configured: Sentinel's connector fills it.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.errors import PermanentError, TourniquetError
from shared.kql import let_statements
from shared.models.base import Json
from shared.models.query import QueryResult
from shared.models.signin import SignInLogResult
from shared.ports import ReadTables
from shared.providers.sentinel.workspace import VENDOR, Workspace
from shared.settings import Settings

MOST_ROWS = 10_000
"""Rows of one table in one answer; the newest are kept. One account seldom has more in 30 days."""
_ENTRA_PROJECTION = """\
| project TimeGenerated, CreatedDateTime, Id, CorrelationId, UserId, UserPrincipalName, IPAddress,
    ResultType, ResultDescription, AuthenticationRequirement, AuthenticationDetails,
    Status = tostring(Status), DeviceDetail = tostring(DeviceDetail),
    LocationDetails = tostring(LocationDetails), Location, AutonomousSystemNumber, AppDisplayName,
    ClientAppUsed, UserAgent, ConditionalAccessStatus, RiskLevelDuringSignIn, RiskState,
    AuthenticationProtocol, NetworkLocationDetails, SessionId, UniqueTokenIdentifier
"""
_OKTA_PROJECTION = """\
| project TimeGenerated, EventOriginalUid, EventOriginalType, OriginalOutcomeResult,
    EventOriginalResultDetails, OriginalUserId, OriginalActorAlternateId, SrcIpAddr, SrcGeoCountry,
    SrcGeoCity, SrcGeoLatitude, SrcGeoLongtitude, SecurityContextAsNumber, HttpUserAgent, SrcDvcOs,
    ActingAppName, ActorSessionId, TransactionId, DebugData = tostring(DebugData),
    OriginalTarget = tostring(OriginalTarget)
"""


@dataclass(frozen=True)
class _Table:
    """A table of sign-ins: which columns say whose, and what is read of it."""

    name: str
    user_id: str
    user_name: str
    projection: str
    event: str | None = None
    """Column of the kind of event, where the table holds others too."""

    def query(self, conditions: Mapping[str, str]) -> str:
        """Return the query; ``conditions`` are ``id`` and ``name`` to the parameter's name."""
        columns = {"id": self.user_id, "name": self.user_name}
        account = " or ".join(f"{columns[kind]} =~ {name}" for kind, name in conditions.items())
        kinds = (
            f'| where {self.event} == "user.session.start"'
            f' or {self.event} startswith "user.authentication."\n'
            if self.event
            else ""
        )
        return (
            f"{self.name}\n"
            "| where TimeGenerated >= range_start and TimeGenerated < range_end\n"
            f"| where {account}\n{kinds}"
            f"| top {MOST_ROWS} by TimeGenerated desc\n{self.projection}"
        )


_ENTRA_TABLES = tuple(
    _Table(name, "UserId", "UserPrincipalName", _ENTRA_PROJECTION)
    for name in ("SigninLogs", "AADNonInteractiveUserSignInLogs")
)
_OKTA_TABLES = {
    "OktaV2_CL": _Table(
        "OktaV2_CL",
        "OriginalUserId",
        "OriginalActorAlternateId",
        _OKTA_PROJECTION,
        event="EventOriginalType",
    ),
    # A table of the older connector has only the columns that its rows brought: all are read.
    "Okta_CL": _Table("Okta_CL", "actor_id_s", "actor_alternateId_s", "", event="eventType_s"),
}


class SentinelLogs:
    """Sign-ins of one Log Analytics workspace."""

    def __init__(self, settings: Settings, read_tables: ReadTables) -> None:
        self._workspace = Workspace(settings)
        self._read_tables = read_tables
        okta = (_OKTA_TABLES[settings.okta_log_table],) if settings.okta_url else ()
        self._tables = (*_ENTRA_TABLES, *okta)

    async def get_sign_ins(
        self,
        *,
        object_id: str | None,
        user_principal_name: str | None,
        start: datetime,
        end: datetime,
    ) -> SignInLogResult:
        """Return the account's sign-ins in ``[start, end)``, oldest first, attempts not rows.

        A table that fails is named in ``incomplete``; only when all fail is the error raised.
        """
        parameters: Json = {"range_start": start, "range_end": end}
        conditions: dict[str, str] = {}
        if object_id:
            parameters["object_id"] = object_id
            conditions["id"] = "object_id"
        if user_principal_name:
            parameters["user_name"] = user_principal_name
            conditions["name"] = "user_name"
        if not conditions:
            raise PermanentError("no account to search sign-ins for", vendor=VENDOR)
        queries = {table.name: table.query(conditions) for table in self._tables}
        answers = await asyncio.gather(
            *(
                self._workspace.query(table, kql, parameters, start=start, end=end)
                for table, kql in queries.items()
            ),
            return_exceptions=True,
        )
        result = self._combine(dict(zip(queries, answers, strict=True)))
        text = let_statements(parameters) + "\n".join(queries.values())
        return result.model_copy(update={"query": text})

    def _combine(self, answers: dict[str, QueryResult | BaseException]) -> SignInLogResult:
        read: dict[str, list[Json]] = {}
        incomplete: list[str] = []
        failures: list[TourniquetError] = []
        for table, answer in answers.items():
            if isinstance(answer, TourniquetError):
                failures.append(answer)
                incomplete.append(f"{table} could not be read: {answer.describe()}")
            elif isinstance(answer, BaseException):
                raise answer
            else:
                read[table] = answer.rows
                incomplete += _missing(table, answer)
        if not read:
            raise failures[0]
        events, unreadable = self._read_tables(read)
        incomplete += [
            f"{table}: {count} rows could not be understood"
            for table, count in unreadable.items()
            if count
        ]
        rows = sum(map(len, read.values()))
        return SignInLogResult(events=events, incomplete=incomplete, rows=rows)


def _missing(table: str, answer: QueryResult) -> list[str]:
    """Return what is missing of a table's answer."""
    missing = []
    if answer.partial:
        missing.append(f"{table}: Log Analytics gave a partial answer ({answer.detail})")
    if len(answer.rows) >= MOST_ROWS:
        missing.append(f"{table}: only the newest {MOST_ROWS} rows were read")
    return missing
