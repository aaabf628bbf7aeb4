"""The shapes of Entra: Graph, Event Hub, unified audit log."""

import json
from typing import Any

import pytest

from shared.models.signin import MfaResult
from shared.playbook.sign_ins.shapes import Shape, read_sign_in
from tests.unit.playbook.sign_in_rows import AUDIT, EVENT_HUB, GRAPH, OKTA, read


def test_graph() -> None:
    event = read(GRAPH, Shape.GRAPH)

    assert event.succeeded
    assert (event.country, event.city, event.latitude) == ("NG", "Lagos", 6.45)
    assert event.interactive
    assert event.mfa_result is MfaResult.UNKNOWN
    assert not read(GRAPH | {"isInteractive": False}, Shape.GRAPH).interactive


def test_event_hub() -> None:
    event = read(EVENT_HUB, Shape.EVENT_HUB)

    assert (event.result_code, event.result_description) == (
        "50126",
        "Invalid username or password",
    )
    assert event.country == "NG"
    assert event.id == GRAPH["id"]
    assert read(EVENT_HUB | {"properties": json.dumps(GRAPH)}, Shape.EVENT_HUB) == event
    lowered = {name.lower(): value for name, value in EVENT_HUB.items()}
    assert read(lowered, Shape.EVENT_HUB) == event


def test_event_hub_takes_from_the_envelope_what_the_properties_lack() -> None:
    event = read(EVENT_HUB | {"properties": {"userPrincipalName": "anna"}}, Shape.EVENT_HUB)

    assert (event.address, event.country, event.result_code) == ("203.0.113.7", "NG", "50126")
    assert event.at.second == 3


def test_a_failure_without_code_takes_the_status() -> None:
    status = {"status": {"errorCode": 50053}}
    record = EVENT_HUB | {"resultType": "Failure", "properties": GRAPH | status}

    assert read(record, Shape.EVENT_HUB).result_code == "50053"


@pytest.mark.parametrize(
    ("category", "interactive"), [("SignInLogs", True), ("NonInteractiveUserSignInLogs", False)]
)
def test_event_hub_categories(category: str, interactive: bool) -> None:
    event = read(EVENT_HUB | {"category": category}, Shape.EVENT_HUB)
    assert event.interactive is interactive


@pytest.mark.parametrize(
    "record",
    [
        EVENT_HUB | {"category": "ServicePrincipalSignInLogs"},
        EVENT_HUB | {"category": "AuditLogs"},
        AUDIT | {"Operation": "New-InboxRule"},
        OKTA | {"eventType": "user.account.lock"},
        {"eventType": 5},
        {"a": 1},
        {},
    ],
)
def test_what_is_no_sign_in_of_a_person(record: dict[str, Any]) -> None:
    assert read_sign_in(record) == (None, None)


def test_an_address_that_entra_could_not_place_has_no_place() -> None:
    nowhere = {"city": "", "countryOrRegion": "", "geoCoordinates": {"latitude": 0, "longitude": 0}}
    event = read(GRAPH | {"location": nowhere}, Shape.GRAPH)

    assert (event.country, event.latitude, event.longitude) == (None, None, None)


def test_unified_audit_log() -> None:
    event = read(AUDIT, Shape.UNIFIED_AUDIT_LOG)

    assert event.address == "2001:db8::7"
    assert event.result_code == "50126"
    assert event.user_agent == "CBAInPROD"
    assert event.operating_system == "Windows 10"
    assert event.authentication_methods == ["Password"]
    assert event.mfa_result is MfaResult.UNKNOWN
    wrapped = {"CreationDate": "11/20/2026 12:00:00 PM", "AuditData": json.dumps(AUDIT)}
    assert read(wrapped, Shape.UNIFIED_AUDIT_LOG) == event


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ErrorNumber": None}, "50126"),
        ({"ErrorNumber": None, "LogonError": "IdsLocked"}, "50053"),
        ({"ErrorNumber": "0", "LogonError": "SomethingNew"}, "unknown"),
        ({"Operation": "UserLoggedIn", "ErrorNumber": "50140"}, "0"),
        ({"Operation": "UserLoggedIn", "ErrorNumber": None}, "0"),
    ],
)
def test_results_of_the_unified_audit_log(changes: dict[str, Any], code: str) -> None:
    assert read(AUDIT | changes, Shape.UNIFIED_AUDIT_LOG).result_code == code


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("RequestType", "SAS:EndAuth", MfaResult.SATISFIED),
        ("UserAuthenticationMethod", "33554432", MfaResult.SATISFIED),
        ("UserAuthenticationMethod", "262144", MfaResult.SATISFIED),
        ("UserAuthenticationMethod", "16", MfaResult.UNKNOWN),
        ("UserAuthenticationMethod", "-1", MfaResult.UNKNOWN),
        ("RequestType", "Login:login", MfaResult.UNKNOWN),
    ],
)
def test_second_factor_of_the_unified_audit_log(name: str, value: str, expected: MfaResult) -> None:
    login = {
        "Operation": "UserLoggedIn",
        "ErrorNumber": "0",
        "ExtendedProperties": [{"Name": name, "Value": value}],
    }
    assert read(AUDIT | login, Shape.UNIFIED_AUDIT_LOG).mfa_result is expected


@pytest.mark.parametrize(
    ("request_type", "method", "is_grant"),
    [
        ("OAuth2:Token", "1", True),
        ("OAuth2:Token", "16", True),
        ("OAuth2:Token", "262144", False),
        ("OAuth2:Token", None, False),
        ("OAuth2:Authorize", "1", False),
    ],
)
def test_a_password_at_the_token_endpoint_is_the_password_grant(
    request_type: str, method: str | None, is_grant: bool
) -> None:
    more = [
        {"Name": "RequestType", "Value": request_type},
        {"Name": "UserAuthenticationMethod", "Value": method},
    ]
    login = {"Operation": "UserLoggedIn", "ErrorNumber": "0", "ExtendedProperties": more}
    event = read(AUDIT | login, Shape.UNIFIED_AUDIT_LOG)
    assert (event.mfa_result is MfaResult.NOT_REQUIRED) is is_grant
    assert (event.authentication_protocol == "ropc") is is_grant
