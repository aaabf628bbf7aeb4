"""The threat model names tests that exist, for every control and every abuse case."""

import ast
import re

import pytest

from tests.unit.source_files import ROOT

PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)))
ABUSE = PAGE.partition("## Abuse cases")[2].partition("## Residual risks")[0]
ASKED_FOR = (
    *("CEO", "floods to trip the breaker", "Poisoned log fields", "Stolen function key"),
    *("Rogue analyst", "Compromised app identity", "Stolen Slack account", "Stolen signed link"),
    "Malicious ITSM",
)


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_named_test_exists(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    tests = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    }
    assert tests and (not name or name in tests)


def test_every_abuse_case_names_a_test() -> None:
    cases = [one for one in ABUSE.split("\n\n") if one.startswith("**")]
    assert len(cases) >= len(ASKED_FOR)
    assert [one[:40] for one in cases if "::test_" not in one] == []
    for wanted in ASKED_FOR:
        assert wanted in ABUSE


def test_every_control_that_a_boundary_names_is_there_with_its_test() -> None:
    rows = dict(re.findall(r"^\| (S\d+) \| (.+) \|$", PAGE, re.MULTILINE))
    matrix = PAGE.partition("## STRIDE")[2].partition("## Controls")[0]
    assert set(re.findall(r"\bS\d+\b", matrix)) == set(rows)
    assert [name for name, row in rows.items() if "`tests/" not in row] == []
    boundaries = re.findall(r"^\| \*\*(B\d)\*\* \|", matrix, re.MULTILINE)
    assert boundaries == ["B1", "B2", "B3", "B4", "B5"]
