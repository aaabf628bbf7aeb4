"""The ``SignInLog`` port on Log Analytics: interactive and non-interactive sign-ins.

The two tables are asked in parallel, not in a ``union``: a table that a workspace does not have
would fail the whole union, and they disagree on column types (``Status``, ``DeviceDetail`` and
``LocationDetails`` are dynamic in one and text in the other), so both are projected to text.
"""

import asyncio
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
_TABLES = ("SigninLogs", "AADNonInteractiveUserSignInLogs")
_PROJECTION = """\
| top {most_rows} by TimeGenerated desc
| project TimeGenerated, CreatedDateTime, Id, CorrelationId, UserId, UserPrincipalName, IPAddress,
    ResultType, ResultDescription, AuthenticationRequirement, AuthenticationDetails,
    Status = tostring(Status), DeviceDetail = tostring(DeviceDetail),
    LocationDetails = tostring(LocationDetails), Location, AutonomousSystemNumber, AppDisplayName,
    ClientAppUsed, UserAgent, ConditionalAccessStatus, RiskLevelDuringSignIn, RiskState,
    AuthenticationProtocol, NetworkLocationDetails, SessionId, UniqueTokenIdentifier
"""


class SentinelLogs:
    """Sign-ins of one Log Analytics workspace."""

    def __init__(self, settings: Settings, read_tables: ReadTables) -> None:
        self._workspace = Workspace(settings)
        self._read_tables = read_tables

    async def get_sign_ins(
        self,
        *,
        object_id: str | None,
        user_principal_name: str | None,
        start: datetime,
        end: datetime,
    ) -> SignInLogResult:
        """Return the account's sign-ins in ``[start, end)``, oldest first, attempts not rows.

        A table that fails is named in ``incomplete``; only when both fail is the error raised.
        """
        parameters: Json = {"range_start": start, "range_end": end}
        conditions = []
        if object_id:
            parameters["object_id"] = object_id
            conditions.append("UserId =~ object_id")
        if user_principal_name:
            parameters["user_name"] = user_principal_name
            conditions.append("UserPrincipalName =~ user_name")
        if not conditions:
            raise PermanentError("no account to search sign-ins for", vendor=VENDOR)
        account = " or ".join(conditions)
        queries = {table: _query(table, account) for table in _TABLES}
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


def _query(table: str, account: str) -> str:
    return (
        f"{table}\n"
        "| where TimeGenerated >= range_start and TimeGenerated < range_end\n"
        f"| where {account}\n" + _PROJECTION.format(most_rows=MOST_ROWS)
    )


def _missing(table: str, answer: QueryResult) -> list[str]:
    """Return what is missing of a table's answer."""
    missing = []
    if answer.partial:
        missing.append(f"{table}: Log Analytics gave a partial answer ({answer.detail})")
    if len(answer.rows) >= MOST_ROWS:
        missing.append(f"{table}: only the newest {MOST_ROWS} rows were read")
    return missing
