"""Log Analytics: the wire format, errors, timespans, and that the SDK is content."""

import subprocess
import sys
from typing import Any

import pytest

from tests.contract.processes import ROOT
from tests.lab.simulators_support import World

SDK = """
import asyncio, os, sys
from datetime import UTC, datetime
from azure.identity.aio import ClientSecretCredential
from azure.monitor.query.aio import LogsQueryClient

async def main() -> None:
    env = os.environ
    credential = ClientSecretCredential(
        env["AZURE_TENANT_ID"], env["AZURE_CLIENT_ID"], env["AZURE_CLIENT_SECRET"],
        authority=env["AZURE_AUTHORITY_HOST"], disable_instance_discovery=True,
    )
    url = env["TOURNIQUET_LOG_ANALYTICS_URL"]
    span = (datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
    async with credential:
        for endpoint in (url, url.removesuffix("/v1")):
            async with LogsQueryClient(credential, endpoint=endpoint) as client:
                answer = await client.query_workspace(
                    env["TOURNIQUET_LOG_ANALYTICS_WORKSPACE_ID"],
                    "SigninLogs | summarize n = count()", timespan=span,
                )
                print(answer.tables[0].rows[0]["n"])

asyncio.run(main())
"""


def _table(world: World, kql: str, timespan: str | None = None) -> dict[str, Any]:
    answer = world.query(kql, timespan)
    assert answer.status_code == 200, answer.text
    table: dict[str, Any] = answer.json()["tables"][0]
    return table


def _rows(world: World, kql: str, timespan: str | None = None) -> list[list[Any]]:
    rows: list[list[Any]] = _table(world, kql, timespan)["rows"]
    return rows


def test_values_look_as_the_service_writes_them(world: World) -> None:
    kql = (
        "SigninLogs | top 1 by TimeGenerated | project TimeGenerated, Status, LocationDetails.city,"
        " UserAgent, MfaDetail, IsRisky, span = TimeGenerated - datetime(2026-11-19T12:03:00Z),"
        ' l = pack_array("a", 1), n = 5, r = 1.5'
    )
    table = _table(world, kql)
    assert table["name"] == "PrimaryResult"
    assert [column["type"] for column in table["columns"]] == [
        "datetime", "dynamic", "dynamic", "string", "dynamic", "bool", "timespan", "dynamic",
        "long", "real",
    ]  # fmt: skip
    assert table["rows"] == [
        ["2026-11-20T12:03:00Z", '{"errorCode":0}', "Lagos", "", None, None, "1.00:00:00",
         '["a",1]', 5, 1.5]
    ]  # fmt: skip


def test_every_known_table_is_there_and_empty(world: World) -> None:
    assert _rows(world, "DeviceProcessEvents | where AccountUpn == 'x'") == []


def test_unknown_columns_of_a_known_table_are_kept(empty: World) -> None:
    rows = [{"TimeGenerated": "2026-11-20T12:00:00Z", "Extra": {"a": 1}, "Score": 7}]
    empty.lab.tenant(tables={"SigninLogs": rows})
    assert _rows(empty, "SigninLogs | project a = toint(Extra.a), Score") == [[1, 7]]


def test_text_of_exports_is_read_by_column_type(empty: World) -> None:
    row = {
        "TimeGenerated": "2026-11-20T12:00:00.1234567Z", "Status": '{"errorCode": 50126}',
        "ResultType": 50126, "IsRisky": "True", "DurationMs": "12",
    }  # fmt: skip
    empty.lab.tenant(tables={"SigninLogs": [row]})
    columns = "TimeGenerated, toint(Status.errorCode), ResultType, IsRisky, DurationMs"
    assert _rows(empty, f"SigninLogs | project {columns}") == [
        ["2026-11-20T12:00:00.123456Z", 50126, "50126", True, 12]
    ]


@pytest.mark.parametrize(
    ("timespan", "count"),
    [
        (None, 4),
        ("2026-11-20T12:01:00Z/2026-11-20T12:02:00Z", 2),
        ("2026-11-20T12:01:00Z/PT10M", 3),
        ("PT1M/2026-11-20T12:01:30Z", 1),
        ("PT3600.0S", 0),
    ],
)
def test_timespan_bounds_the_rows(world: World, timespan: str | None, count: int) -> None:
    assert _rows(world, "SigninLogs | summarize count()", timespan) == [[count]]


