"""What the directory's audit log says about registrations and consents.

The queries get ``userId``, the account's object id, as a ``let`` literal. Names of operations:
Microsoft Entra audit activity reference (Authentication Methods, Core Directory). The log lags by
some minutes.
"""

import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.models.base import Json, UtcDatetime

REGISTRATIONS = """AuditLogs
| where OperationName has "security info"
| extend Target = tostring(TargetResources)
| where Target contains userId
| project TimeGenerated, OperationName, Result, ResultReason
| order by TimeGenerated asc
| take 500
"""
CONSENTS = """AuditLogs
| where OperationName in~ ("Consent to application", "Add delegated permission grant")
| extend Initiator = tostring(InitiatedBy), Target = tostring(TargetResources)
| where Initiator contains userId or Target contains userId
| project TimeGenerated, OperationName, Result, Target
| order by TimeGenerated asc
| take 500
"""
MOST_ROWS = 500
"""The queries' own limit: with so many rows, some may be missing."""

_KINDS = (
    ("authenticator app with code", "softwareOath"),
    ("authenticator", "microsoftAuthenticator"),
    ("passkey", "fido2"),
    ("fido", "fido2"),
    ("windows hello", "windowsHelloForBusiness"),
    ("temporary access pass", "temporaryAccessPass"),
    ("email", "email"),
    ("phone", "phone"),
    ("sms", "phone"),
)
"""Words of ``ResultReason`` and the kind of method they mean; the first that fits counts."""


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore")

    at: UtcDatetime = Field(alias="TimeGenerated")
    operation: str = Field("", alias="OperationName")
    result: str | None = Field(None, alias="Result")
    reason: str | None = Field(None, alias="ResultReason")
    target: str | None = Field(None, alias="Target")

    @property
    def failed(self) -> bool:
        return "fail" in (self.result or "").lower()


class Registration(BaseModel):
    """One change of the account's security information."""

    model_config = ConfigDict(frozen=True)

    at: UtcDatetime
    change: str
    """``registered``, ``deleted`` or ``updated``."""
    kind: str | None
    """Kind of method, ``None`` when the log's words mean none that the directory lists."""
    words: str


class Consent(BaseModel):
    """One consent."""

    model_config = ConfigDict(frozen=True)

    at: UtcDatetime
    text: str
    """Everything the log says about it, in lower case."""
    application: str | None
    """Name of the application, where the log has it."""
    for_everyone: bool


def read_registrations(rows: Sequence[Json]) -> list[Registration]:
    """Return the changes that succeeded, oldest first; what only began is none."""
    found = []
    for row in _rows(rows):
        words = (row.operation or "").lower()
        change = next((one for one in ("registered", "deleted", "updated") if one in words), None)
        if change is None or "all required" in words:
            continue
        reason = row.reason or row.operation
        kind = next((kind for part, kind in _KINDS if part in reason.lower()), None)
        found.append(Registration(at=row.at, change=change, kind=kind, words=reason))
    return found


def read_consents(rows: Sequence[Json]) -> list[Consent]:
    """Return the consents that succeeded, oldest first."""
    return [
        Consent(
            at=row.at,
            text=(row.target or "").lower(),
            application=_application(row),
            for_everyone=_is_for_everyone(row.target or ""),
        )
        for row in _rows(rows)
    ]


def _rows(rows: Sequence[Json]) -> list[_Row]:
    found = []
    for row in rows:
        try:
            one = _Row.model_validate({name: _text(value) for name, value in row.items()})
        except ValidationError:
            continue
        if not one.failed:
            found.append(one)
    return sorted(found, key=lambda one: one.at)


def _text(value: Any) -> Any:
    """Columns that hold objects arrive parsed from some engines, as text from others."""
    return json.dumps(value) if isinstance(value, dict | list) else value


def _application(row: _Row) -> str | None:
    """The consent's target is the application; of a grant it is the interface called."""
    if "consent" not in row.operation.lower():
        return None
    try:
        targets = json.loads(row.target or "[]")
        name = targets[0].get("displayName")
    except (ValueError, RecursionError, LookupError, AttributeError):
        return None
    return str(name) if name else None


def _is_for_everyone(target: str) -> bool:
    """``ConsentType: AllPrincipals``, or the property ``ConsentContext.OnBehalfOfAll`` true."""
    if "allprincipals" in target.lower():
        return True
    try:
        targets = json.loads(target or "[]")
        changes = [one for each in targets for one in each.get("modifiedProperties") or ()]
        return any(
            "onbehalfofall" in str(one.get("displayName")).lower()
            and "true" in str(one.get("newValue")).lower()
            for one in changes
        )
    except (ValueError, RecursionError, AttributeError, TypeError):
        return False
