"""Logins of Google's data model as sign-ins: results, second factors, what is missing."""

from typing import Any

import pytest

from lab.simulators.udm_events import events_of
from shared.models.signin import MfaResult, SignIn
from shared.playbook.sign_ins.shapes import Shape, try_read
from shared.playbook.sign_ins.shapes.row import Row

EVENT: dict[str, Any] = {
    "metadata": {
        "eventType": "USER_LOGIN",
        "logType": "AZURE_AD",
        "eventTimestamp": "2026-11-20T12:00:00Z",
        "productLogId": "id-1",
    },
    "principal": {"ip": ["not an address", "203.0.113.7"]},
    "target": {"user": {"userid": "dana@contoso.example"}},
    "securityResult": [{"action": ["ALLOW"]}],
}


def read(**changes: Any) -> SignIn | None:
    return try_read(Shape.UDM, Row(EVENT | changes))


def code(result: dict[str, Any], log: str = "AZURE_AD") -> str:
    event = read(
        metadata=EVENT["metadata"] | {"logType": log},
        securityResult=[{"action": ["BLOCK"]} | result],
    )
    assert event is not None
    return event.result_code


def test_what_the_log_has_is_read() -> None:
    row = {
        "TimeGenerated": "2026-11-20T12:00:00Z",
        "Id": "id-7",
        "UserPrincipalName": "Dana@contoso.example",
        "UserId": "6a1c5f0e-3c51-4f0b-9f1e-0d6f5f0b7a11",
        "IPAddress": "2001:DB8::7",
        "ResultType": "0",
        "LocationDetails": '{"countryOrRegion": "NL", "city": "Amsterdam",'
        ' "geoCoordinates": {"latitude": 52.4, "longitude": 4.9}}',
        "DeviceDetail": {"deviceId": "d-1", "operatingSystem": "Linux", "browser": "Firefox 140"},
        "AuthenticationRequirement": "singleFactorAuthentication",
        "AutonomousSystemNumber": 64500,
        "AppDisplayName": "Outlook",
        "UserAgent": "python",
        "SessionId": "s-1",
        "RiskLevelDuringSignIn": "high",
        "CorrelationId": "c-1",
    }
    [event] = events_of(lambda name: [row] if name == "AADNonInteractiveUserSignInLogs" else [])
    made = try_read(Shape.UDM, Row(event))
    assert made is not None and made.succeeded and not made.interactive
    assert (made.id, made.address, made.asn, made.country) == ("id-7", "2001:db8::7", 64500, "NL")
    assert (made.latitude, made.longitude, made.city) == (52.4, 4.9, "Amsterdam")
    assert (made.device_id, made.operating_system, made.browser) == ("d-1", "Linux", "Firefox 140")
    assert made.user_id == row["UserId"] and made.user_principal_name == "dana@contoso.example"
    assert made.mfa_result is MfaResult.NOT_REQUIRED
    assert (made.session_id, made.risk_level, made.app) == ("s-1", "high", "Outlook")


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"ruleId": "50126"}, "50126"),
        ({"description": "Error code: 50053."}, "50053"),
        ({"detectionFields": [{"key": "errorCode", "value": "500121"}]}, "500121"),
        ({"summary": "Invalid username or password"}, "50126"),
        ({"summary": "The account is locked"}, "50053"),
        ({"summary": "Strong authentication is required"}, "500121"),
        ({"summary": "Blocked by Conditional Access"}, "53003"),
        ({"summary": "order 99999 of 12345"}, "unknown"),
        ({}, "unknown"),
        ({"action": ["CHALLENGE"]}, "50074"),
    ],
)
def test_a_failure_is_known_by_its_code_else_by_its_words(
    result: dict[str, Any], expected: str
) -> None:
    assert code(result) == expected


def test_oktas_own_words_are_oktas() -> None:
    assert code({"summary": "INVALID_CREDENTIALS"}, "OKTA") == "50126"
    assert code({"summary": "LOCKED_OUT"}, "OKTA") == "50053"


def test_an_event_that_does_not_say_how_it_ended_is_neither_success_nor_guess() -> None:
    event = read(securityResult=[])
    assert event is not None and event.result_code == "unknown"


def test_a_second_factor_is_known_by_its_mechanism() -> None:
    event = read(extensions={"auth": {"mechanism": ["USERNAME_PASSWORD", "OTP"]}})
    assert event is not None and event.mfa_result is MfaResult.SATISFIED
    claimed = {"auth": {"authDetails": "MFA requirement satisfied by claim in the token"}}
    event = read(extensions=claimed)
    assert event is not None and event.mfa_result is MfaResult.SATISFIED_BY_CLAIM
    denied = {"action": ["BLOCK"], "description": "MFA denied; user declined the authentication"}
    event = read(securityResult=[denied])
    assert event is not None and event.mfa_result is MfaResult.DENIED
    without = read()
    assert without is not None and without.mfa_result is MfaResult.UNKNOWN


@pytest.mark.parametrize(
    "metadata",
    [
        {"eventType": "USER_LOGOUT"},
        {"logType": "WINEVTLOG"},
        {"eventTimestamp": "yesterday"},
        {"eventTimestamp": None},
    ],
)
def test_what_is_no_sign_in_to_a_directory_is_not_read(metadata: dict[str, Any]) -> None:
    assert read(metadata=EVENT["metadata"] | metadata) is None


@pytest.mark.parametrize("junk", [None, 7, "text", [], [None], {"ip": {"a": 1}}])
def test_junk_in_a_field_stops_nothing(junk: Any) -> None:
    for name in ("principal", "target", "network", "securityResult", "additional", "extensions"):
        event = read(**{name: junk})
        assert event is None or event.id == "id-1"
