"""Intake: what arrives becomes case requests, one per account; a wrong body names its faults.

Pure: the time of receipt is passed in. Whatever is given, the answer is case requests or an
``InvalidBody``, nothing else. The same incident gives the same case ids whatever the route, the
order of its entities or their letter case.
"""

from datetime import datetime

from shared.models.case import CaseRequest, OperatingMode
from shared.playbook.intake.alert_type import choose_alert_type
from shared.playbook.intake.entities import EntityAccount
from shared.playbook.intake.fields import FieldError, InvalidBody, as_object, unwrap
from shared.playbook.intake.identifiers import case_id_for
from shared.playbook.intake.manual import MANUAL_KEYS, MAX_ADDRESSES, parse_manual_case
from shared.playbook.intake.sentinel import SentinelIncident
from shared.playbook.intake.times import case_times

MAX_ACCOUNTS = 100
"""Accounts of one incident. More is refused, never cut: such an incident is not one compromise."""

_SENTINEL_KEYS = ("object", "objectSchemaType", "objectEventType")
_EVENT_KEYS = ("data", "subject")

__all__ = [
    "MAX_ACCOUNTS",
    "MAX_ADDRESSES",
    "FieldError",
    "InvalidBody",
    "parse_manual_case",
    "parse_security_event",
    "parse_sentinel_incident",
]


def parse_sentinel_incident(
    body: object, *, mode: OperatingMode, received_at: datetime, window_minutes: int = 10
) -> list[CaseRequest]:
    """Return one case request for each account of a Sentinel incident, sorted by account.

    ``body`` is what a Logic App with the Microsoft Sentinel incident trigger sends, also as JSON
    text or under ``body``. An incident without any account gives one request without an account.

    Raises:
        InvalidBody: a required field is missing or wrong, or there are too many accounts.
    """
    given = unwrap(body, known=_SENTINEL_KEYS)
    if not isinstance(given, dict):
        raise InvalidBody([FieldError(field="body", reason="must be a JSON object")])
    sentinel = SentinelIncident(as_object(given))
    _check_sizes(sentinel)
    incident = sentinel.incident
    alert_type = choose_alert_type(
        (incident.title, *(alert.name for alert in sentinel.alerts)), incident.techniques
    )
    accounts: list[EntityAccount | None] = [*sentinel.accounts] or [None]
    cases = []
    for entity in accounts:
        login_time = sentinel.login_time(entity)
        addresses, dropped = sentinel.addresses(entity)
        account = sentinel.account(entity) if entity is not None else None
        cases.append(
            CaseRequest(
                case_id=case_id_for(
                    "sentinel", incident.incident_id, account.key if account is not None else None
                ),
                alert_type=alert_type,
                mode=mode,
                incident=incident,
                account=account,
                addresses=addresses,
                successful_login_time=login_time,
                detection_time_window_minutes=window_minutes,
                initial_alert_details=sentinel.details(dropped),
                **case_times(incident, login_time, received_at, window_minutes),
            )
        )
    return cases


def parse_security_event(
    event: object, *, mode: OperatingMode, received_at: datetime, window_minutes: int = 10
) -> list[CaseRequest]:
    """Return the case requests of an Event Grid event (Event Grid or CloudEvents schema).

    ``data`` is either the Sentinel trigger body or the manual shape. A Sentinel incident keeps its
    source and gets the same case ids as through HTTP.

    Raises:
        InvalidBody: with every wrong field, paths starting with ``data.``.
    """
    given = unwrap(event, known=_EVENT_KEYS)
    if not isinstance(given, dict):
        raise InvalidBody([FieldError(field="event", reason="must be a JSON object")])
    fields = as_object(given)
    if "data" not in fields:
        raise InvalidBody([FieldError(field="data", reason="is required")])
    try:
        data = unwrap(fields["data"], known=(*_SENTINEL_KEYS, *MANUAL_KEYS))
        if isinstance(data, dict) and any(key in data for key in _SENTINEL_KEYS):
            return parse_sentinel_incident(
                data, mode=mode, received_at=received_at, window_minutes=window_minutes
            )
        case = parse_manual_case(
            data,
            mode=mode,
            received_at=received_at,
            window_minutes=window_minutes,
            source="event_grid",
        )
    except InvalidBody as error:
        raise InvalidBody(
            [
                FieldError(
                    field="data" if wrong.field == "body" else f"data.{wrong.field}",
                    reason=wrong.reason,
                )
                for wrong in error.errors
            ]
        ) from None
    return [case]


def _check_sizes(sentinel: SentinelIncident) -> None:
    errors = []
    for count, most, what in (
        (len(sentinel.accounts), MAX_ACCOUNTS, "accounts"),
        (sentinel.address_count, MAX_ADDRESSES, "addresses"),
    ):
        if count > most:
            reason = f"names {count} {what}, at most {most} are taken from one incident"
            errors.append(FieldError(field="object.properties.relatedEntities", reason=reason))
    if errors:
        raise InvalidBody(errors)
