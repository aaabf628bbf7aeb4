"""Values in UDM queries: whatever they are, they stay values."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.simulators.udm_query import UdmError, compile_query
from shared.udm import NO_ADDRESS, any_of, literal, render

HOSTILE = [
    'x" or metadata.event_type != "',
    "x\\",
    'x\\" or not metadata.event_type = "x',
    "/.*/",
    "${addresses}",
    "a'b`c",
    "\N{RIGHT-TO-LEFT OVERRIDE}evil",
    "",
]
plain = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=60)


def login(name: str) -> dict[str, object]:
    return {"metadata": {"eventType": "USER_LOGIN"}, "target": {"user": {"userid": name}}}


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_finds_itself_and_nothing_else(value: str) -> None:
    fits = compile_query(render("target.user.userid = ${name}", {"name": value}))
    assert fits(login(value))
    assert not fits(login("somebody-else"))


@given(plain)
def test_any_text_is_one_literal(value: str) -> None:
    fits = compile_query(f"target.user.userid = {literal(value)}")
    assert fits(login(value)) and not fits(login(value + "x"))


@given(st.lists(plain, max_size=5), plain)
def test_any_list_is_alternatives(values: list[str], other: str) -> None:
    fits = compile_query(any_of("target.user.userid", values))
    assert all(fits(login(value)) for value in values)
    assert fits(login(other)) == (other in values or other == NO_ADDRESS)


@pytest.mark.parametrize("value", ["a\nb", "a\x00b", "a\u2028b", "\x1b[31m", "\ud800"])
def test_what_no_name_has_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="cannot be in a UDM string"):
        literal(value)


def test_other_values_are_written_as_the_search_takes_them() -> None:
    at = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    values = (True, False, 7, at)
    assert [literal(one) for one in values] == ["true", "false", "7", '"2026-11-20T12:00:00.000Z"']
    with pytest.raises(ValueError, match="no UDM literal"):
        literal(1.5)


def test_a_place_without_a_value_or_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="no value for name"):
        render("target.user.userid = ${name}", {})
    with pytest.raises(ValueError, match="not a list"):
        render("${any principal.ip addresses}", {"addresses": "203.0.113.7"})
    with pytest.raises(ValueError, match="more than 100"):
        any_of("principal.ip", ["203.0.113.7"] * 101)


@pytest.mark.parametrize(
    "query",
    [
        'metadata.event_type = "USER_LOGIN" or',
        'metadata.event_type = "USER_LOGIN" metadata.id = "1"',
        '(metadata.event_type = "USER_LOGIN"',
        'nothing.such = "x"',
        'metadata.event_type = "\\q"',
        "target.user.userid = /(?=x)/",
        "target.user.userid = /(/",
        'target.user.userid > "x"',
        "metadata.event_type",
        '$e.metadata.event_type = "USER_LOGIN"',
        'metadata.event_type = "USER_LOGIN" | head 5',
    ],
)
def test_the_lab_refuses_what_it_does_not_understand(query: str) -> None:
    with pytest.raises(UdmError):
        compile_query(query)({"metadata": {"eventType": "USER_LOGIN"}})


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ('principal.ip = "203.0.113.7"', True),
        ('principal.ip != "203.0.113.7"', False),
        ('principal.ip = "203.0.113.9"', False),
        ('principal.hostname = ""', True),
        ('metadata.event_type = "user_login" nocase', True),
        ('metadata.event_type = "user_login"', False),
        ("metadata.event_type = /^USER_/", True),
        ("metadata.event_type = /login/ nocase", True),
        ("not metadata.event_type = /login/ nocase", False),
        ("network.sent_bytes > 500", True),
        ("network.sent_bytes >= 501", False),
        ('principal.ip = "x" or principal.ip = "203.0.113.8" and network.sent_bytes > 1', True),
        ('(principal.ip = "203.0.113.7" or principal.ip = "x") and network.sent_bytes < 1', False),
    ],
)
def test_what_the_lab_understands_means_what_it_says(query: str, fits: bool) -> None:
    event = {
        "metadata": {"eventType": "USER_LOGIN"},
        "principal": {"ip": ["203.0.113.7", "203.0.113.8"]},
        "network": {"sentBytes": "500"} | {"sentBytes": 500.5},
    }
    assert compile_query(query)(event) is fits
