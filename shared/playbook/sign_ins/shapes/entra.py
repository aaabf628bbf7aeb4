"""What Entra says about a sign-in; the Entra shapes differ only in how they name and wrap it."""

from datetime import datetime
from typing import Any

from shared.models.signin import SignIn
from shared.playbook.sign_ins.shapes.mfa import methods_used, mfa_result
from shared.playbook.sign_ins.shapes.row import Row, as_text

UNKNOWN_RESULT = "unknown"
"""Result code of a row that does not say how it ended; it is neither a success nor a guess."""


def read_entra(row: Row, *, interactive: bool) -> SignIn | None:
    """Return the sign-in of a row with Entra's column names, ``None`` without a usable time.

    Raises:
        ValueError: the row has a value that no sign-in can have.
    """
    at = row.time("TimeGenerated", "CreatedDateTime")
    if at is None:
        return None
    status = row.row("Status")
    code = result_code(row.value("ResultType"))
    if code is None:
        code = result_code(status.value("errorCode"))
    if code is None:
        row.notes.append("the row has no result")
        code = UNKNOWN_RESULT
    user = row.text("UserPrincipalName")
    address = row.address("IPAddress", "CallerIpAddress")
    return SignIn(
        id=row.text("Id") or make_id(row, at, user, address, code),
        at=at,
        user_id=row.text("UserId"),
        user_principal_name=user,
        address=address,
        result_code=code,
        result_description=row.text("ResultDescription") or status.text("failureReason") or "",
        interactive=interactive,
        asn=row.integer("AutonomousSystemNumber"),
        app=row.text("AppDisplayName"),
        client_app=row.text("ClientAppUsed"),
        user_agent=row.text("UserAgent"),
        conditional_access_status=row.text("ConditionalAccessStatus"),
        risk_level=row.text("RiskLevelDuringSignIn", "RiskLevelAggregated"),
        risk_state=row.text("RiskState"),
        trusted_location=_trusted(row),
        authentication_protocol=row.text("AuthenticationProtocol"),
        session_id=row.text("SessionId"),
        token_id=row.text("UniqueTokenIdentifier"),
        correlation_id=row.text("CorrelationId"),
        **_place(row),
        **_device(row),
        **_authentication(row, code, status),
        notes=row.notes,
    )


def result_code(value: object) -> str | None:
    """Return an Entra error code as text; ``0`` for any way to say success.

    ``Failure`` says less than the code that stands elsewhere in the row, so it is no code.
    """
    text = as_text(value)
    if text is None or text.lower() in ("failure", "failed"):
        return None
    if text.lower() in ("success", "succeeded"):
        return "0"
    whole, _, fraction = text.partition(".")
    return whole if fraction.strip("0") == "" and whole.isdecimal() else text


def make_id(row: Row, at: datetime, *parts: str | None) -> str:
    """Return an identifier for a row that has none: the row's own, else what it says."""
    return row.row_id or "/".join(
        [at.isoformat(), row.text("CorrelationId") or "", *(part or "" for part in parts)]
    )


def _place(row: Row) -> dict[str, Any]:
    place = row.row("LocationDetails")
    point = place.row("geoCoordinates")
    country = place.text("countryOrRegion") or row.text("Location")
    latitude = point.coordinate("latitude", limit=90)
    longitude = point.coordinate("longitude", limit=180)
    # Entra writes 0, 0 and no country for an address that it cannot place.
    if not latitude and not longitude and not country:
        latitude = longitude = None
    return {
        "country": country,
        "city": place.text("city"),
        "latitude": latitude,
        "longitude": longitude,
    }


def _trusted(row: Row) -> bool | None:
    """Return whether a trusted named location holds the address; ``None``: the log has no word."""
    if "NetworkLocationDetails" not in row:
        return None
    kinds = {Row(one).text("networkType") for one in row.objects("NetworkLocationDetails")}
    return "trustedNamedLocation" in kinds


def _device(row: Row) -> dict[str, Any]:
    device = row.row("DeviceDetail")
    return {
        "device_id": device.text("deviceId"),
        "device_name": device.text("displayName"),
        "device_compliant": device.truth("isCompliant"),
        "operating_system": device.text("operatingSystem"),
        "browser": device.text("browser"),
    }


def _authentication(row: Row, code: str, status: Row) -> dict[str, Any]:
    steps = row.objects("AuthenticationDetails")
    requirement = row.text("AuthenticationRequirement")
    return {
        "authentication_requirement": requirement,
        "authentication_methods": methods_used(steps),
        "mfa_result": mfa_result(
            code=code,
            requirement=requirement,
            steps=steps,
            additional_details=status.text("additionalDetails") or "",
        ),
    }
