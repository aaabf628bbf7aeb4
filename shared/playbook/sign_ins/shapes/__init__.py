"""Sign-ins out of every log that carries them: one reader, one model (``SignIn``).

Each shape has a function that reads a row of it; ``read_sign_in`` recognises the shape. A row that
cannot be read never stops the others and raises nothing.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from shared.models.base import Json
from shared.models.signin import SignIn
from shared.playbook.sign_ins.shapes.event_hub import USER_CATEGORIES, read_event_hub
from shared.playbook.sign_ins.shapes.graph import read_graph
from shared.playbook.sign_ins.shapes.log_analytics import read_non_interactive, read_signin_logs
from shared.playbook.sign_ins.shapes.okta import is_okta_sign_in, read_okta
from shared.playbook.sign_ins.shapes.okta_columns import read_okta_columns
from shared.playbook.sign_ins.shapes.okta_v2 import read_okta_v2
from shared.playbook.sign_ins.shapes.pingid import is_pingid_answer, read_pingid
from shared.playbook.sign_ins.shapes.portal import has_portal_columns, read_portal
from shared.playbook.sign_ins.shapes.row import Row
from shared.playbook.sign_ins.shapes.udm import read_udm
from shared.playbook.sign_ins.shapes.unified_audit_log import (
    OPERATIONS,
    audit_record,
    read_unified_audit_log,
)

__all__ = ["READERS", "Reading", "Shape", "read_sign_in", "recognise", "try_read"]


class Shape(StrEnum):
    """The shapes a sign-in arrives in, by the name their vendor uses."""

    SIGNIN_LOGS = "SigninLogs"
    NON_INTERACTIVE = "AADNonInteractiveUserSignInLogs"
    GRAPH = "Graph signIn"
    UNIFIED_AUDIT_LOG = "unified audit log"
    EVENT_HUB = "Event Hub record"
    OKTA = "Okta system log"
    OKTA_COLUMNS = "Okta_CL"
    OKTA_V2 = "OktaV2_CL"
    PINGID = "PingID"
    PORTAL = "reduced CSV"
    UDM = "UDM"


class Reading(NamedTuple):
    """What came of one row."""

    shape: Shape | None
    """``None``: the row is not a sign-in of any known shape (an audit event, another table)."""
    sign_in: SignIn | None
    """``None`` with a shape: the row is a sign-in that cannot be read."""


READERS: dict[Shape, Callable[[Row], SignIn | None]] = {
    Shape.SIGNIN_LOGS: read_signin_logs,
    Shape.NON_INTERACTIVE: read_non_interactive,
    Shape.GRAPH: read_graph,
    Shape.UNIFIED_AUDIT_LOG: read_unified_audit_log,
    Shape.EVENT_HUB: read_event_hub,
    Shape.OKTA: read_okta,
    Shape.OKTA_COLUMNS: read_okta_columns,
    Shape.OKTA_V2: read_okta_v2,
    Shape.PINGID: read_pingid,
    Shape.PORTAL: read_portal,
    Shape.UDM: read_udm,
}
_ENTRA_ONLY = (
    "CorrelationId",
    "AuthenticationRequirement",
    "ConditionalAccessStatus",
    "LocationDetails",
    "OriginalRequestId",
)


def read_sign_in(record: Json, *, row_id: str | None = None) -> Reading:
    """Read a row of any known shape.

    Args:
        record: the row, out of its envelope (see ``envelopes.unwrap``).
        row_id: identifies the row where the log has no identifier, so that two equal rows of a
            file are two sign-ins.
    """
    row = Row(record, row_id=row_id)
    shape = recognise(row)
    return Reading(shape, try_read(shape, row) if shape else None)


def try_read(shape: Shape, row: Row) -> SignIn | None:
    """Return a row's sign-in, or ``None`` when the row cannot be read."""
    try:
        return READERS[shape](row)
    except (ValueError, OverflowError):
        return None


def recognise(row: Row) -> Shape | None:
    """Return the shape of a row that tells of a person's sign-in, else ``None``."""
    if "properties" in row and "category" in row:
        category = (row.text("category") or "").lower()
        return Shape.EVENT_HUB if category in USER_CATEGORIES else None
    if "Operation" in row or "AuditData" in row:
        operation = audit_record(row).text("Operation") or row.text("Operations") or ""
        return Shape.UNIFIED_AUDIT_LOG if operation.lower() in OPERATIONS else None
    if "eventType" in row:
        if not is_okta_sign_in(row.text("eventType") or ""):
            return None
        return Shape.OKTA_COLUMNS if "actor_alternateId" in row else Shape.OKTA
    if "EventOriginalType" in row and "OriginalOutcomeResult" in row:
        return Shape.OKTA_V2 if is_okta_sign_in(row.text("EventOriginalType") or "") else None
    if "recorded" in row and "actors" in row:
        return Shape.PINGID if is_pingid_answer(row) else None
    return _recognise_entra(row)


def _recognise_entra(row: Row) -> Shape | None:
    table = (row.text("Type", "Category") or "").lower()
    if "noninteractiveusersigninlogs" in table:
        return Shape.NON_INTERACTIVE
    if table not in ("", "signinlogs"):
        return None
    if "createdDateTime" in row and "userPrincipalName" in row and "ResultType" not in row:
        return Shape.GRAPH if "status" in row and "ipAddress" in row else None
    if "ResultType" in row and "IPAddress" in row and any(name in row for name in _ENTRA_ONLY):
        return Shape.SIGNIN_LOGS
    windows_event = "EventID" in row
    return Shape.PORTAL if has_portal_columns(row) and not windows_event else None
