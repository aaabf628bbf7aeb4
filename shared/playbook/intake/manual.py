"""A manual runbook call: the inputs of seed 000, with optional address, time and alert type."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from shared.models.case import AlertType, CaseRequest, Incident, OperatingMode
from shared.playbook.addresses import normalise_address, why_never_block
from shared.playbook.intake.alert_type import choose_alert_type
from shared.playbook.intake.entities import account_from_user_id
from shared.playbook.intake.fields import (
    FieldError,
    InvalidBody,
    as_list,
    as_object,
    clean_text,
    identifier,
    one_line,
    pick,
    time_of,
    unwrap,
)
from shared.playbook.intake.identifiers import case_id_for
from shared.playbook.intake.sentinel import DETAILS_LIMIT, TITLE_LIMIT
from shared.playbook.intake.times import case_times

MAX_ADDRESSES = 100
"""Addresses of one incident, or of one manual case; more is refused, never cut."""
MAX_ALERT_GROUPS = 100
MANUAL_KEYS = ("user_id", "case_id", "alert_group_identifiers")


def parse_manual_case(
    body: object,
    *,
    mode: OperatingMode,
    received_at: datetime,
    window_minutes: int = 10,
    source: Literal["manual", "event_grid"] = "manual",
) -> CaseRequest:
    """Return the case request of a manual runbook call (the inputs of seed 000).

    Required: ``user_id`` (user principal name, e-mail, object id or name), ``case_id`` and
    ``alert_group_identifiers`` (a list or comma separated text, may be empty). Optional:
    ``initial_alert_details``, ``successful_login_ip`` (or ``ip``), ``successful_login_time`` (or
    ``time``, ISO 8601) and ``alert_type``.

    Raises:
        InvalidBody: with every wrong field.
    """
    given = unwrap(body, known=MANUAL_KEYS)
    if not isinstance(given, dict):
        raise InvalidBody([FieldError(field="body", reason="must be a JSON object")])
    fields = as_object(given)
    errors: list[FieldError] = []
    user_id = _required_identifier(fields, "user_id", errors)
    case_id = _required_identifier(fields, "case_id", errors)
    groups = _alert_groups(fields, errors)
    addresses, dropped = _manual_addresses(fields, errors)
    login_time = _manual_time(fields, errors)
    alert_type = _manual_alert_type(fields, errors)
    details = _optional_text(fields, "initial_alert_details", errors)
    if errors:
        raise InvalidBody(errors)
    account = account_from_user_id(user_id).to_account()
    incident = Incident(
        source=source,
        incident_id=case_id,
        title=one_line(f"Compromised user account response: {user_id}", TITLE_LIMIT),
        description=details,
        alert_group_identifiers=groups,
    )
    return CaseRequest(
        case_id=case_id_for("manual", case_id, account.key),
        alert_type=alert_type or choose_alert_type([details], []),
        mode=mode,
        incident=incident,
        account=account,
        addresses=addresses,
        successful_login_time=login_time,
        detection_time_window_minutes=window_minutes,
        initial_alert_details="\n".join([*([details] if details else []), *dropped]),
        **case_times(incident, login_time, received_at, window_minutes),
    )


def _required_identifier(fields: Mapping[str, object], name: str, errors: list[FieldError]) -> str:
    value = fields.get(name)
    text = identifier(value)
    if value is None:
        errors.append(FieldError(field=name, reason="is required"))
    elif text is None:
        errors.append(
            FieldError(field=name, reason="must be a text of 1 to 320 visible characters")
        )
    return text or ""


def _optional_text(fields: Mapping[str, object], name: str, errors: list[FieldError]) -> str:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        errors.append(FieldError(field=name, reason="must be a text"))
    return clean_text(value, DETAILS_LIMIT)


def _alert_groups(fields: Mapping[str, object], errors: list[FieldError]) -> list[str]:
    name = "alert_group_identifiers"
    value = fields.get(name)
    if value is None:
        errors.append(FieldError(field=name, reason="is required (a list or comma separated text)"))
        return []
    items: list[object] | None
    if isinstance(value, str) and not value.strip().startswith("["):
        items = [part for part in value.split(",") if part.strip()]
    else:
        items = as_list(value)
    if items is None:
        errors.append(FieldError(field=name, reason="must be a list or comma separated text"))
        return []
    if len(items) > MAX_ALERT_GROUPS:
        errors.append(
            FieldError(field=name, reason=f"has {len(items)} entries, at most {MAX_ALERT_GROUPS}")
        )
        return []
    groups = []
    for index, item in enumerate(items):
        text = identifier(item)
        if text is None:
            reason = "must be a text of 1 to 320 visible characters"
            errors.append(FieldError(field=f"{name}[{index}]", reason=reason))
        else:
            groups.append(text)
    return list(dict.fromkeys(groups))


def _manual_addresses(
    fields: Mapping[str, object], errors: list[FieldError]
) -> tuple[list[str], list[str]]:
    found: list[str] = []
    dropped: list[str] = []
    for name in ("successful_login_ip", "ip"):
        value = fields.get(name)
        if value is None or value == "":
            continue
        items = value if isinstance(value, list) else [value]
        if len(items) > MAX_ADDRESSES:
            errors.append(FieldError(field=name, reason=f"has more than {MAX_ADDRESSES} addresses"))
            continue
        for index, item in enumerate(items):
            address = normalise_address(item)
            if address is None:
                path = f"{name}[{index}]" if isinstance(value, list) else name
                errors.append(FieldError(field=path, reason="must be an IP address"))
            elif why := why_never_block(address, ()):
                dropped.append(f"Note: address {address} was left out: {why}.")
            else:
                found.append(address)
    return list(dict.fromkeys(found)), list(dict.fromkeys(dropped))


def _manual_time(fields: Mapping[str, object], errors: list[FieldError]) -> datetime | None:
    for name in ("successful_login_time", "time"):
        value = fields.get(name)
        if value is None or value == "":
            continue
        if moment := time_of(value):
            return moment
        errors.append(
            FieldError(field=name, reason="must be an ISO 8601 time such as 2026-11-20T12:09:00Z")
        )
    return None


def _manual_alert_type(fields: Mapping[str, object], errors: list[FieldError]) -> AlertType | None:
    value = pick(fields, "alert_type")
    if value is None:
        return None
    text = (
        value.strip().lower().replace("-", "_").replace(" ", "_") if isinstance(value, str) else ""
    )
    if text in set(AlertType):
        return AlertType(text)
    errors.append(FieldError(field="alert_type", reason="must be one of " + ", ".join(AlertType)))
    return None
