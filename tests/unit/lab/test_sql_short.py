"""SQL that is made short: what is put together or left out, and above all what is not."""

import duckdb
import pytest

from lab.simulators.kql.sql_cases import replaced_cases
from lab.simulators.kql.sql_stages import put_together
from lab.simulators.kql.sql_text import joined, queries
from lab.simulators.kql.sql_types import Shortener

TABLES = {
    "T": {"a": "VARCHAR", "b": "JSON", "n": "BIGINT"},
    "U": {"a": "JSON", "c": "VARCHAR"},
}
KNOWN = {"a": "VARCHAR", "b": "JSON", "n": "BIGINT"}


def staged(sql: str) -> str:
    split = queries(sql)
    assert split is not None
    return joined(*put_together(*split))


@pytest.mark.parametrize(
    ("sql", "short"),
    [
        (
            "WITH x AS (SELECT * FROM T), y AS (SELECT * FROM x WHERE a OR b),"
            " z AS (SELECT * FROM y WHERE c) SELECT * FROM z",
            "SELECT * FROM T WHERE ((a OR b)) AND (c)",
        ),
        (
            "WITH x AS (SELECT * FROM T WHERE c), y AS (SELECT * FROM x ORDER BY a DESC),"
            " z AS (SELECT * FROM y LIMIT 5) SELECT * FROM z",
            "SELECT * FROM T WHERE (c) ORDER BY a DESC LIMIT 5",
        ),
        (
            'WITH x AS (SELECT "a", "b" FROM m.T WHERE c), y AS (SELECT "a", count(*) AS "n"'
            ' FROM x GROUP BY "a") SELECT * FROM y LIMIT 3',
            'SELECT "a", count(*) AS "n" FROM m.T WHERE (c) GROUP BY "a" LIMIT 3',
        ),
        (
            'WITH "T" AS (SELECT "a" FROM memory."T"), x AS (SELECT * FROM "T") SELECT * FROM x',
            'SELECT "a" FROM memory."T"',
        ),
    ],
)
def test_stages_are_put_together(sql: str, short: str) -> None:
    assert staged(sql) == short


@pytest.mark.parametrize(
    "sql",
    [
        "WITH x AS (SELECT * FROM T LIMIT 5) SELECT * FROM x WHERE c",
        "WITH x AS (SELECT * FROM T LIMIT 5) SELECT * FROM x LIMIT 3",
        "WITH x AS (SELECT * FROM T LIMIT 5) SELECT * FROM x ORDER BY a",
        "WITH x AS (SELECT * FROM T LIMIT 5) SELECT count(*) FROM x",
        "WITH x AS (SELECT * FROM T ORDER BY a) SELECT * FROM x ORDER BY b",
        "WITH x AS (SELECT * FROM T ORDER BY a) SELECT count(*) FROM x",
        "WITH x AS (SELECT a + 1 AS a FROM T) SELECT * FROM x WHERE a > 1",
        "WITH x AS (SELECT count(*) AS n FROM T GROUP BY a) SELECT * FROM x WHERE n > 1",
        "WITH x AS (SELECT DISTINCT a FROM T) SELECT * FROM x WHERE a > 1",
        "WITH x AS (SELECT * FROM T) SELECT * FROM x JOIN x AS y ON true",
        "WITH x AS (SELECT * FROM T) SELECT * FROM x, U",
        "WITH x AS (SELECT * FROM T UNION ALL SELECT * FROM U) SELECT * FROM x WHERE a",
        "WITH x AS (SELECT * EXCLUDE (a) FROM T) SELECT * FROM x WHERE b",
        "WITH x AS MATERIALIZED (SELECT * FROM T) SELECT * FROM x WHERE a",
        "WITH x AS (SELECT * FROM T), y AS (SELECT * FROM U) SELECT * FROM x WHERE a",
        "WITH x AS (SELECT * FROM T) SELECT * FROM x WHERE a IN (SELECT a FROM x)",
        "WITH x AS (SELECT * FROM T HAVING a) SELECT * FROM x WHERE a",
    ],
)
def test_what_would_mean_something_else_stays(sql: str) -> None:
    assert staged(sql) == sql


