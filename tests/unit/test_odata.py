"""What is put into an OData query stays within its quotes, whoever chose it."""

import ast
import re
from itertools import pairwise

import pytest

from shared.odata import odata_literal
from tests.unit.source_files import ROOT, repository_files

HOSTILE = ["' or 1 eq 1 or '", "'", "''", "x' eq 'x", "O'Brien", "", "a\\'b", "\u2019", "%27"]
_OPENS = re.compile(r"(?:\b(?:eq|ne|gt|ge|lt|le|in)\s|[=(,]\s?)'$")


def read(literal: str) -> str:
    """What an OData parser takes from a literal; it must be one from its start to its end."""
    assert re.fullmatch(r"'(?:[^']|'')*'", literal)
    return literal[1:-1].replace("''", "'")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_is_one_literal_and_comes_out_as_it_was(text: str) -> None:
    assert read(odata_literal(text)) == text


def test_a_usual_id_is_only_quoted() -> None:
    assert odata_literal("00000003-0000-0000-c000-000000000000") == (
        "'00000003-0000-0000-c000-000000000000'"
    )


def test_nobody_puts_a_value_between_quotes_of_a_filter_or_key_by_hand() -> None:
    wrong = []
    for file in repository_files():
        if not file.endswith(".py") or file.split("/")[0] not in ("shared", "tools"):
            continue
        for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"), file)):
            parts = node.values if isinstance(node, ast.JoinedStr) else []
            for before, after in pairwise(parts):
                text = before.value if isinstance(before, ast.Constant) else ""
                if isinstance(after, ast.FormattedValue) and _OPENS.search(str(text)):
                    wrong.append(f"{file}:{after.lineno}")
    assert wrong == []
