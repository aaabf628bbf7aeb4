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
from shared.models.signin import SignIn, SignInLogResult
from shared.playbook.sign_ins.collapse import collapse
from shared.playbook.sign_ins.shapes import Shape, try_read
from shared.playbook.sign_ins.shapes.row import Row
from shared.providers.sentinel.workspace import VENDOR, Workspace
from shared.settings import Settings

MOST_ROWS = 10_000
"""Rows of one table in one answer; the newest are kept. One account seldom has more in 30 days."""
_TABLES = (Shape.SIGNIN_LOGS, Shape.NON_INTERACTIVE)
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

    def __init__(self, settings: Settings) -> None:
        self._workspace = Workspace(settings)

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
        result = _combine(dict(zip(queries, answers, strict=True)))
        text = let_statements(parameters) + "\n".join(queries.values())
        return result.model_copy(update={"query": text})


def _query(table: Shape, account: str) -> str:
    return (
        f"{table}\n"
        "| where TimeGenerated >= range_start and TimeGenerated < range_end\n"
        f"| where {account}\n" + _PROJECTION.format(most_rows=MOST_ROWS)
    )


def _combine(answers: dict[Shape, QueryResult | BaseException]) -> SignInLogResult:
    events: list[SignIn] = []
    incomplete: list[str] = []
    rows = 0
    for table, answer in answers.items():
        if isinstance(answer, TourniquetError):
            incomplete.append(f"{table} could not be read: {answer.describe()}")
        elif isinstance(answer, BaseException):
            raise answer
        else:
            rows += len(answer.rows)
            incomplete += _read(table, answer, events)
    failures = [answer for answer in answers.values() if isinstance(answer, TourniquetError)]
    if len(failures) == len(answers):
        raise failures[0]
    return SignInLogResult(events=collapse(events), incomplete=incomplete, rows=rows)


def _read(table: Shape, answer: QueryResult, events: list[SignIn]) -> list[str]:
    """Add a table's sign-ins to ``events`` and return what is missing of them."""
    incomplete = []
    if answer.partial:
        incomplete.append(f"{table}: Log Analytics gave a partial answer ({answer.detail})")
    if len(answer.rows) >= MOST_ROWS:
        incomplete.append(f"{table}: only the newest {MOST_ROWS} rows were read")
    unusable = 0
    for columns in answer.rows:
        event = try_read(table, Row(columns))
        if event is None:
            unusable += 1
        else:
            events.append(event)
    if unusable:
        incomplete.append(f"{table}: {unusable} rows could not be understood")
    return incomplete
