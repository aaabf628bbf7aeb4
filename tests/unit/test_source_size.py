"""Files and functions stay small enough to be read in one go."""

import ast

import pytest

from tests.unit.source_files import ROOT, repository_files

FILE_LINES = 300
FUNCTION_LINES = 50

PYTHON_FILES = [name for name in repository_files() if name.endswith(".py")]


@pytest.mark.parametrize("file", PYTHON_FILES)
def test_file_is_short(file: str) -> None:
    assert len((ROOT / file).read_text(encoding="utf-8").splitlines()) <= FILE_LINES


@pytest.mark.parametrize("file", PYTHON_FILES)
def test_functions_fit_a_screen(file: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"), file)
    long = [
        f"{file}:{node.lineno} {node.name} has {lines} lines"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := code_lines(node)) > FUNCTION_LINES
    ]
    assert not long


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    text = ast.get_docstring(function, clean=False)
    whole = (function.end_lineno or function.lineno) - function.lineno + 1
    return whole - (text.count("\n") + 1 if text else 0)


def test_the_composition_root_only_composes() -> None:
    root = ROOT / "function_app.py"
    if not root.exists():
        pytest.skip("function_app.py is not there yet")
    assert len(root.read_text(encoding="utf-8").splitlines()) < 60
