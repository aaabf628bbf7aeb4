"""Graph's reports: sign-ins and directory audits (from the tenant's log tables), registration."""

import json
from collections.abc import Callable
from typing import Any

from lab.simulators.exchange import Answer, Call, Operation
from lab.simulators.graph.directory import Directory, graph_error, made_up_id
from lab.simulators.graph.odata import collection, selected

type Tables = Callable[[str], list[dict[str, Any]]]
"""Gives the rows of a table as the tenant file holds them."""

_SIGN_IN_COLUMNS = {
    "id": "Id", "createdDateTime": "TimeGenerated", "userId": "UserId",
    "userPrincipalName": "UserPrincipalName", "userDisplayName": "UserDisplayName",
    "appId": "AppId", "appDisplayName": "AppDisplayName", "ipAddress": "IPAddress",
    "clientAppUsed": "ClientAppUsed", "userAgent": "UserAgent", "correlationId": "CorrelationId",
    "conditionalAccessStatus": "ConditionalAccessStatus", "isInteractive": "IsInteractive",
    "riskDetail": "RiskDetail", "riskLevelAggregated": "RiskLevelAggregated",
    "riskLevelDuringSignIn": "RiskLevelDuringSignIn", "riskState": "RiskState",
    "resourceDisplayName": "ResourceDisplayName",
}  # fmt: skip


class Reports:
    """Operations below ``/auditLogs`` and ``/reports``."""

    def __init__(self, directory: Directory, tables: Tables) -> None:
        self._directory = directory
        self._tables = tables

    def operations(self) -> dict[str, Operation]:
        """By operation id of the specification."""
        registration = "report.authenticationMethod"
        return {
            "auditLog_ListSignIn": Operation("signIns.list", self.sign_ins),
            "auditLog_GetSignIn": Operation("signIns.get", self.sign_in, "signIn-id"),
            "auditLog_ListDirectoryAudit": Operation("directoryAudits.list", self.audits),
            f"{registration}_GetUserRegistrationDetail": Operation(
                "userRegistrationDetails", self.registration, "userRegistrationDetails-id"
            ),
            f"{registration}_ListUserRegistrationDetail": Operation(
                "userRegistrationDetails.list", self.registrations
            ),
        }

    async def sign_ins(self, call: Call) -> Answer:
        """Interactive sign-ins, newest first, 1,000 a page."""
        return collection(call, self._sign_ins(), page=1000)

    async def sign_in(self, call: Call) -> Answer:
        """One sign-in."""
        wanted = call.params["signIn-id"]
        found = next((s for s in self._sign_ins() if s["id"] == wanted), None)
        if found is None:
            raise graph_error(404, "NotFound", "The sign-in was not found.")
        return Answer(200, selected(call, found, None))

    def _sign_ins(self) -> list[dict[str, Any]]:
        rows = self._tables("SigninLogs")
        items = [_sign_in(row, index) for index, row in enumerate(rows)]
        return sorted(items, key=lambda item: item.get("createdDateTime", ""), reverse=True)

    async def audits(self, call: Call) -> Answer:
        """Directory audits, newest first."""
        items = [_audit(row, index) for index, row in enumerate(self._tables("AuditLogs"))]
        items.sort(key=lambda item: item.get("activityDateTime", ""), reverse=True)
        return collection(call, items, page=1000)

    async def registration(self, call: Call) -> Answer:
        """One user's registration report."""
        account = self._directory.find(call.params["userRegistrationDetails-id"])
        if account is None or account.sections["registrationDetails"] is None:
            raise graph_error(404, "NotFound", "The user registration details were not found.")
        return Answer(200, selected(call, account.sections["registrationDetails"], None))

    async def registrations(self, call: Call) -> Answer:
        """Everybody's registration report."""
        users = self._directory.accounts.values()
        found = [a.sections["registrationDetails"] for a in users]
        return collection(call, [item for item in found if item])


def _sign_in(row: dict[str, Any], index: int) -> dict[str, Any]:
    item = {name: row.get(column) for name, column in _SIGN_IN_COLUMNS.items()}
    item["id"] = item["id"] or made_up_id("signIn", str(index))
    status = _object(row.get("Status"))
    code = str(row.get("ResultType") or status.get("errorCode") or "0")
    item["status"] = {
        "errorCode": int(code) if code.isdigit() else 0,
        "failureReason": row.get("ResultDescription") or status.get("failureReason"),
        "additionalDetails": status.get("additionalDetails"),
    }
    location = _object(row.get("LocationDetails"))
    kept = ("city", "state", "countryOrRegion", "geoCoordinates")
    item["location"] = {key: location[key] for key in kept if key in location}
    return {key: value for key, value in item.items() if value is not None}


def _audit(row: dict[str, Any], index: int) -> dict[str, Any]:
    item = {
        "id": row.get("Id") or made_up_id("audit", str(index)),
        "activityDateTime": row.get("ActivityDateTime") or row.get("TimeGenerated"),
        "activityDisplayName": row.get("ActivityDisplayName") or row.get("OperationName"),
        "category": row.get("Category"),
        "correlationId": row.get("CorrelationId"),
        "loggedByService": row.get("LoggedByService"),
        "result": row.get("Result") or "success",
        "resultReason": row.get("ResultReason"),
        "initiatedBy": _object(row.get("InitiatedBy")),
        "targetResources": _object(row.get("TargetResources")) or [],
    }
    return {key: value for key, value in item.items() if value is not None}


def _object(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in "{[":
        return json.loads(value)
    return value if isinstance(value, dict | list) else {}
