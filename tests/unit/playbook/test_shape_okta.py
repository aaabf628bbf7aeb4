"""One System Log event reads the same, from Okta itself and from both tables of Sentinel."""

from typing import Any

import pytest

from shared.models.base import Json
from shared.models.signin import MfaResult
from shared.playbook.sign_ins.shapes import Shape, read_sign_in
from shared.playbook.sign_ins.shapes.tables import read_tables


def event(kind: str, result: str, reason: str | None = None, factor: str | None = None) -> Json:
    debug: Json = {"factor": factor} if factor else {}
    return {
        "uuid": "861b0c10-9f9e-11ea-8f4c-b9fe37b9e5fa",
        "published": "2026-11-20T12:00:00.000Z",
        "eventType": kind,
        "actor": {"id": "00u1", "alternateId": "ada@contoso.example", "type": "User"},
        "client": {
            "ipAddress": "203.0.113.66",
            "userAgent": {"rawUserAgent": "curl/8", "os": "Linux", "browser": "UNKNOWN"},
            "geographicalContext": {
                "city": "Amsterdam",
                "country": "Netherlands",
                "geolocation": {"lat": 52.37, "lon": 4.9},
            },
        },
        "outcome": {"result": result, "reason": reason},
        "securityContext": {"asNumber": 64510},
        "authenticationContext": {"externalSessionId": "s1"},
        "transaction": {"id": "t1", "type": "WEB"},
        "debugContext": {"debugData": debug},
        "target": [{"type": "AppInstance", "displayName": "Mail"}],
    }


def as_v2(log: Json) -> Json:
    """What the connector's transformation makes of an event (OktaSSOv2_DCR.json)."""
    place = log["client"]["geographicalContext"]
    return {
        "TimeGenerated": log["published"],
        "EventOriginalUid": log["uuid"],
        "EventOriginalType": log["eventType"],
        "OriginalUserId": log["actor"]["id"],
        "OriginalActorAlternateId": log["actor"]["alternateId"],
        "OriginalOutcomeResult": log["outcome"]["result"],
        "EventOriginalResultDetails": log["outcome"]["reason"] or "",
        "SrcIpAddr": log["client"]["ipAddress"],
        "SrcGeoCountry": place["country"],
        "SrcGeoCity": place["city"],
        "SrcGeoLatitude": place["geolocation"]["lat"],
        "SrcGeoLongtitude": place["geolocation"]["lon"],
        "HttpUserAgent": log["client"]["userAgent"]["rawUserAgent"],
        "SrcDvcOs": log["client"]["userAgent"]["os"],
        "ActingAppName": log["client"]["userAgent"]["browser"],
        "SecurityContextAsNumber": log["securityContext"]["asNumber"],
        "ActorSessionId": log["authenticationContext"]["externalSessionId"],
        "TransactionId": log["transaction"]["id"],
        "DebugData": log["debugContext"]["debugData"],
        "OriginalTarget": log["target"],
    }


OUTCOMES: dict[str, tuple[tuple[Any, ...], str, MfaResult]] = {
    "success": (("user.session.start", "SUCCESS"), "0", MfaResult.UNKNOWN),
    "wrong password": (
        ("user.session.start", "FAILURE", "INVALID_CREDENTIALS"),
        "50126",
        MfaResult.UNKNOWN,
    ),
    "second factor given": (
        ("user.authentication.auth_via_mfa", "SUCCESS", None, "OKTA_VERIFY_PUSH"),
        "0",
        MfaResult.SATISFIED,
    ),
    "second factor refused": (
        ("user.authentication.auth_via_mfa", "FAILURE", "INVALID_CREDENTIALS", "SMS_FACTOR"),
        "500121",
        MfaResult.DENIED,
    ),
    "suspended": (("user.session.start", "FAILURE", "USER_SUSPENDED"), "50057", MfaResult.UNKNOWN),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_the_same_event_is_the_same_sign_in(name: str) -> None:
    arguments, code, mfa = OUTCOMES[name]
    log = event(*arguments)
    from_okta, from_table = read_sign_in(log), read_sign_in(as_v2(log))
    assert (from_okta.shape, from_table.shape) == (Shape.OKTA, Shape.OKTA_V2)
    assert from_table.sign_in == from_okta.sign_in
    assert from_table.sign_in is not None
    assert (from_table.sign_in.result_code, from_table.sign_in.mfa_result) == (code, mfa)


@pytest.mark.parametrize("kind", ["policy.lifecycle.update", "user.lifecycle.suspend", ""])
def test_other_events_are_no_sign_ins(kind: str) -> None:
    assert read_sign_in(as_v2(event(kind, "SUCCESS"))).shape is None


@pytest.mark.parametrize("column", ["SrcGeoLatitude", "TimeGenerated"])
def test_a_row_that_cannot_be_read_is_said_to_be_one(column: str) -> None:
    row = as_v2(event("user.session.start", "SUCCESS")) | {column: "never"}
    reading = read_sign_in(row)
    assert reading.shape is Shape.OKTA_V2
    if column == "TimeGenerated":
        assert reading.sign_in is None


def at(minute: int, *arguments: Any, session: str | None = "s1") -> Json:
    row = as_v2(event(*arguments)) | {"EventOriginalUid": f"uid-{minute}-{arguments[0]}"}
    return row | {"TimeGenerated": f"2026-11-20T12:{minute:02}:00Z", "ActorSessionId": session}


STARTED = ("user.session.start", "SUCCESS")
PUSHED = ("user.authentication.auth_via_mfa", "SUCCESS", None, "OKTA_VERIFY_PUSH")
REFUSED = ("user.authentication.auth_via_mfa", "FAILURE", None, "OKTA_VERIFY_PUSH")
PASSWORD = ("user.authentication.auth_via_mfa", "SUCCESS", None, "PASSWORD_AS_FACTOR")


@pytest.mark.parametrize(
    ("rows", "result"),
    [
        ([at(1, *STARTED)], MfaResult.NOT_REQUIRED),
        ([at(0, *PASSWORD), at(1, *STARTED)], MfaResult.NOT_REQUIRED),
        ([at(0, *PUSHED), at(1, *STARTED)], MfaResult.SATISFIED),
        ([at(1, *STARTED), at(2, *PUSHED)], MfaResult.SATISFIED),
        ([at(1, *PUSHED), at(40, "user.authentication.sso", "SUCCESS")], "satisfied_by_claim"),
        ([at(0, *REFUSED), at(1, *STARTED)], MfaResult.UNKNOWN),
        ([at(0, *PUSHED, session="s2"), at(1, *STARTED)], MfaResult.NOT_REQUIRED),
        ([at(0, *PUSHED), at(1, *STARTED, session=None)], MfaResult.UNKNOWN),
    ],
)
def test_the_session_tells_of_the_second_factor(rows: list[Json], result: str) -> None:
    events, unreadable = read_tables({"OktaV2_CL": rows})
    assert unreadable == {"OktaV2_CL": 0}
    other = ("user.session.start", "user.authentication.sso")
    (asked,) = [one for one in events if one.id.endswith(other)]
    assert asked.mfa_result == result
