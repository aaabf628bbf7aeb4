"""Sign-in log, queries and incidents against the simulators: real KQL, official schemas."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.monitor.query import LogsQueryError, LogsQueryPartialResult, LogsTable

from shared.errors import (
    NotConfigured,
    NotFound,
    NotSupported,
    PermanentError,
    PermissionDenied,
    RetryableError,
    Throttled,
    TourniquetError,
)
from shared.models.query import QueryResult
from shared.models.signin import MfaResult
from shared.providers.sentinel import Sentinel, SentinelLogs
from shared.providers.sentinel.siem import LONGEST_COMMENT
from shared.providers.sentinel.workspace import read_answer
from shared.settings import Settings
from tests.contract.processes import Lab

ANNA, UPN = "6f1d4c55-9d0e-4f6a-8d1c-2b103f0a52c1", "anna.berg@contoso.example"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WINDOW = {"start": NOON - timedelta(hours=1), "end": NOON + timedelta(hours=1)}
INCIDENT = (
    "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/rg-soc/providers"
    "/Microsoft.OperationalInsights/workspaces/law-soc/providers/Microsoft.SecurityInsights"
    "/Incidents/7f3c1d52-6a3b-4a58-9c55-0f2f7a1b2c3d"
)
PROPERTIES: dict[str, Any] = {
    "title": "Brute force success",
    "severity": "High",
    "status": "New",
    "incidentNumber": 42,
}
TRIGGER: dict[str, Any] = {
    "eventUniqueId": "0a7e2f6e-1111-4222-8333-444455556666",
    "objectSchemaType": "Incident",
    "objectEventType": "Create",
    "workspaceInfo": {
        "SubscriptionId": "0b1f6471-1bf0-4dda-aec3-cb9272f09590",
        "ResourceGroupName": "rg-soc",
        "WorkspaceName": "law-soc",
    },
    "workspaceId": "5a3d3c2e-8f0c-4a63-9a7b-2f8b6f6c1d42",
    "object": {
        "id": INCIDENT,
        "name": INCIDENT.rsplit("/", 1)[1],
        "etag": '"1"',
        "type": "Microsoft.SecurityInsights/Incidents",
        "properties": PROPERTIES
        | {
            "createdTimeUtc": "2026-11-20T12:09:00Z",
            "lastModifiedTimeUtc": "2026-11-20T12:09:00Z",
            "incidentUrl": "https://portal.azure.com/incident",
        },
    },
}


def row(minutes: float, code: str, **columns: Any) -> dict[str, Any]:
    moment = (NOON + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
    return {
        "TimeGenerated": moment,
        "CreatedDateTime": moment,
        "Id": f"row-{minutes}-{code}",
        "CorrelationId": f"flow-{minutes}",
        "UserId": ANNA,
        "UserPrincipalName": UPN,
        "IPAddress": "203.0.113.7",
        "ResultType": code,
        "AuthenticationRequirement": "singleFactorAuthentication",
        "AuthenticationDetails": '[{"authenticationMethod":"Password","succeeded":true}]',
        "LocationDetails": {
            "city": "Lagos",
            "countryOrRegion": "NG",
            "geoCoordinates": {"latitude": 6.45, "longitude": 3.39},
        },
        "DeviceDetail": {"operatingSystem": "Linux", "browser": "Firefox 130"},
        "Status": {"errorCode": int(code), "additionalDetails": ""},
        "AutonomousSystemNumber": "64500",
        "AppDisplayName": "OfficeHome",
    } | columns


def sign_ins(lab: Lab, interactive: list[Any], silent: list[Any] | None = None) -> None:
    tables = {"SigninLogs": interactive, "AADNonInteractiveUserSignInLogs": silent or []}
    lab.tenant(tables=tables)


async def test_both_tables_are_read_and_typed_alike(lab: Lab, settings: Settings) -> None:
    claim = (
        '[{"authenticationMethod":"Previously satisfied","succeeded":true,'
        '"authenticationStepResultDetail":"MFA requirement satisfied by claim in the token"}]'
    )
    text = {"Status": '{"errorCode":0}', "LocationDetails": '{"countryOrRegion":"SE"}'}
    silent = row(2, "0", AuthenticationDetails=claim, DeviceDetail="{}", **text)
    sign_ins(lab, [row(m, "50126") for m in (0, 0.5, 1)] + [row(1.5, "0")], [silent])

    result = await SentinelLogs(settings).get_sign_ins(
        object_id=ANNA, user_principal_name=UPN, **WINDOW
    )

    assert result.incomplete == []
    assert result.rows == 5
    assert [event.result_code for event in result.events] == ["50126"] * 3 + ["0", "0"]
    success, renewal = result.events[3:]
    assert (success.interactive, renewal.interactive) == (True, False)
    assert success.address == "203.0.113.7"
    assert (success.country, success.city, success.latitude) == ("NG", "Lagos", 6.45)
    assert success.mfa_result is MfaResult.NOT_REQUIRED
    assert success.operating_system == "Linux"
    assert success.asn == 64500
    assert renewal.country == "SE"
    assert renewal.mfa_result is MfaResult.SATISFIED_BY_CLAIM
    assert "SigninLogs" in result.query
    assert {line["status"] for line in lab.ledger("log_analytics")} == {200}


@pytest.mark.parametrize(
    ("object_id", "name"), [(ANNA.upper(), None), (None, "Anna.Berg@Contoso.Example"), (ANNA, UPN)]
)
async def test_the_account_is_found_by_id_or_name(
    lab: Lab, settings: Settings, object_id: str | None, name: str | None
) -> None:
    other = {"UserId": "someone-else", "UserPrincipalName": "ben@contoso.example"}
    sign_ins(lab, [row(0, "0"), row(1, "0", **other)])

    result = await SentinelLogs(settings).get_sign_ins(
        object_id=object_id, user_principal_name=name, **WINDOW
    )

    assert [event.user_id for event in result.events] == [ANNA]


async def test_the_window_includes_its_start_and_not_its_end(lab: Lab, settings: Settings) -> None:
    sign_ins(lab, [row(-60, "0"), row(59.9, "0"), row(60, "0"), row(-60.1, "0")])

    result = await SentinelLogs(settings).get_sign_ins(
        object_id=ANNA, user_principal_name=None, **WINDOW
    )

    assert [event.at for event in result.events] == [
        NOON - timedelta(hours=1),
        NOON + timedelta(minutes=59.9),
    ]


async def test_a_hostile_name_is_only_a_name(lab: Lab, settings: Settings) -> None:
    sign_ins(lab, [row(0, "0")])

    result = await SentinelLogs(settings).get_sign_ins(
        object_id=None, user_principal_name='x" or true or "a" == "', **WINDOW
    )

    assert result.events == []


async def test_one_failing_table_is_named_and_the_other_used(lab: Lab, settings: Settings) -> None:
    sign_ins(lab, [row(0, "0")], [row(1, "0", Status="{}", DeviceDetail="{}", LocationDetails="")])
    lab.fault("log_analytics", "status", value=400, times=1)

    result = await SentinelLogs(settings).get_sign_ins(
        object_id=ANNA, user_principal_name=None, **WINDOW
    )

    assert len(result.events) == 1
    (line,) = result.incomplete
    assert "could not be read: log_analytics" in line


async def test_without_any_table_the_failure_is_raised(lab: Lab, settings: Settings) -> None:
    lab.fault("log_analytics", "status", value=403)

    with pytest.raises(PermissionDenied):
        await SentinelLogs(settings).get_sign_ins(
            object_id=ANNA, user_principal_name=None, **WINDOW
        )


async def test_an_account_is_needed(lab: Lab, settings: Settings) -> None:
    with pytest.raises(PermanentError, match="no account"):
        await SentinelLogs(settings).get_sign_ins(object_id=None, user_principal_name="", **WINDOW)


async def test_run_query_binds_parameters_and_types(lab: Lab, settings: Settings) -> None:
    sign_ins(lab, [row(0, "0", AppDisplayName='App "quoted" \\ slash'), row(1, "50126")])
    query = (
        "SigninLogs | where UserId =~ user and AppDisplayName in (apps)"
        " | project TimeGenerated, ResultType, LocationDetails, AutonomousSystemNumber"
    )

    result = await Sentinel(settings).run_query(
        query, parameters={"user": ANNA, "apps": ['App "quoted" \\ slash']}, **WINDOW
    )

    assert result == QueryResult(
        rows=[
            {
                "TimeGenerated": "2026-11-20T12:00:00Z",
                "ResultType": "0",
                "LocationDetails": row(0, "0")["LocationDetails"],
                "AutonomousSystemNumber": "64500",
            }
        ]
    )


async def test_a_missing_table_says_which(lab: Lab, settings: Settings) -> None:
    with pytest.raises(PermanentError, match="NoSuchTable"):
        await Sentinel(settings).run_query("NoSuchTable | take 1", parameters={}, **WINDOW)


async def test_a_parameter_that_cannot_be_written_is_refused(lab: Lab, settings: Settings) -> None:
    with pytest.raises(PermanentError, match="U\\+0000"):
        await Sentinel(settings).run_query("print x", parameters={"x": "a\x00"}, **WINDOW)

    assert lab.ledger("log_analytics") == []


async def test_without_a_workspace_nothing_is_asked(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings(log_analytics_workspace_id=None)

    with pytest.raises(NotConfigured, match="WORKSPACE_ID"):
        await Sentinel(settings).run_query("print 1", parameters={}, **WINDOW)


def test_a_partial_answer_keeps_its_rows_and_says_why() -> None:
    table = LogsTable(name="t", columns=["a"], columns_types=["long"], rows=[[1], [2]])
    error = LogsQueryError(code="PartialError", message="64 MB exceeded")
    answer = LogsQueryPartialResult(partial_data=[table], partial_error=error)

    assert read_answer(answer) == QueryResult(
        rows=[{"a": 1}, {"a": 2}], partial=True, detail="PartialError 64 MB exceeded"
    )


@pytest.fixture
def sentinel(lab: Lab, settings: Settings) -> Sentinel:
    lab.call("PUT", "incidents", [TRIGGER])
    return Sentinel(settings)


async def test_get_incident(sentinel: Sentinel) -> None:
    incident = await sentinel.get_incident(INCIDENT)

    assert incident["properties"]["title"] == "Brute force success"


async def test_an_unknown_incident_is_not_found(sentinel: Sentinel) -> None:
    with pytest.raises(NotFound):
        await sentinel.get_incident(INCIDENT[:-4] + "ffff")


@pytest.mark.parametrize(
    "incident_id", ["CASE-17", "", f"{INCIDENT}/../../x", f"{INCIDENT}/comments/1", "https://evil/"]
)
async def test_only_sentinel_incidents_are_reached(
    sentinel: Sentinel, lab: Lab, incident_id: str
) -> None:
    with pytest.raises(NotSupported):
        await sentinel.comment_on_incident(incident_id, key="k", text="t")

    assert lab.ledger("sentinel") == []


async def test_a_comment_with_the_same_key_is_replaced(sentinel: Sentinel, lab: Lab) -> None:
    await sentinel.comment_on_incident(INCIDENT, key="opened", text="one")
    await sentinel.comment_on_incident(INCIDENT.lower(), key="opened", text="two")
    await sentinel.comment_on_incident(INCIDENT, key="done", text="**three**")

    lines = lab.ledger("sentinel")
    paths = [line["path"].rsplit("/", 1)[1] for line in lines]
    assert paths[0] == paths[1] != paths[2]
    assert all(line["status"] in (200, 201) for line in lines)


async def test_a_long_comment_is_cut_and_says_so(sentinel: Sentinel, lab: Lab) -> None:
    await sentinel.comment_on_incident(INCIDENT, key="k", text="x" * (LONGEST_COMMENT + 1))

    (line,) = lab.ledger("sentinel")
    message = line["body"]["properties"]["message"]
    assert len(message) == LONGEST_COMMENT
    assert message.endswith("characters in a comment)_")


type Method = Callable[[Settings], Awaitable[object]]
METHODS: dict[str, tuple[str, Method]] = {
    "get_sign_ins": (
        "log_analytics",
        lambda s: SentinelLogs(s).get_sign_ins(object_id=ANNA, user_principal_name=None, **WINDOW),
    ),
    "run_query": (
        "log_analytics",
        lambda s: Sentinel(s).run_query("SigninLogs | take 1", parameters={}, **WINDOW),
    ),
    "get_incident": ("sentinel", lambda s: Sentinel(s).get_incident(INCIDENT)),
    "comment_on_incident": (
        "sentinel",
        lambda s: Sentinel(s).comment_on_incident(INCIDENT, key="k", text="t"),
    ),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "status", "value": 429, "retry_after": 600}, Throttled),
        ({"kind": "status", "value": 500}, RetryableError),
        ({"kind": "status", "value": 403}, PermissionDenied),
        ({"kind": "reset"}, RetryableError),
        ({"kind": "malformed"}, RetryableError),
        ({"kind": "timeout"}, RetryableError),
    ],
)
async def test_failures_have_their_type(
    sentinel: Sentinel,
    lab: Lab,
    make_settings: Callable[..., Settings],
    method: str,
    fault: dict[str, Any],
    error: type[TourniquetError],
) -> None:
    vendor, call = METHODS[method]
    lab.fault(vendor, **fault)
    short = {"call_timeout_seconds": 0.4, "query_timeout_seconds": 0.4, "call_budget_seconds": 1.0}

    with pytest.raises(error) as caught:
        await call(make_settings(**short))

    assert caught.value.vendor == vendor


async def test_retry_after_of_log_analytics_is_honoured(lab: Lab, settings: Settings) -> None:
    lab.fault("log_analytics", "status", value=429, retry_after=1, times=1)
    begin = asyncio.get_running_loop().time()

    await Sentinel(settings).run_query("print x = 1", parameters={}, **WINDOW)

    assert asyncio.get_running_loop().time() - begin >= 1.0
