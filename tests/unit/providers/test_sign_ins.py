"""Sign-in rows as Log Analytics really has them, to attempts."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models.signin import MfaResult, SignIn
from shared.providers.sentinel.mfa import methods_used, mfa_result
from shared.providers.sentinel.sign_ins import collapse, read_sign_in
from shared.providers.sentinel.values import clean_address

ROW: dict[str, Any] = {
    "TimeGenerated": "2026-11-20T12:00:00.1234567Z",
    "Id": "a",
    "CorrelationId": "flow-1",
    "UserId": "user-1",
    "UserPrincipalName": "anna@contoso.example",
    "IPAddress": "203.0.113.7",
    "ResultType": "0",
    "ResultDescription": "",
    "AuthenticationRequirement": "singleFactorAuthentication",
    "AuthenticationDetails": "[]",
    "Status": '{"errorCode":0}',
    "DeviceDetail": '{"deviceId":"","operatingSystem":"Windows10","isCompliant":"true"}',
    "LocationDetails": '{"city":"Lagos","countryOrRegion":"NG",'
    '"geoCoordinates":{"latitude":6.45,"longitude":3.39}}',
    "Location": "NG",
    "AutonomousSystemNumber": "64500",
    "AppDisplayName": "OfficeHome",
    "ConditionalAccessStatus": "notApplied",
    "RiskLevelDuringSignIn": "none",
}


def read(**changes: Any) -> SignIn:
    event = read_sign_in(ROW | changes, interactive=True)
    assert event is not None
    return event


def at(minute: int, code: str, **changes: Any) -> SignIn:
    return read(
        TimeGenerated=f"2026-11-20T12:{minute:02}:00Z",
        Id=changes.pop("Id", f"{minute}-{code}"),
        ResultType=code,
        **changes,
    )


def test_a_usual_row() -> None:
    event = read()

    assert event.id == "a"
    assert event.at.isoformat() == "2026-11-20T12:00:00.123456+00:00"
    assert event.succeeded
    assert (event.country, event.city) == ("NG", "Lagos")
    assert (event.latitude, event.longitude) == (6.45, 3.39)
    assert event.asn == 64500
    assert event.device_id is None
    assert event.device_compliant is True
    assert event.operating_system == "Windows10"
    assert event.mfa_result is MfaResult.NOT_REQUIRED
    assert event.notes == []


def test_dynamic_columns_may_be_objects_or_text() -> None:
    parsed = {name: json.loads(ROW[name]) for name in ("Status", "DeviceDetail", "LocationDetails")}

    assert read(**parsed) == read()


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"IPAddress": "not an address"}, "IPAddress is not an address"),
        ({"AuthenticationDetails": "[{cut"}, "AuthenticationDetails is not JSON"),
        ({"AutonomousSystemNumber": "AS?"}, "AutonomousSystemNumber is not a number"),
        ({"TimeGenerated": "yesterday", "CreatedDateTime": "2026-11-20T12:00:00Z"}, "not a time"),
        ({"ResultType": None, "Status": None}, "no result"),
    ],
)
def test_what_cannot_be_read_is_noted(changes: dict[str, Any], note: str) -> None:
    assert any(note in line for line in read(**changes).notes)


def test_a_row_without_a_time_is_no_sign_in() -> None:
    assert read_sign_in(ROW | {"TimeGenerated": None}, interactive=True) is None


def test_a_row_with_nothing_but_a_time() -> None:
    event = read_sign_in({"TimeGenerated": "2026-11-20T12:00:00Z"}, interactive=False)

    assert event is not None
    assert event.result_code == "unknown"
    assert not event.succeeded
    assert event.mfa_result is MfaResult.UNKNOWN


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(list(ROW)), anything))
def test_no_row_breaks_the_reader(columns: dict[str, Any]) -> None:
    read_sign_in(ROW | columns, interactive=True)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        (" 203.0.113.7:50411 ", "203.0.113.7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("2001:0DB8:0:0::7", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:443", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::1"),
        ("", None),
        ("unknown", None),
        ("203.0.113.7, 10.0.0.1", None),
    ],
)
def test_addresses(text: str, address: str | None) -> None:
    assert clean_address(text) == address


def step(method: str, succeeded: bool, detail: str = "", requirement: str = "") -> dict[str, Any]:
    return {
        "authenticationMethod": method,
        "succeeded": succeeded,
        "authenticationStepResultDetail": detail,
        "authenticationStepRequirement": requirement,
    }


PASSWORD = step("Password", True, "Correct password", "Primary authentication")
PUSH = step("Mobile app notification", True, "MFA completed in Azure AD")
MULTI, SINGLE = "multiFactorAuthentication", "singleFactorAuthentication"


@pytest.mark.parametrize(
    ("code", "requirement", "steps", "additional", "expected"),
    [
        ("0", SINGLE, [PASSWORD], "", MfaResult.NOT_REQUIRED),
        ("0", SINGLE, [], "", MfaResult.NOT_REQUIRED),
        ("0", MULTI, [PASSWORD, PUSH], "", MfaResult.SATISFIED),
        ("0", MULTI, [], "MFA completed in Azure AD", MfaResult.SATISFIED),
        ("0", MULTI, [step("FIDO2 security key", True)], "", MfaResult.SATISFIED),
        ("0", MULTI, [PASSWORD, step("Text message", True)], "", MfaResult.SATISFIED),
        (
            "0",
            MULTI,
            [
                PASSWORD,
                step(
                    "Previously satisfied", True, "MFA requirement satisfied by claim in the token"
                ),
            ],
            "",
            MfaResult.SATISFIED_BY_CLAIM,
        ),
        (
            "0",
            MULTI,
            [],
            "MFA requirement satisfied by claim in the token",
            MfaResult.SATISFIED_BY_CLAIM,
        ),
        (
            "0",
            SINGLE,
            [step("Previously satisfied", True, "First factor requirement satisfied by claim")],
            "",
            MfaResult.NOT_REQUIRED,
        ),
        (
            "0",
            MULTI,
            [],
            "MFA requirement skipped due to remembered device",
            MfaResult.SATISFIED_BY_CLAIM,
        ),
        ("0", MULTI, [], "MFA requirement skipped due to location", MfaResult.NOT_REQUIRED),
        ("0", MULTI, [PASSWORD], "", MfaResult.UNKNOWN),
        ("0", None, [], "", MfaResult.UNKNOWN),
        (
            "0",
            MULTI,
            [step("Mobile app notification", False, "MFA denied; user declined"), PUSH],
            "",
            MfaResult.SATISFIED,
        ),
        ("500121", MULTI, [PASSWORD], "", MfaResult.DENIED),
        ("50074", MULTI, [PASSWORD], "MFA required in Azure AD", MfaResult.DENIED),
        ("50076", MULTI, [], "", MfaResult.DENIED),
        ("50079", MULTI, [], "", MfaResult.DENIED),
        ("53003", MULTI, [PASSWORD], "", MfaResult.UNKNOWN),
        ("53003", MULTI, [PASSWORD, PUSH], "", MfaResult.SATISFIED),
        ("50126", SINGLE, [step("Password", False, "Incorrect password")], "", MfaResult.UNKNOWN),
    ],
)
def test_mfa(
    code: str, requirement: str | None, steps: list[Any], additional: str, expected: MfaResult
) -> None:
    result = mfa_result(
        code=code, requirement=requirement, steps=steps, additional_details=additional
    )
    assert result is expected


def test_methods_are_named_once() -> None:
    assert methods_used([PASSWORD, PUSH, PUSH]) == ["Password", "Mobile app notification"]


def codes(rows: list[SignIn]) -> list[str]:
    return [event.result_code for event in collapse(rows)]


def test_wrong_passwords_of_one_session_stay_attempts() -> None:
    assert codes([at(m, "50126") for m in range(5)] + [at(6, "0")]) == ["50126"] * 5 + ["0"]


def test_interruptions_belong_to_the_sign_in_they_end_in() -> None:
    (event,) = collapse([at(2, "0"), at(0, "50074"), at(1, "50140")])

    assert event.result_code == "0"
    assert event.notes == ["interrupted before it concluded: 50074, 50140"]


def test_a_prompt_that_was_refused_is_one_attempt() -> None:
    assert codes([at(0, "50074"), at(1, "500121")]) == ["500121"]


def test_repeated_prompts_stay_attempts() -> None:
    rows = [at(0, "50074"), at(1, "50074"), at(2, "50074"), at(3, "0")]

    assert codes(rows) == ["50074", "50074", "0"]


def test_refused_prompts_before_a_success_stay() -> None:
    assert codes([at(0, "500121"), at(1, "500121"), at(2, "0")]) == ["500121", "500121", "0"]


def test_an_abandoned_prompt_stays() -> None:
    assert codes([at(0, "50074")]) == ["50074"]
    assert codes([at(0, "50074"), at(40, "0")]) == ["50074", "0"]
    assert codes([at(0, "50074"), at(1, "0", CorrelationId="flow-2")]) == ["50074", "0"]
    assert codes([at(0, "50074"), at(1, "0", IPAddress="198.51.100.9")]) == ["50074", "0"]


def test_a_prompt_before_a_wrong_password_was_given_up() -> None:
    assert codes([at(0, "50074"), at(1, "50126"), at(2, "0")]) == ["50074", "50126", "0"]


def test_rows_without_a_flow_are_never_joined() -> None:
    rows = [at(0, "50074", CorrelationId=None), at(1, "0", CorrelationId="")]

    assert codes(rows) == ["50074", "0"]


def test_the_same_event_again_is_one() -> None:
    details = json.dumps([PASSWORD, PUSH])
    early = at(0, "0", Id="x", AuthenticationRequirement=MULTI)
    late = at(1, "0", Id="x", AuthenticationRequirement=MULTI, AuthenticationDetails=details)
    (event,) = collapse([late, early])

    assert event.mfa_result is MfaResult.SATISFIED
    assert event.at == early.at


@given(st.permutations([at(m, c) for m, c in enumerate(["50126", "50074", "50140", "0", "50126"])]))
def test_order_of_rows_does_not_matter(rows: list[SignIn]) -> None:
    assert codes(rows) == ["50126", "0", "50126"]
