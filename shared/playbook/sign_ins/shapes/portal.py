"""Reduced tables: the Entra portal's CSV download, and CSV files with a few columns of their own.

Recognised by what every sign-in has, a time, an account, an address and a result, under the names
that such files use. A result in words becomes the code that means the same.
"""

from shared.models.signin import MfaResult, SignIn
from shared.playbook.sign_ins.shapes.entra import UNKNOWN_RESULT, make_id, result_code
from shared.playbook.sign_ins.shapes.row import Row

TIME = ("TimeGenerated", "CreatedDateTime", "Date (UTC)", "timestamp", "Login Timestamp", "time")
USER = ("UserPrincipalName", "username", "User ID", "user", "account")
ADDRESS = ("IPAddress", "IP Address", "src_ip", "source_ip", "client_ip", "ip")
RESULT = ("Sign-in error code", "ResultType", "result", "Status", "Login Successful")

_SUCCEEDED = frozenset({"0", "success", "succeeded", "true", "successful login", "ok"})
_WRONG_PASSWORD = frozenset(
    {"failure", "failed", "false", "failed login", "invalid password", "bad password"}
)
_INTERRUPTED = "50074"
"""What "Interrupted" stands for in the portal: asked for something that was not given."""


def has_portal_columns(row: Row) -> bool:
    """Whether a row has a time, an account, an address and a result."""
    return all(any(name in row for name in names) for names in (TIME, USER, ADDRESS, RESULT))


def read_portal(row: Row) -> SignIn | None:
    """Return the sign-in of a reduced row, ``None`` without a usable time.

    Raises:
        ValueError: the row has a value that no sign-in can have.
    """
    at = row.time(*TIME)
    if at is None:
        return None
    code = _code(row)
    user, address = row.text(*USER), row.address(*ADDRESS)
    city, country = _place(row)
    return SignIn(
        id=row.text("Request ID", "Id") or make_id(row, at, user, address, code),
        at=at,
        user_id=row.text("User ID", "UserId"),
        user_principal_name=user,
        address=address,
        result_code=code,
        result_description=row.text("Failure reason", "ResultDescription") or "",
        interactive="noninteractive" not in (row.text("Category", "Type") or "").lower(),
        country=country,
        city=city,
        asn=row.integer("ASN"),
        app=row.text("Application", "AppDisplayName", "app"),
        client_app=row.text("Client app", "ClientAppUsed"),
        user_agent=row.text("User agent", "User Agent String"),
        device_id=row.text("Device ID"),
        device_compliant=row.truth("Compliant"),
        operating_system=row.text("Operating System", "OS Name and Version", "DeviceDetail"),
        browser=row.text("Browser", "Browser Name and Version"),
        authentication_requirement=row.text("Authentication requirement"),
        mfa_result=_mfa(row, code),
        conditional_access_status=row.text("Conditional Access"),
        risk_level=row.text("RiskLevelDuringSignIn", "RiskLevel"),
        correlation_id=row.text("Correlation ID"),
        notes=row.notes,
    )


def _code(row: Row) -> str:
    for name in RESULT:
        value = row.value(name)
        word = str(value).strip().lower() if value is not None else ""
        if word in _SUCCEEDED:
            return "0"
        if word in _WRONG_PASSWORD:
            return "50126"
        if word == "interrupted":
            return _INTERRUPTED
        code = result_code(value)
        if code is not None and code.isdecimal():
            return code
    row.notes.append("the row has no result")
    return UNKNOWN_RESULT


def _place(row: Row) -> tuple[str | None, str | None]:
    """Return city and country; the portal writes ``City, State, CC`` into one column."""
    place = row.text("Location")
    parts = [part.strip() for part in (place or "").split(",")]
    if len(parts) > 1:
        return parts[0] or None, row.text("Country") or parts[-1] or None
    country = row.text("Country")
    return (row.text("City") or (place if country else None)), country or place


def _mfa(row: Row, code: str) -> MfaResult:
    """Return what the portal's own columns say; most reduced files have neither."""
    word = (row.text("Multifactor authentication result") or "").lower()
    if "claim" in word or "previously" in word:
        return MfaResult.SATISFIED_BY_CLAIM
    if "denied" in word or code in ("500121", _INTERRUPTED):
        return MfaResult.DENIED
    if "completed" in word or "satisfied" in word:
        return MfaResult.SATISFIED
    asked = (row.text("Authentication requirement") or "").lower().replace("-", "").replace(" ", "")
    single = asked in ("singlefactorauthentication", "singlefactor")
    return MfaResult.NOT_REQUIRED if single and code == "0" else MfaResult.UNKNOWN
