"""Rows as Log Analytics really has them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models.signin import MfaResult, SignIn
from shared.playbook.addresses import normalise_address
from shared.playbook.sign_ins.shapes import Shape, read_sign_in, try_read
from shared.playbook.sign_ins.shapes.row import Row

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
    event = try_read(Shape.SIGNIN_LOGS, Row(ROW | changes))
    assert event is not None
    return event


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
    assert read_sign_in(ROW | {"TimeGenerated": None}) == (Shape.SIGNIN_LOGS, None)


def test_a_row_with_nothing_but_a_time() -> None:
    event = try_read(Shape.NON_INTERACTIVE, Row({"TimeGenerated": "2026-11-20T12:00:00Z"}))

    assert event is not None
    assert event.result_code == "unknown"
    assert not event.succeeded
    assert not event.interactive
    assert event.mfa_result is MfaResult.UNKNOWN


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(list(ROW)), anything))
def test_no_row_breaks_the_reader(columns: dict[str, Any]) -> None:
    read_sign_in(ROW | columns)


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
    assert normalise_address(text) == address
