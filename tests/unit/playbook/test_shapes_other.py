"""Okta, the portal's download, envelopes, and what no row may do."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models.signin import MfaResult
from shared.playbook.sign_ins.shapes import Shape, read_sign_in
from shared.playbook.sign_ins.shapes.envelopes import unwrap
from tests.unit.playbook.sign_in_rows import AUDIT, EVENT_HUB, GRAPH, OKTA, PORTAL, read


def test_okta() -> None:
    event = read(OKTA, Shape.OKTA)

    assert (event.result_code, event.result_description) == ("50126", "INVALID_CREDENTIALS")
    assert (event.country, event.latitude, event.asn) == ("Nigeria", 6.45, 64500)
    assert event.correlation_id == "session-1"
    lowered = json.loads(json.dumps(OKTA).lower())
    assert read(lowered, Shape.OKTA).result_code == "50126"


def test_okta_columns() -> None:
    event = read(
        {
            "published_t": "2026-11-20T12:00:00.000Z",
            "uuid_g": "85a5d008",
            "eventType_s": "user.session.start",
            "actor_alternateId_s": "anna@contoso.example",
            "client_ipAddress_s": "203.0.113.7",
            "client_geographicalContext_country_s": "Nigeria",
            "client_geographicalContext_geolocation_lat_d": "null",
            "outcome_result_s": "SUCCESS",
            "securityContext_asNumber_d": "64500",
        },
        Shape.OKTA_COLUMNS,
    )

    assert event.succeeded
    assert (event.country, event.latitude, event.asn) == ("Nigeria", None, 64500)


@pytest.mark.parametrize(
    ("kind", "result", "reason", "factor", "code", "mfa"),
    [
        ("session.start", "SUCCESS", None, None, "0", MfaResult.UNKNOWN),
        ("session.start", "FAILURE", "LOCKED_OUT", None, "50053", MfaResult.UNKNOWN),
        ("session.start", "FAILURE", "NEW_REASON", None, "unknown", MfaResult.UNKNOWN),
        ("authentication.sso", "DENY", None, None, "53003", MfaResult.UNKNOWN),
        ("authentication.verify", "CHALLENGE", None, None, "50074", MfaResult.DENIED),
        ("authentication.auth_via_mfa", "SUCCESS", None, "OKTA_VERIFY_PUSH", "0", "satisfied"),
        ("authentication.auth_via_mfa", "FAILURE", None, "SMS_FACTOR", "500121", "denied"),
        ("authentication.auth_via_mfa", "FAILURE", None, "PASSWORD_AS_FACTOR", "50126", "unknown"),
        ("authentication.auth_via_mfa", "SUCCESS", None, "PASSWORD_AS_FACTOR", "0", "unknown"),
    ],
)
def test_outcomes_of_okta(
    kind: str, result: str, reason: str | None, factor: str | None, code: str, mfa: str
) -> None:
    changes = {
        "eventType": f"user.{kind}",
        "outcome": {"result": result, "reason": reason},
        "debugContext": {"debugData": {"factor": factor}},
    }
    event = read(OKTA | changes, Shape.OKTA)
    assert (event.result_code, event.mfa_result) == (code, mfa)


def test_portal_download() -> None:
    event = read(PORTAL, Shape.PORTAL)

    assert event.result_code == "50053"
    assert (event.city, event.country) == ("Lagos", "NG")
    success = read(PORTAL | {"Status": "Success", "Sign-in error code": "None"}, Shape.PORTAL)
    assert success.succeeded
    assert success.mfa_result is MfaResult.NOT_REQUIRED


@pytest.mark.parametrize(
    ("result", "code"),
    [
        ("Successful Login", "0"),
        ("Failed Login", "50126"),
        ("True", "0"),
        ("Interrupted", "50074"),
        ("50126.0", "50126"),
        ("?", "unknown"),
    ],
)
def test_results_in_words(result: str, code: str) -> None:
    row = {"timestamp": "2022-01-04 00:12:04", "username": "a", "src_ip": "::1", "result": result}
    assert read(row, Shape.PORTAL).result_code == code


def test_equal_rows_without_an_identifier_are_two_sign_ins() -> None:
    row = {"timestamp": "2022-01-04", "username": "a", "src_ip": "::1", "result": "True"}
    ids = {reading.sign_in.id for n in "12" if (reading := read_sign_in(row, row_id=n)).sign_in}

    assert ids == {"1", "2"}


def test_envelopes() -> None:
    assert list(unwrap({"records": [EVENT_HUB, 5]})) == [EVENT_HUB]
    assert list(unwrap({"value": [GRAPH], "@odata.nextLink": "x"})) == [GRAPH]
    assert list(unwrap({"event": {"original": json.dumps(AUDIT)}})) == [AUDIT]
    assert list(unwrap({"rule": "x", "log": OKTA})) == [OKTA]
    assert list(unwrap(AUDIT)) == [AUDIT]
    assert list(unwrap("text")) == []


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["\ud800", "9" * 5000, "[" * 3000, "0001-01-01T00:00:00+14:00", "{"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Name", "Value", "errorCode", "ID", "Type"]) | st.text(max_size=8),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)
NAMES = sorted({*GRAPH, *EVENT_HUB, *OKTA, *AUDIT, *PORTAL, "actors", "recorded", "AuditData"})


@given(st.sampled_from([GRAPH, EVENT_HUB, OKTA, AUDIT, PORTAL, {}]), st.data())
def test_no_row_breaks_the_reader(base: dict[str, Any], data: st.DataObject) -> None:
    names = st.sampled_from(NAMES + list(base))
    record = base | data.draw(st.dictionaries(names, anything, max_size=6))
    for inner in unwrap(record):
        read_sign_in(inner)
    read_sign_in(record)


@given(anything)
def test_no_value_breaks_the_envelopes(value: Any) -> None:
    for record in unwrap(value):
        read_sign_in(record)
