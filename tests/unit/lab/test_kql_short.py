"""The lab's short SQL answers as the KQL engine's own does."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import duckdb_kql
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.scenarios.expander import expand
from lab.scenarios.loader import load_common, load_scenario
from lab.simulators.kql.sql_text import quoted
from lab.simulators.kql.store import KqlStore, QueryError
from lab.simulators.kql.values import moment_of
from shared.kql import let_statements
from shared.playbook.acting.exports import EXPORTS, OKTA_EXPORTS
from shared.playbook.acting.exports_by_address import BY_ADDRESS
from shared.playbook.hunts import load_hunts
from shared.playbook.sign_ins.neighbours_query import neighbours_query

SCENARIOS = (
    "mailbox-takeover",
    "month-end-download",
    "oauth-consent",
    "okta-account",
    "suspicious-commands",
    "token-theft",
)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
START, END = NOW - timedelta(days=30), NOW + timedelta(days=1)
BOUNDS: list[tuple[datetime | None, datetime | None]] = [
    (START, END),
    (None, None),
    (NOW - timedelta(hours=6), None),
]


class Plain(KqlStore):
    """The same tables, queried with the SQL that the engine writes."""

    def _translate(
        self, text: str, bounds: tuple[str, ...]
    ) -> tuple[duckdb.Statement, dict[str, str]]:
        schema = {name: list(columns) for name, columns in self.schemas.items()}
        translated = duckdb_kql.to_sql(text, schema=schema, allow_write=False)
        limits = {"since": "TimeGenerated >= $since", "until": "TimeGenerated <= $until"}
        where = " AND ".join(limits[bound] for bound in bounds)
        rows = [
            f"{quoted(name)} AS (FROM memory.main.{quoted(name)} WHERE {where})"
            for name in self.schemas
            if where and re.search(rf"\b{name}\b", text)
        ]
        sql = str(translated)
        if rows:
            sql = f"WITH {', '.join(rows)}, {sql.removeprefix('WITH ')}"
        slots = {d.slot: d.name for d in translated.declarations if d.slot in translated.slots}
        return duckdb.extract_statements(sql)[0], slots


@dataclass
class Both:
    """The lab's store and the plain one, with the same rows."""

    lab: KqlStore
    plain: KqlStore

    def answers(
        self, text: str, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[Any, Any]:
        return _answer(self.lab, text, since, until), _answer(self.plain, text, since, until)


def _answer(store: KqlStore, text: str, since: datetime | None, until: datetime | None) -> Any:
    try:
        return store.query(text, since, until)
    except QueryError as error:
        return error.kind, error.code


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    common = load_common()
    rows: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for name in SCENARIOS:
        play = expand(load_scenario(name), common, NOW)
        for table, found in play.tenant["tables"].items():
            rows[table] += found
    stores = Both(KqlStore(), Plain())
    stores.lab.load(rows)
    stores.plain.load(rows)
    yield stores


PRODUCT = [
    *(hunt.query for hunt in load_hunts()),
    *(export.page(50) for export in (*EXPORTS, *OKTA_EXPORTS.values())),
    *(export.page(50) for export in BY_ADDRESS.values() if not export.table.startswith("UDM")),
    EXPORTS[0].counts(),
    neighbours_query("OktaV2_CL"),
]
ACCOUNTS = {
    "dana.rivers": ("6a1c5f0e-3c51-4f0b-9f1e-0d6f5f0b7a11", ["203.0.113.66", "198.51.100.10"]),
    "iris.novak": ("00uirisnovak00000h7", ["198.51.100.24", "203.0.113.143"]),
}


@pytest.mark.parametrize("name", ACCOUNTS)
def test_what_the_app_asks_is_answered_the_same(both: Both, name: str) -> None:
    object_id, addresses = ACCOUNTS[name]
    parameters = {
        "userId": object_id,
        "userPrincipalName": f"{name}@contoso.example",
        "accountName": name,
        "onPremisesName": "-",
        "addresses": addresses,
        "hostileAddresses": addresses,
        "attackDay": NOW.replace(hour=0),
        "pageStart": NOW - timedelta(days=20),
        "pageEnd": END,
        "pageStep": timedelta(days=1),
    }
    found = 0
    for query in PRODUCT:
        short, plain = both.answers(let_statements(parameters) + query, START, END)
        assert short == plain, query
        assert not isinstance(short, tuple), query
        found += bool(short.rows)
    assert found > 1


SHAPES = [
    "SigninLogs | count",
    "SigninLogs | take 3",
    "SigninLogs | top 3 by TimeGenerated | extend Who = tolower(UserPrincipalName)",
    "SigninLogs | extend Level = 1 | take 1",
    "SigninLogs | top 2 by TimeGenerated | project-away Status, Location",
    "SigninLogs | top 2 by TimeGenerated | project-rename Who = UserId",
    "SigninLogs | distinct * | count",
    "SigninLogs | summarize arg_max(TimeGenerated, *) by UserId | project UserId, Status",
    "SigninLogs | summarize arg_min(TimeGenerated, IPAddress) by UserId | sort by UserId asc",
    "SigninLogs | getschema",
    "SigninLogs | getschema | summarize count() by ColumnType",
    "SigninLogs | top 3 by TimeGenerated asc | join kind=inner (SigninLogs"
    " | top 3 by TimeGenerated asc) on UserId | project AppId1, TimeGenerated1",
    "SigninLogs | summarize take_any(Status) by UserId | project Kind = gettype(take_any_Status)",
    "SigninLogs | extend Status = tostring(Status) | where isnotempty(Status) | count",
    "SigninLogs | extend UserId = strlen(UserId) | where UserId == 36 | summarize sum(UserId)",
    "SigninLogs | extend IPAddress = parse_json(DeviceDetail) | where IPAddress == '' | count",
    "SigninLogs | where Status.errorCode == 50126 or tostring(Status) has 'password' | count",
    "SigninLogs | mv-expand Step = todynamic(AuthenticationDetails) | summarize count() by "
    "tostring(Step.authenticationMethod)",
    "union withsource=Source SigninLogs, AuditLogs | summarize count() by Source",
    "union (SigninLogs | project A = UserId, B = 1), (AuditLogs | project A = OperationName)"
    " | summarize count(), sum(B) by A",
    "let a = SigninLogs | project UserId, IPAddress; a | join kind=leftanti"
    " (AuditLogs | project UserId = Id) on UserId | distinct UserId",
    "SigninLogs | project UserId, Id | join (SigninLogs | take 5) on UserId | count",
    "SigninLogs | top 3 by TimeGenerated asc | project UserId, Id | join kind=inner"
    " (SigninLogs | top 3 by TimeGenerated asc) on UserId | project Id1, AppId, IPAddress",
    "SigninLogs | top 3 by TimeGenerated asc | join kind=inner (SigninLogs"
    " | top 2 by TimeGenerated asc | project UserId, IPAddress) on UserId | project IPAddress1",
    "SigninLogs | lookup (AADNonInteractiveUserSignInLogs | summarize Most = max(TimeGenerated)"
    " by UserId) on UserId | summarize count() by Most",
    "let n = toscalar(SigninLogs | count); print n, tostring(n), gettype(n)",
    "let t = materialize(SigninLogs | where ResultType == '0'); t | summarize dcount(IPAddress)"
    " by UserId | where dcount_IPAddress > toscalar(t | summarize dcount(UserId))",
    "datatable(a: string, b: dynamic)['x', dynamic({'c': 1})] | where a == 'x' and b.c == 1",
    "print x = 1 | extend y = tostring(x)",
    "SigninLogs | summarize make_set(AppDisplayName, 3), countif(ResultType != '0') by UserId",
    "SigninLogs | where ResultType in ('0', '50126') | summarize by ResultType, ConditionalAccess"
    "Status",
    "SigninLogs | limit 7 | sort by Id asc | limit 4 | where ResultType == '0' | count",
    "SigninLogs | sort by TimeGenerated asc | project Id, UserId | take 3",
    "SigninLogs | sort by TimeGenerated asc | take 9 | summarize count() by UserId",
    "SigninLogs | where DurationMs * 2 >= 0 | count",
    "let Id = 'x'; SigninLogs | where Id == UserId | count",
    "SigninLogs | where NoSuchColumn == 1",
    "SigninLogs | extend country = Location, Country = 1",
    "NoSuchTable | count",
    "SigninLogs | project UserId | where Id == ''",
    "SigninLogs | where Id = 1",
]


@pytest.mark.parametrize("bounds", BOUNDS)
def test_every_shape_is_answered_the_same(
    both: Both, bounds: tuple[datetime | None, datetime | None]
) -> None:
    for query in SHAPES:
        short, plain = both.answers(query, *bounds)
        assert _unordered(short) == _unordered(plain), query


def test_a_row_at_the_very_start_or_end_counts(both: Both) -> None:
    newest = both.lab.query("SigninLogs | summarize max(TimeGenerated)", None, None).rows[0][0]
    at = moment_of(newest)
    for bounds in ((at, None), (at, at), (None, at)):
        short, plain = both.answers("SigninLogs | count", *bounds)
        assert short == plain
        assert short.rows[0][0] > 0


columns = st.sampled_from(
    ["UserId", "IPAddress", "ResultType", "Status", "TimeGenerated", "DurationMs", "Made"]
)
values = st.one_of(
    columns,
    columns.map("tostring({})".format),
    columns.map("isempty({})".format),
    columns.map("tolower(tostring({}))".format),
    columns.map("strcat({}, '/')".format),
    columns.map("parse_json(tostring({})).errorCode".format),
)
conditions = st.one_of(
    columns.map("{} == '50126'".format),
    columns.map("isnotempty({})".format),
    columns.map("{} has_any ('203', 'Invalid')".format),
    columns.map("tostring({}) !in~ ('0', '53003')".format),
    st.tuples(columns, columns).map("{0[0]} != '1' or {0[1]} startswith '6'".format),
)
stages = st.one_of(
    conditions.map("where {}".format),
    st.tuples(columns, values).map("extend {0[0]} = {0[1]}".format),
    st.lists(columns, min_size=1, max_size=4, unique=True).map(
        lambda names: f"project {', '.join(names)}"
    ),
    st.tuples(values, columns).map("summarize Made = count() by A = {0[0]}, {0[1]}".format),
    columns.map("summarize arg_max(TimeGenerated, *) by {}".format),
    columns.map("top 40 by {} desc".format),
    columns.map("sort by {} asc".format),
    st.just("take 30"),
)


@settings(max_examples=30)
@given(pipeline=st.lists(stages, max_size=6), bounds=st.sampled_from(BOUNDS))
def test_any_pipeline_is_answered_the_same(
    both: Both, pipeline: list[str], bounds: tuple[datetime | None, datetime | None]
) -> None:
    query = "\n| ".join(["SigninLogs", *pipeline])
    short, plain = both.answers(query, *bounds)
    assert _unordered(short) == _unordered(plain)


def _unordered(answer: Any) -> Any:
    if isinstance(answer, tuple):
        return answer
    return answer.columns, sorted(map(repr, answer.rows))
