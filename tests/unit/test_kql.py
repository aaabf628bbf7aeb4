"""Values in KQL, tried on a real KQL parser: what goes in comes out, whatever it contains."""

import json
import math
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import duckdb_kql
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.kql import let_statements, literal

connection = duckdb.connect()


def evaluate(value: object) -> Any:
    """Bind the value as a parameter, as ``run_query`` does, and read it back."""
    kql = let_statements({"value": value}) + "print answer = value"
    row = connection.execute(duckdb_kql.to_sql(kql)).fetchone()
    assert row is not None
    return row[0]


writable = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\u2028\u2029")
texts = st.text(st.one_of(writable, st.sampled_from("\\\"'\n\r\t;|/@{}$")), max_size=40)


@settings(max_examples=150, deadline=None)
@given(texts)
def test_text_comes_back_as_it_was(text: str) -> None:
    assert evaluate(text) == text


@settings(max_examples=100, deadline=None)
@given(st.lists(texts, max_size=4))
def test_lists_come_back_as_they_were(items: list[str]) -> None:
    assert json.loads(evaluate(items)) == items


@settings(max_examples=100)
@given(st.text(st.characters(), max_size=40))
def test_text_is_one_literal_or_refused(text: str) -> None:
    try:
        quoted = literal(text)
    except ValueError:
        assert any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text)
        return
    inner = quoted[1:-1].replace("\\\\", "").replace('\\"', "")
    assert '"' not in inner
    assert "\n" not in inner
    assert quoted[0] == quoted[-1] == '"'


@settings(max_examples=50, deadline=None)
@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001
def test_times_come_back_as_they_were(moment: datetime) -> None:
    answer = evaluate(moment.replace(tzinfo=UTC))
    assert answer.replace(tzinfo=UTC) == moment.replace(tzinfo=UTC)


@pytest.mark.parametrize("value", [True, False, 0, -7, 2**40, 1.5, -0.25, timedelta(minutes=90)])
def test_scalars_come_back_as_they_were(value: object) -> None:
    assert evaluate(value) == value


def test_nothing_is_null() -> None:
    assert evaluate(None) is None


@pytest.mark.parametrize(
    "attack",
    [
        'x" | union SigninLogs //',
        "x\\",
        'x\\" or 1==1 //',
        'x"; let y = SigninLogs; y | where z == "',
        "x' or '1'=='1",
        "line\nbreak | take 1",
    ],
)
def test_an_attack_is_only_text(attack: str) -> None:
    assert evaluate(attack) == attack


@pytest.mark.parametrize(
    "value", ["\x00", "a\x1bb", "a\u2028b", "\ud800", object(), {"a": 1}, [[]]]
)
def test_what_has_no_literal_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"KQL"):
        literal(value)


def test_a_list_with_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        literal([math.nan])


@pytest.mark.parametrize("name", ["", "1a", "a b", "a;b", "a-b", "é"])
def test_names_are_identifiers(name: str) -> None:
    with pytest.raises(ValueError, match="not a KQL name"):
        let_statements({name: 1})
