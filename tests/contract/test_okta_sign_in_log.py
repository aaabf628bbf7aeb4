"""Okta's sign-ins out of the tables of both Sentinel connectors, by real KQL."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.models.base import format_utc
from shared.models.signin import MfaResult
from shared.playbook.sign_ins.shapes.tables import read_tables
from shared.providers.sentinel import SentinelLogs
from shared.settings import Settings
from tests.contract.processes import Lab
from tests.contract.sentinel_data import NOON, WINDOW

LOGIN = "ada@contoso.example"
SESSION = "user.session.start"
SECOND = "user.authentication.auth_via_mfa"


def v2(minute: float, kind: str, result: str, **columns: Any) -> dict[str, Any]:
    """A row as the connector's transformation makes it."""
    return {
        "TimeGenerated": format_utc(NOON + timedelta(minutes=minute)),
        "EventOriginalUid": f"uid-{minute}-{kind}",
        "EventOriginalType": kind,
        "OriginalOutcomeResult": result,
        "OriginalActorAlternateId": LOGIN,
        "OriginalUserId": "00u1",
        "SrcIpAddr": "203.0.113.66",
        "SrcGeoCountry": "Netherlands",
        "SrcGeoCity": "Amsterdam",
        "SrcGeoLatitude": 52.37,
        "SrcGeoLongtitude": 4.9,
        "SecurityContextAsNumber": 64510,
        "HttpUserAgent": "curl/8",
        "SrcDvcOs": "Linux",
        "ActingAppName": "UNKNOWN",
        "OriginalTarget": [{"type": "AppInstance", "displayName": "Mail"}],
        **columns,
    }


def v1(minute: float, kind: str, result: str, **columns: Any) -> dict[str, Any]:
    """The same as the older connector writes it."""
    return {
        "TimeGenerated": format_utc(NOON + timedelta(minutes=minute)),
        "uuid_g": f"uid-{minute}-{kind}",
        "eventType_s": kind,
        "outcome_result_s": result,
        "actor_alternateId_s": LOGIN,
        "actor_id_s": "00u1",
        "client_ipAddress_s": "203.0.113.66",
        "client_geographicalContext_country_s": "Netherlands",
        **columns,
    }


@pytest.mark.parametrize("name", [LOGIN, "ADA@Contoso.Example"])
async def test_the_connector_s_table_is_read(lab: Lab, settings: Settings, name: str) -> None:
    failed = {"EventOriginalResultDetails": "INVALID_CREDENTIALS"}
    rows = [
        v2(0, SESSION, "FAILURE", **failed),
        v2(1, SESSION, "FAILURE", **failed),
        v2(2, SECOND, "SUCCESS", DebugData={"factor": "OKTA_VERIFY_PUSH"}, ActorSessionId="s1"),
        v2(3, SESSION, "SUCCESS", ActorSessionId="s1"),
        v2(4, "application.lifecycle.update", "SUCCESS"),
        v2(5, SESSION, "SUCCESS", OriginalActorAlternateId="bo@contoso.example"),
        v2(90, SESSION, "SUCCESS"),
    ]
    lab.tenant(tables={"OktaV2_CL": rows})

    result = await SentinelLogs(settings, read_tables).get_sign_ins(
        object_id=None, user_principal_name=name, **WINDOW
    )

    assert result.incomplete == []
    assert [event.result_code for event in result.events] == ["50126", "50126", "0", "0"]
    first, pushed = result.events[0], result.events[2]
    assert (first.address, first.country, first.city, first.asn) == (
        "203.0.113.66",
        "Netherlands",
        "Amsterdam",
        64510,
    )
    assert (first.latitude, first.longitude, first.app) == (52.37, 4.9, "Mail")
    assert (pushed.mfa_result, pushed.session_id) == (MfaResult.SATISFIED, "s1")
    assert "OktaV2_CL" in result.query


async def test_the_older_connector_s_table_is_read_when_the_settings_name_it(
    lab: Lab, make_settings: Callable[..., Settings]
) -> None:
    wrong = {"outcome_reason_s": "INVALID_CREDENTIALS"}
    rows = [v1(0, SESSION, "FAILURE", **wrong), v1(1, SESSION, "SUCCESS")]
    rows += [v1(2, "policy.lifecycle.update", "SUCCESS")]
    lab.tenant(tables={"Okta_CL": rows, "OktaV2_CL": [v2(3, SESSION, "SUCCESS")]})

    result = await SentinelLogs(make_settings(okta_log_table="Okta_CL"), read_tables).get_sign_ins(
        object_id="00U1", user_principal_name=None, **WINDOW
    )

    assert [(event.result_code, event.country) for event in result.events] == [
        ("50126", "Netherlands"),
        ("0", "Netherlands"),
    ]


async def test_without_okta_its_tables_are_not_asked(
    lab: Lab, make_settings: Callable[..., Settings]
) -> None:
    lab.tenant(tables={"OktaV2_CL": [v2(0, SESSION, "SUCCESS")]})
    result = await SentinelLogs(make_settings(okta_url=None), read_tables).get_sign_ins(
        object_id=None, user_principal_name=LOGIN, **WINDOW
    )
    assert result.events == []
    assert "Okta" not in result.query


async def test_a_table_that_is_not_there_is_named(lab: Lab, settings: Settings) -> None:
    lab.fault("log_analytics", "status", value=400, about=["OktaV2_CL"])
    result = await SentinelLogs(settings, read_tables).get_sign_ins(
        object_id=None, user_principal_name=LOGIN, **WINDOW
    )
    (line,) = result.incomplete
    assert line.startswith("OktaV2_CL could not be read: log_analytics")
