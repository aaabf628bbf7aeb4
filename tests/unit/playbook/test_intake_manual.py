"""Manual runbook calls, over HTTP and through Event Grid."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.models.case import AlertType, CaseRequest, OperatingMode
from shared.playbook.intake import InvalidBody, parse_manual_case, parse_security_event
from tests.unit.playbook.bodies import ANN_ID, RECEIVED

MANUAL = {"user_id": "ann@contoso.com", "case_id": "SOAR-1", "alert_group_identifiers": "a, b"}


def manual(**fields: Any) -> CaseRequest:
    return parse_manual_case(MANUAL | fields, mode=OperatingMode.APPROVE, received_at=RECEIVED)


def event(body: object) -> list[CaseRequest]:
    return parse_security_event(body, mode=OperatingMode.AUTOMATIC, received_at=RECEIVED)


def test_a_manual_case() -> None:
    case = manual(ip=" ::ffff:203.0.113.7 ", time="2026-11-20T12:04:05+01:00")
    assert case.account is not None and case.account.user_id == "ann@contoso.com"
    assert case.incident.source == "manual" and case.incident.incident_id == "SOAR-1"
    assert case.incident.alert_group_identifiers == ["a", "b"]
    assert case.addresses == ["203.0.113.7"]
    assert case.successful_login_time == datetime(2026, 11, 20, 11, 4, 5, tzinfo=UTC)
    assert case.alert_type is AlertType.COMPROMISED_ACCOUNT
    assert manual(alert_type="token-theft").alert_type is AlertType.TOKEN_THEFT
    assert manual(user_id="ANN@contoso.com", case_id="soar-1").case_id == case.case_id
    assert manual(user_id=ANN_ID).account.object_id == ANN_ID  # type: ignore[union-attr]
    assert manual(user_id="CONTOSO\\Ann").account.user_id == "ann"  # type: ignore[union-attr]


def test_every_wrong_field_of_a_manual_case_is_named() -> None:
    body = {
        "user_id": ["ann"],
        "alert_group_identifiers": {"a": 1},
        "initial_alert_details": 5,
        "ip": ["203.0.113.7", "300.1.1.1"],
        "time": "yesterday",
        "alert_type": "bad luck",
    }
    with pytest.raises(InvalidBody) as caught:
        parse_manual_case(body, mode=OperatingMode.OBSERVE, received_at=RECEIVED)
    assert [error.field for error in caught.value.errors] == [
        "user_id",
        "case_id",
        "alert_group_identifiers",
        "ip[1]",
        "time",
        "alert_type",
        "initial_alert_details",
    ]


def test_event_grid_with_the_manual_shape() -> None:
    [case] = event({"id": "9", "type": "soc.case", "data": MANUAL})
    assert case.incident.source == "event_grid"
    assert case.case_id == manual().case_id


def test_event_grid_names_the_path_in_data() -> None:
    for body, expected in (
        ({"id": "9"}, {"data"}),
        ({"data": 7}, {"data"}),
        ({"data": {"user_id": "ann"}}, {"data.case_id", "data.alert_group_identifiers"}),
        ("nope", {"body"}),
    ):
        with pytest.raises(InvalidBody) as caught:
            event(body)
        assert {error.field for error in caught.value.errors} == expected
