"""Sign-ins in the Microsoft 365 unified audit log: ``UserLoggedIn`` and ``UserLoginFailed``.

The record comes as it is (Management Activity API), or as the ``AuditData`` text of a CSV export of
``Search-UnifiedAuditLog``. It names no place. Source: Office 365 Management Activity API schema,
"Azure Active Directory Secure Token Service (STS) logon"; the bits of ``UserAuthenticationMethod``
are Sekoia's findings of 2025 ("Decoding UserAuthenticationMethod"), Microsoft documents none.
"""

from shared.models.signin import MfaResult, SignIn
from shared.playbook.sign_ins.shapes.entra import UNKNOWN_RESULT, make_id, result_code
from shared.playbook.sign_ins.shapes.mfa import mfa_result
from shared.playbook.sign_ins.shapes.row import Row

LOGGED_IN, FAILED = "userloggedin", "userloginfailed"
OPERATIONS = frozenset({LOGGED_IN, FAILED})

LOGON_ERRORS: dict[str, str] = {
    "invalidusernameorpassword": "50126",
    "idslocked": "50053",
    "invalidpasswordexpiredpassword": "50055",
    "invalidpasswordnopassword": "50056",
    "userdisabled": "50057",
    "useraccountnotfound": "50034",
    "userstrongauthenrollmentrequiredinterrupt": "50072",
    "userstrongauthclientauthnrequiredinterrupt": "50074",
    "userstrongauthclientauthnrequired": "50076",
    "userstrongauthenrollmentrequired": "50079",
    "externalsecuritychallenge": "50158",
    "authenticationfailedstrongauthenticationrequest": "500121",
    "authenticationfailedsasrequest": "500121",
    "blockedbyconditionalaccess": "53003",
    "devicenotcompliant": "53000",
    "devicenotdomainjoined": "53001",
}
"""``LogonError`` of records without ``ErrorNumber``, as Entra's error code reference names them."""

METHODS: dict[int, str] = {
    0: "Password",
    1: "Temporary Access Pass",
    2: "Seamless SSO",
    3: "Pass-through Authentication",
    4: "Password Hash Sync",
    6: "Passwordless phone sign-in",
    18: "Windows Hello for Business",
    19: "QR code",
    20: "SMS sign-in",
    21: "X.509 Certificate",
    23: "Platform credential for macOS",
    24: "QR code PIN",
    25: "Passkey (device-bound)",
    27: "Email verification code",
}
"""Bits of ``UserAuthenticationMethod`` to the method used first."""
_TWO_FACTORS_IN_ONE = frozenset({6, 18, 21, 23, 25})
"""Methods that are a second factor by themselves."""
_SECOND_FACTOR_REQUEST = "sas:"
"""``RequestType`` of the step that Entra's multifactor service ("SAS") answers."""
_TOKEN_REQUEST = "oauth2:token"  # noqa: S105 - a request's name
"""``RequestType`` of the token endpoint. A password given there is the resource owner password
grant, which "is incompatible with multifactor authentication" (learn.microsoft.com,
v2-oauth-ropc); what sprays and scripts use."""
_PASSWORDS = frozenset({0, 3, 4})
"""Bits of the methods that are a password."""


def audit_record(row: Row) -> Row:
    """Return the record itself, which an export wraps in ``AuditData``."""
    data = row.object("AuditData")
    return Row(data, row_id=row.row_id) if data else row


def read_unified_audit_log(row: Row) -> SignIn | None:
    """Return the sign-in of an audit record, ``None`` when it is none or has no usable time.

    Raises:
        ValueError: the record has a value that no sign-in can have.
    """
    record = audit_record(row)
    operation = (record.text("Operation") or "").lower()
    at = record.time("CreationTime") or row.time("CreationDate")
    if operation not in OPERATIONS or at is None:
        return None
    more, device = record.pairs("ExtendedProperties"), record.pairs("DeviceProperties")
    code = _code(record, failed=operation == FAILED)
    user = record.text("UserId") or row.text("UserIds")
    address = record.address("ClientIP", "ActorIpAddress", "ClientIPAddress")
    bits, request = _bits(more), (more.text("RequestType") or "").lower()
    return SignIn(
        id=record.text("Id") or make_id(record, at, user, address, code),
        at=at,
        user_id=_object_id(record),
        user_principal_name=user,
        address=address,
        result_code=code,
        result_description=_error(record) or "",
        app=record.text("ApplicationId"),
        user_agent=more.text("UserAgent"),
        device_id=device.text("Id"),
        device_name=device.text("DisplayName"),
        device_compliant=device.truth("IsCompliantAndManaged", "IsCompliant"),
        operating_system=device.text("OS"),
        browser=device.text("BrowserType"),
        authentication_methods=[METHODS[bit] for bit in bits],
        authentication_protocol="ropc" if _is_ropc(bits, request) else None,
        mfa_result=_mfa(code, bits, request),
        session_id=device.text("SessionId"),
        correlation_id=record.text("InterSystemsId"),
        notes=record.notes,
    )


def _code(record: Row, *, failed: bool) -> str:
    """Return the result; a login that went through may name the prompt it passed (50140)."""
    number = result_code(record.value("ErrorNumber"))
    if not failed:
        if number not in (None, "0"):
            record.notes.append(f"logged in after the prompt {number}")
        return "0"
    if number not in (None, "0"):
        return str(number)
    name = (_error(record) or "").lower()
    if name not in LOGON_ERRORS:
        record.notes.append("the failure has no known error")
    return LOGON_ERRORS.get(name, UNKNOWN_RESULT)


def _error(record: Row) -> str | None:
    error = record.text("LogonError")
    return None if error == "None" else error


def _object_id(record: Row) -> str | None:
    for actor in record.objects("Actor"):
        if actor.get("Type") == 0 and isinstance(actor.get("ID"), str):
            return str(actor["ID"]) or None
    return record.text("UserKey")


def _bits(more: Row) -> list[int]:
    value = more.integer("UserAuthenticationMethod")
    return [bit for bit in METHODS if value is not None and value > 0 and value >> bit & 1]


def _is_ropc(bits: list[int], request: str) -> bool:
    """Whether a password went straight to the token endpoint."""
    return request == _TOKEN_REQUEST and bool(_PASSWORDS & set(bits))


def _mfa(code: str, bits: list[int], request: str) -> MfaResult:
    if code == "0" and (
        request.startswith(_SECOND_FACTOR_REQUEST) or _TWO_FACTORS_IN_ONE & set(bits)
    ):
        return MfaResult.SATISFIED
    if code == "0" and _is_ropc(bits, request):
        return MfaResult.NOT_REQUIRED
    return mfa_result(code=code, requirement=None, steps=(), additional_details="")
