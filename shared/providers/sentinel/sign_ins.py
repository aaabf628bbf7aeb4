"""Sign-in rows to sign-ins: one attempt each, oldest first.

Entra writes several rows for one attempt: the same ``Id`` again when details arrive late, and one
row per interruption (second factor, "stay signed in?", consent) before the conclusion, tied
together by ``CorrelationId``. Wrong passwords in one browser session share a ``CorrelationId``
too; they are attempts of their own and stay so. ``OriginalRequestId`` does not help: it is mostly
the row's own ``Id``.
"""

from collections.abc import Iterable
from datetime import timedelta

from shared.models.base import Json
from shared.models.signin import SignIn
from shared.providers.sentinel.mfa import methods_used, mfa_result
from shared.providers.sentinel.values import Row, coordinate

INTERRUPTIONS = frozenset(
    {
        *("16000", "16001", "50058", "50072", "50074", "50076", "50079", "50097", "50125", "50127"),
        *("50129", "50140", "50143", "50158", "50199", "50203", "51006", "52004", "65001", "81012"),
    }
)
"""Codes Entra documents as interrupts: the user is asked for something and the flow goes on."""
FIRST_FACTOR_FAILURES = frozenset({"50034", "50053", "50055", "50056", "50126"})
"""A wrong password begins a new attempt, it does not conclude an interrupted one."""
LONGEST_PROMPT = timedelta(minutes=15)
"""A prompt left open longer is an attempt that was given up."""


def read_sign_in(columns: Json, *, interactive: bool) -> SignIn | None:
    """Return a row's sign-in, or ``None`` when it has no usable time."""
    row = Row(columns)
    at = row.time("TimeGenerated", "CreatedDateTime")
    if at is None:
        return None
    status = row.object("Status")
    code = row.text("ResultType") or _word(status.get("errorCode"))
    if code is None:
        row.notes.append("the row has no result")
    event = SignIn(
        id=row.text("Id") or f"{at.isoformat()}/{row.text('CorrelationId') or ''}/{code}",
        at=at,
        user_id=row.text("UserId"),
        user_principal_name=row.text("UserPrincipalName"),
        address=row.address("IPAddress"),
        result_code=code or "unknown",
        result_description=row.text("ResultDescription")
        or _word(status.get("failureReason"))
        or "",
        interactive=interactive,
        asn=row.integer("AutonomousSystemNumber"),
        app=row.text("AppDisplayName"),
        client_app=row.text("ClientAppUsed"),
        user_agent=row.text("UserAgent"),
        conditional_access_status=row.text("ConditionalAccessStatus"),
        risk_level=row.text("RiskLevelDuringSignIn", "RiskLevelAggregated"),
        correlation_id=row.text("CorrelationId"),
    )
    details = _place(row) | _device(row) | _authentication(row, event.result_code, status)
    return event.model_copy(update={**details, "notes": row.notes})


def _place(row: Row) -> Json:
    place = row.object("LocationDetails")
    point = place.get("geoCoordinates")
    point = point if isinstance(point, dict) else {}
    return {
        "country": _word(place.get("countryOrRegion")) or row.text("Location"),
        "city": _word(place.get("city")),
        "latitude": coordinate(point.get("latitude"), limit=90),
        "longitude": coordinate(point.get("longitude"), limit=180),
    }


def _device(row: Row) -> Json:
    device = row.object("DeviceDetail")
    return {
        "device_id": _word(device.get("deviceId")),
        "device_name": _word(device.get("displayName")),
        "device_compliant": _truth(device.get("isCompliant")),
        "operating_system": _word(device.get("operatingSystem")),
        "browser": _word(device.get("browser")),
    }


def _authentication(row: Row, code: str, status: Json) -> Json:
    steps = row.objects("AuthenticationDetails")
    requirement = row.text("AuthenticationRequirement")
    additional = _word(status.get("additionalDetails")) or ""
    return {
        "authentication_requirement": requirement,
        "authentication_methods": methods_used(steps),
        "mfa_result": mfa_result(
            code=code, requirement=requirement, steps=steps, additional_details=additional
        ),
    }


def collapse(rows: Iterable[SignIn]) -> list[SignIn]:
    """Return attempts, oldest first, of rows in any order."""
    latest: dict[str, SignIn] = {}
    for row in sorted(rows, key=lambda item: (item.at, len(item.authentication_methods))):
        known = latest.get(row.id)
        latest[row.id] = row if known is None else _later(known, row)
    return _without_interruptions(sorted(latest.values(), key=lambda item: (item.at, item.id)))


def _later(known: SignIn, row: SignIn) -> SignIn:
    """The same event again: the conclusion wins over an interruption, then the later row."""
    if row.result_code in INTERRUPTIONS and known.result_code not in INTERRUPTIONS:
        return known
    interactive = known.interactive or row.interactive
    return row.model_copy(update={"at": known.at, "interactive": interactive})


def _without_interruptions(events: list[SignIn]) -> list[SignIn]:
    absorbed: dict[str, list[str]] = {}
    waiting: dict[tuple[str, str | None], list[SignIn]] = {}
    dropped: set[str] = set()
    for event in events:
        if event.correlation_id is None:
            continue
        flow = (event.correlation_id, event.address)
        if event.result_code in INTERRUPTIONS:
            waiting.setdefault(flow, []).append(event)
            continue
        pending = waiting.pop(flow, [])
        if event.result_code not in FIRST_FACTOR_FAILURES:
            codes: list[str] = []
            for earlier in reversed(pending):
                # The same prompt twice was two attempts, of which only the last one went on.
                if earlier.result_code in codes or event.at - earlier.at > LONGEST_PROMPT:
                    break
                codes.append(earlier.result_code)
                dropped.add(earlier.id)
            absorbed[event.id] = codes[::-1]
    return [_noted(event, absorbed.get(event.id)) for event in events if event.id not in dropped]


def _noted(event: SignIn, codes: list[str] | None) -> SignIn:
    if not codes:
        return event
    note = f"interrupted before it concluded: {', '.join(codes)}"
    return event.model_copy(update={"notes": [*event.notes, note]})


def _word(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() or None if isinstance(value, str) else None


def _truth(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None
