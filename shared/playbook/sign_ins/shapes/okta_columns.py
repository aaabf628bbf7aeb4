"""Okta's System Log as Sentinel's ``Okta_CL`` table has it: one flat column per field."""

from shared.models.directory import OKTA
from shared.models.signin import SignIn
from shared.playbook.sign_ins.shapes.entra import make_id
from shared.playbook.sign_ins.shapes.okta import is_okta_sign_in, okta_code, okta_mfa
from shared.playbook.sign_ins.shapes.row import Row


def read_okta_columns(row: Row) -> SignIn | None:
    """Return the sign-in of an ``Okta_CL`` row, ``None`` when it is none or has no usable time.

    Raises:
        ValueError: the row has a value that no sign-in can have.
    """
    kind = (row.text("eventType") or "").lower()
    at = row.time("published", "TimeGenerated")
    if not is_okta_sign_in(kind) or at is None:
        return None
    factor, reason = row.text("debugContext_debugData_factor"), row.text("outcome_reason")
    code = okta_code(kind, row.text("outcome_result"), reason, factor)
    user, address = row.text("actor_alternateId"), row.address("client_ipAddress")
    place = "client_geographicalContext"
    return SignIn(
        id=row.text("uuid") or make_id(row, at, user, address, code),
        at=at,
        directory=OKTA,
        user_id=row.text("actor_id"),
        user_principal_name=user,
        address=address,
        result_code=code,
        result_description=reason or "",
        country=row.text(f"{place}_country"),
        city=row.text(f"{place}_city"),
        latitude=row.coordinate(f"{place}_geolocation_lat", limit=90),
        longitude=row.coordinate(f"{place}_geolocation_lon", limit=180),
        asn=row.integer("securityContext_asNumber"),
        user_agent=row.text("client_userAgent_rawUserAgent"),
        operating_system=row.text("client_userAgent_os"),
        browser=row.text("client_userAgent_browser"),
        authentication_methods=[factor] if factor else [],
        mfa_result=okta_mfa(kind, code, factor),
        session_id=row.text("authenticationContext_externalSessionId"),
        correlation_id=row.text("authenticationContext_externalSessionId", "transaction_id"),
        notes=row.notes,
    )