def test_a_timespan_does_not_stick(world: World) -> None:
    _rows(world, "SigninLogs | count", "2026-11-20T12:01:00Z/PT1M")
    assert _rows(world, "SigninLogs | count") == [[4]]


@pytest.mark.parametrize(
    ("kql", "code"),
    [
        ("SigninLogs | wherex", "SYN0002"),
        ("NoSuchTable | take 1", "SEM0100"),
        ("SigninLogs | where NoSuchColumn == 1", "SEM0100"),
        ("SigninLogs | sort by TimeGenerated | extend p = prev(IPAddress)", "LAB0001"),
        (".drop table SigninLogs", "LAB0001"),
    ],
)
def test_wrong_queries_get_the_service_error(world: World, kql: str, code: str) -> None:
    answer = world.query(kql)
    assert answer.status_code == 400
    assert answer.json()["error"]["innererror"]["innererror"]["code"] == code
    assert code in world.lab.ledger("log_analytics")[-1]["violation"]
    assert _rows(world, "SigninLogs | count") == [[4]]


def test_wrong_timespan_workspace_and_token(world: World) -> None:
    assert world.query("SigninLogs", "yesterday").status_code == 400
    other = "00000000-0000-0000-0000-000000000000"
    assert world.query("SigninLogs", workspace=other).status_code == 404
    assert world.query("SigninLogs", workspace="w").status_code == 400
    url = f"{world.env['TOURNIQUET_LOG_ANALYTICS_URL']}/workspaces/{other}/query"
    assert world.http.post(url, json={"query": "x"}).status_code == 401


def test_values_in_leading_lets_are_only_values(world: World) -> None:
    text = 'let who = "%s";\nlet since = datetime(2026-11-20T12:01:00Z);\nlet most = long(2);\n'
    query = "SigninLogs | where UserPrincipalName =~ who and TimeGenerated >= since | count"
    assert _rows(world, text % "ALICE@contoso.example" + query) == [[3]]
    assert _rows(world, text % "bob@contoso.example" + query) == [[0]]
    assert _rows(world, text % r"x\" or 1 == 1 //" + query) == [[0]]
    addresses = 'let seen = dynamic(["203.0.113.7", "x"]);\nSigninLogs | where IPAddress in (seen)'
    assert len(_rows(world, addresses)) == 4


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x mailbox y", True),
        ("MAILBOX", True),
        ("-mailbox.", True),
        ("\u201cmailbox\u201d", True),
        ("xmailbox", False),
        ("mailbox2", False),
        ("\u00e9mailbox", False),
        ("mailbox\u65e5", False),
    ],
)
def test_has_means_whole_terms(world: World, text: str, found: bool) -> None:
    kql = f'let text = "{text}";\nprint x = text has "mailbox", y = text has_any ("no", "mailbox")'
    assert _rows(world, kql) == [[found, found]]


def test_a_brute_force_query_runs(world: World) -> None:
    kql = (
        "let failures = SigninLogs | where ResultType in ('50126', '50053')\n"
        "| summarize n = count(), latest = max(TimeGenerated) by IPAddress, UserPrincipalName;\n"
        "failures | join kind=inner (SigninLogs | where ResultType == '0'\n"
        "  | project IPAddress, UserPrincipalName, ok = TimeGenerated) on IPAddress\n"
        "| where ok between (latest .. (latest + 1h)) | project IPAddress, n, ok"
    )
    assert _rows(world, kql) == [["203.0.113.7", 3, "2026-11-20T12:03:00Z"]]


def test_microsofts_client_is_content(world: World) -> None:
    # In a process of its own: aiohttp reads SSL_CERT_FILE once, when it is imported.
    done = subprocess.run(
        [sys.executable, "-c", SDK], cwd=ROOT, env={"PATH": "/usr/bin:/bin", **world.env},
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["4", "4"], done.stderr[-2000:]
