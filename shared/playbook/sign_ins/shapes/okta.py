"""Okta's System Log: ``user.session.start`` and ``user.authentication.*``.

Results are put into Entra's codes, which the rest of the playbook counts by; the description keeps
Okta's own word. Source: Okta "System Log API", "Event types" and "Outcome reasons".
"""

from shared.models.base import Json
from shared.models.directory import OKTA
from shared.models.signin import MfaResult, SignIn
from shared.playbook.sign_ins.shapes.entra import UNKNOWN_RESULT, make_id
from shared.playbook.sign_ins.shapes.row import Row

SESSION_START = "user.session.start"
AUTHENTICATION = "user.authentication."
SECOND_FACTOR = "user.authentication.auth_via_mfa"
PASSWORD_FACTORS = frozenset({"password_as_factor", "password"})

_SUCCEEDED = frozenset({"success", "allow"})
_REASONS: dict[str, str] = {
    "invalid_credentials": "50126",
    "invalid_login": "50126",
    "verification_error": "50126",
    "locked_out": "50053",
    "password_expired": "50055",
    "user_status_password_expired": "50055",
    "user_suspended": "50057",
    "user_deactivated": "50057",
    "unknown_user": "50034",
    "user_not_found": "50034",
    "user rejected okta push verify": "500121",
    "network_zone_blocked": "53003",
}
"""``outcome.reason`` of a failure, lower case, to Entra's code for the same."""
_REFUSED_SECOND_FACTOR, _SECOND_FACTOR_ASKED, _POLICY = "500121", "50074", "53003"


def is_okta_sign_in(event_type: str) -> bool:
    """Whether an event type (any case) is a sign-in or one of its steps."""
    lowered = event_type.lower()
    return lowered == SESSION_START or lowered.startswith(AUTHENTICATION)


def read_okta(row: Row) -> SignIn | None:
    """Return the sign-in of a System Log event, ``None`` when it is none or has no usable time.

    Raises:
        ValueError: the event has a value that no sign-in can have.
    """
    kind = (row.text("eventType") or "").lower()
    at = row.time("published", "TimeGenerated", "p_event_time")
    if not is_okta_sign_in(kind) or at is None:
        return None
    actor, client, outcome = row.row("actor"), row.row("client"), row.row("outcome")
    debug = row.row("debugContext").row("debugData")
    session = row.row("authenticationContext")
    place, agent = client.row("geographicalContext"), client.row("userAgent")
    point = place.row("geolocation")
    factor = debug.text("factor")
    code = okta_code(kind, outcome.text("result"), outcome.text("reason"), factor)
    user, address = actor.text("alternateId"), client.address("ipAddress")
    return SignIn(
        id=row.text("uuid") or make_id(row, at, user, address, code),
        at=at,
        directory=OKTA,
        user_id=actor.text("id"),
        user_principal_name=user,
        address=address,
        result_code=code,
        result_description=outcome.text("reason") or "",
        country=place.text("country"),
        city=place.text("city"),
        latitude=point.coordinate("lat", limit=90),
        longitude=point.coordinate("lon", limit=180),
        asn=row.row("securityContext").integer("asNumber"),
        app=application(row.objects("target")),
        user_agent=agent.text("rawUserAgent"),
        operating_system=agent.text("os"),
        browser=agent.text("browser"),
        authentication_methods=[factor] if factor else [],
        mfa_result=okta_mfa(kind, code, factor),
        session_id=session.text("rootSessionId", "externalSessionId"),
        correlation_id=session.text("externalSessionId") or row.row("transaction").text("id"),
        notes=[*row.notes, *client.notes],
    )


def okta_code(kind: str, result: str | None, reason: str | None, factor: str | None) -> str:
    """Return Entra's code for an Okta outcome."""
    outcome, why = (result or "").lower(), (reason or "").lower()
    if outcome in _SUCCEEDED:
        return "0"
    if outcome == "challenge":
        return _SECOND_FACTOR_ASKED
    if outcome == "deny":
        return _POLICY
    if kind == SECOND_FACTOR and (factor or "").lower() not in PASSWORD_FACTORS:
        return _REFUSED_SECOND_FACTOR
    if outcome == "failure":
        return _REASONS.get(why, "50126" if kind == SECOND_FACTOR else UNKNOWN_RESULT)
    return UNKNOWN_RESULT


def okta_mfa(kind: str, code: str, factor: str | None) -> MfaResult:
    """Return what an Okta event says about the second factor; a password is none."""
    if kind == SECOND_FACTOR and (factor or "").lower() not in PASSWORD_FACTORS:
        return MfaResult.SATISFIED if code == "0" else MfaResult.DENIED
    return MfaResult.DENIED if code == _SECOND_FACTOR_ASKED else MfaResult.UNKNOWN


def application(targets: list[Json]) -> str | None:
    """Return the name of the application among an event's targets."""
    for target in targets:
        row = Row(target)
        if row.text("type") == "AppInstance":
            return row.text("displayName")
    return None
