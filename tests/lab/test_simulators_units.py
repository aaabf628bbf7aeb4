"""The parts of the simulators that decide something by themselves."""

import contextlib
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lab.simulators import entra_token
from lab.simulators.config import SimulatorSettings
from lab.simulators.entra_token import TokenAuthority, TokenError
from lab.simulators.exchange import Call, RefusalError
from lab.simulators.graph.odata import collection
from lab.simulators.graph.roles import may_act
from lab.simulators.kql.general import generalised
from lab.simulators.kql.lint import union_conflict
from lab.simulators.kql.values import moment_of, wire_value
from lab.simulators.ledger import masked
from lab.simulators.log_analytics import timespan

GRAPH = "https://graph.microsoft.com"
ROLE = "#microsoft.graph.directoryRole"


@pytest.mark.parametrize(
    ("app", "target", "password", "enable"),
    [
        ([], None, False, True),
        (["User Administrator"], None, True, True),
        (["Helpdesk Administrator"], None, True, True),
        (["User Administrator"], "Helpdesk Administrator", True, True),
        (["Helpdesk Administrator"], "User Administrator", False, False),
        (["User Administrator"], "Authentication Administrator", False, False),
        (["Authentication Administrator"], "Authentication Administrator", True, True),
        (["User Administrator"], "Global Administrator", False, False),
        (["User Administrator"], "Exchange Administrator", False, False),
        (["Privileged Authentication Administrator"], "Global Administrator", True, True),
    ],
)
def test_who_may_act_on_whom(
    app: list[str], target: str | None, password: bool, enable: bool
) -> None:
    memberships = [{"@odata.type": ROLE, "displayName": target}] if target else []
    assert may_act(app, memberships, role_needed=True) is password
    assert may_act(app, memberships, role_needed=False) is enable


def test_a_role_assignable_group_guards_its_members() -> None:
    group = [{"@odata.type": "#microsoft.graph.group", "isAssignableToRole": True}]
    assert not may_act(["User Administrator"], group, role_needed=False)
    assert may_act(["Global Administrator"], group, role_needed=True)


ITEMS: list[dict[str, Any]] = [
    {"name": "Ann", "age": 30, "at": "2026-01-01T00:00:00Z", "in": {"code": 0}, "on": True},
    {"name": "bob", "age": 40, "at": "2026-02-01T00:00:00Z", "in": {"code": 5}, "on": False},
    {"name": "O'Hara", "age": None, "at": "2026-03-01T00:00:00Z", "in": None, "on": None},
]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("name eq 'ann'", ["Ann"]),
        ("name eq 'O''Hara'", ["O'Hara"]),
        ("age gt 30 and age le 40", ["bob"]),
        ("in/code eq 5 or name eq 'Ann'", ["Ann", "bob"]),
        ("at ge 2026-02-01T00:00:00Z", ["bob", "O'Hara"]),
        ("not (startswith(name,'a') or endswith(name, 'B'))", ["O'Hara"]),
        ("contains(name,'har') and age eq null", ["O'Hara"]),
        ("on eq true", ["Ann"]),
        ("name ne 'Ann' and (age eq 40)", ["bob"]),
    ],
)
def test_filters(text: str, names: list[str]) -> None:
    call = Call("GET", "/things", {"$filter": text}, {}, "https://x")
    assert [item["name"] for item in collection(call, ITEMS).body["value"]] == names


@pytest.mark.parametrize(
    "text", ["name", "name eq", "name is 'x'", "(name eq 'x'", "a eq 1 b eq 2"]
)
def test_wrong_filters(text: str) -> None:
    call = Call("GET", "/things", {"$filter": text}, {}, "https://x")
    with pytest.raises(RefusalError) as refused:
        collection(call, ITEMS)
    assert refused.value.answer.status == 400


def test_literals_in_front_become_parameters_numbers_stay() -> None:
    text = (
        'let a = "say \\"hi\\"\\n";\nlet n = long(5);\nlet d = time(60.000000s);\n'
        'let l = dynamic(["x", "y"]);\nlet t = datetime(2026-11-20T00:00:00Z);\n'
        'let rows = T | where c == "stay";\nrows'
    )
    general, values = generalised(text)
    assert values == {"a": 'say "hi"\n', "l": '["x", "y"]', "t": datetime(2026, 11, 20)}  # noqa: DTZ001
    assert general.startswith("declare query_parameters(a:string, l:dynamic, t:datetime);")
    assert "let n = long(5);" in general
    assert 'c == "stay"' in general