@pytest.mark.parametrize(
    ("case", "short"),
    [
        ("CASE WHEN typeof(\"a\") = 'JSON' THEN 1 ELSE 2 END", "(2)"),
        ("CASE WHEN typeof(\"b\") = 'JSON' THEN 1 ELSE 2 END", "(1)"),
        ("CASE WHEN typeof(\"n\") IN ('INTEGER', 'BIGINT') THEN 1 ELSE 2 END", "(1)"),
        ("CASE typeof(\"b\") WHEN 'DOUBLE' THEN 1 WHEN 'JSON' THEN \"n\" ELSE 2 END", '("n")'),
        ("CASE typeof(CAST($p AS VARCHAR)) WHEN 'JSON' THEN 1 ELSE 2 END", "(2)"),
        ("CASE typeof('/') WHEN 'JSON' THEN 1 ELSE CASE WHEN x THEN 2 END END",
         "(CASE WHEN x THEN 2 END)"),
        ("CASE WHEN typeof(\"a\") = 'JSON' THEN 1 ELSE CASE typeof(\"b\") WHEN 'JSON' THEN 3"
         " ELSE 4 END END", "((3))"),
    ],
)  # fmt: skip
def test_a_known_type_decides(case: str, short: str) -> None:
    assert list(replaced_cases(f"({case})", KNOWN)) == [(case, short)]


@pytest.mark.parametrize(
    "case",
    [
        "CASE WHEN typeof(\"z\") = 'JSON' THEN 1 ELSE 2 END",
        'CASE WHEN typeof("a") = \'JSON\' THEN "z" ELSE 2 END',
        'CASE WHEN typeof("a") = \'JSON\' OR "n" > 1 THEN 1 ELSE 2 END',
        "CASE WHEN typeof(\"a\") LIKE '%INT%' THEN 1 ELSE 2 END",
        "CASE WHEN typeof(\"a\") = 'JSON' THEN 1 END",
        "CASE WHEN typeof(lower(\"a\")) = 'JSON' THEN 1 ELSE 2 END",
        "CASE \"a\" WHEN 'JSON' THEN 1 ELSE 2 END",
        "CASE WHEN typeof(CAST(v AS UUID)) = 'JSON' THEN 1 ELSE 2 END",
        "CASE WHEN typeof(v) = 'JSON' THEN 1 ELSE 2 END",
    ],
)
def test_what_is_not_certain_decides_nothing(case: str) -> None:
    assert list(replaced_cases(f"({case})", KNOWN)) == []


def shortened(sql: str) -> tuple[str, dict[str, str] | None]:
    return Shortener(duckdb.connect(), TABLES).shorten(sql, {})


def test_types_come_through_the_stages() -> None:
    sql, columns = shortened(
        'WITH x AS (SELECT lower("a") AS "b", "n" FROM T), y AS (SELECT CASE WHEN'
        " typeof(\"b\") = 'JSON' THEN 'j' ELSE 'v' END AS \"k\" FROM x) SELECT * FROM y"
    )
    assert columns == {"k": "VARCHAR"}
    assert "typeof" not in sql
    assert "'j'" not in sql


@pytest.mark.parametrize(
    "sql",
    [
        # Both tables have the column, with other types.
        "SELECT CASE WHEN typeof(\"a\") = 'JSON' THEN 1 ELSE 2 END FROM T POSITIONAL JOIN U",
        # The column is made anew inside.
        "SELECT CASE WHEN typeof(\"a\") = 'JSON' THEN 1 ELSE 2 END"
        ' FROM (SELECT to_json("a") AS "a" FROM T)',
        # The whole is a number with a fraction, the branch is not.
        'SELECT CASE WHEN typeof("a") = \'JSON\' THEN 1.5 ELSE "n" END FROM T',
        # Nothing is known of what is read.
        "SELECT CASE WHEN typeof(\"a\") = 'JSON' THEN 1 ELSE 2 END FROM V",
    ],
)
def test_a_type_that_is_not_certain_stays_open(sql: str) -> None:
    assert shortened(sql)[0] == sql


def test_a_query_inside_has_its_own_columns() -> None:
    sql, columns = shortened(
        'WITH x AS (SELECT * FROM T) SELECT "a" FROM (WITH x AS (SELECT CASE WHEN typeof("a")'
        " = 'JSON' THEN 1 ELSE 2 END AS \"a\" FROM U) SELECT * FROM x) AS q"
    )
    assert columns == {"a": "INTEGER"}
    assert 'SELECT (1) AS "a" FROM U' in sql