@pytest.mark.parametrize(
    "text",
    ["T | count", 'declare query_parameters(a:string = "x"); T', "let n = 5; T", "let t = T; t"],
)
def test_queries_without_literals_in_front_stay_as_they_are(text: str) -> None:
    assert generalised(text) == (text, {})


SCHEMAS = {
    "A": {"Status": "dynamic", "UserId": "string"},
    "B": {"Status": "string", "UserId": "string"},
}


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("union A, B | project Status", True),
        ("A | union B | project Status", True),
        ("union isfuzzy=true A, B | where Status == 1", True),
        ("union A, B | project UserId", False),
        ("union (A | extend S = tostring(Status)), (B | extend S = Status)", False),
        ("A | project Status", False),
    ],
)
def test_a_union_that_azure_would_split_is_refused(text: str, refused: bool) -> None:
    assert (union_conflict(text, SCHEMAS) is not None) is refused


@pytest.mark.parametrize(
    ("value", "kind", "wire"),
    [
        (None, "string", ""),
        (None, "long", None),
        (datetime(2026, 11, 20, 12, tzinfo=UTC), "datetime", "2026-11-20T12:00:00Z"),
        (timedelta(minutes=5), "timespan", "00:05:00"),
        (timedelta(days=2, microseconds=5), "timespan", "2.00:00:00.0000050"),
        (timedelta(seconds=-1), "timespan", "-00:00:01"),
        ('"text"', "dynamic", "text"),
        ('{"a":1}', "dynamic", '{"a":1}'),
        (["a", None], "dynamic", '["a",null]'),
        (True, "bool", True),
    ],
)
def test_values_on_the_wire(value: Any, kind: str, wire: Any) -> None:
    assert wire_value(value, kind) == wire


def test_times_are_read_generously() -> None:
    expected = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
    assert moment_of("2026-11-20T12:00:00.1234567Z") == expected
    assert moment_of("2026-11-20 12:00:00.123456") == expected
    assert moment_of("yesterday") is None
    assert moment_of(5) is None


def test_timespans() -> None:
    start = datetime(2026, 11, 20, tzinfo=UTC)
    day = (start, start + timedelta(days=1))
    for text in ("2026-11-20/2026-11-21", "2026-11-20T00:00:00Z/P1D", "PT24H/2026-11-21"):
        assert timespan(text) == day
    since, until = timespan("PT60.0S")
    assert since is not None
    assert until is None
    with pytest.raises(ValueError, match="ISO 8601"):
        timespan("2026-11-20/later")


def test_masking_reaches_every_depth_and_spares_the_rest() -> None:
    body = {"a": [{"passwordProfile": {"password": "x", "force": True}}], "client_secret": "y"}
    assert masked(body) == {
        "a": [{"passwordProfile": {"password": "***", "force": True}}], "client_secret": "***",
    }  # fmt: skip


def test_a_token_that_was_good_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entra_token, "LIFETIME_SECONDS", 1)
    authority = TokenAuthority(SimulatorSettings(), "https://localhost:1")
    expires = 0.0
    while not expires:
        with contextlib.suppress(TokenError):  # a slow machine: it was old at birth
            token = f"Bearer {authority.issue(GRAPH)}"
            expires = float(authority.check(token, [GRAPH])["exp"])
    time.sleep(max(0.0, expires - time.time()))
    with pytest.raises(TokenError, match="expired"):
        authority.check(token, [GRAPH])


def test_a_forged_token_is_refused_beside_a_good_one() -> None:
    authority, other = (TokenAuthority(SimulatorSettings(), "https://localhost:1") for _ in "ab")
    good = f"Bearer {authority.issue(GRAPH)}"
    authority.check(good, [GRAPH])
    with pytest.raises(TokenError, match="Audience"):
        authority.check(good, ["https://management.azure.com"])
    with pytest.raises(TokenError, match="Signature"):
        authority.check(f"Bearer {other.issue(GRAPH)}", [GRAPH])
