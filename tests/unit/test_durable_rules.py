"""Rules of durable code that only the syntax tree can show."""

import ast
from collections.abc import Iterator

import pytest

from orchestrators import names
from tests.unit.source_files import ROOT, product_files

BY_NAME = {
    "call_activity": "Activity",
    "case_activity": "Activity",
    "call_sub_orchestrator": "Orchestrator",
    "schedule_new_orchestration": "Orchestrator",
    "raise_orchestration_event": "Event",
    "wait_for_external_event": "Event",
    "EntityInstanceId": "Entity",
}
"""Calls that take a durable name, and the list in ``orchestrators.names`` it must come from."""
NAME_AT = {"case_activity": 1, "raise_orchestration_event": 1}
"""Which argument the name is, where it is not the first."""
FILES = [file for file in product_files() if file.split("/")[0] in {"orchestrators", "triggers"}]


def calls(file: str) -> Iterator[tuple[str, str, ast.Call]]:
    """Yield enclosing function, called name and call."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"), file)
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Call):
                    called = node.func
                    name = called.attr if isinstance(called, ast.Attribute) else ""
                    name = called.id if isinstance(called, ast.Name) else name
                    yield function.name, name, node


@pytest.mark.parametrize("file", FILES)
def test_durable_names_come_from_one_module(file: str) -> None:
    """No name is spelt out; that a variable holds one of the lists' names is the type checker's."""
    for _function, called, node in calls(file):
        if called in BY_NAME:
            argument = node.args[NAME_AT.get(called, 0)]
            where = f"{file}:{node.lineno} {ast.unparse(argument)}"
            assert not [one for one in ast.walk(argument) if isinstance(one, ast.Constant)], where
            enums = [
                one
                for one in ast.walk(argument)
                if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name)
            ]
            for one in enums:
                assert ast.unparse(one.value) == BY_NAME[called], where
                assert one.attr in getattr(names, BY_NAME[called]).__members__, where


@pytest.mark.parametrize("file", product_files())
def test_retry_timeout_is_never_used(file: str) -> None:
    """It reads the wall clock when a history is replayed."""
    for _function, _called, node in calls(file):
        assert all(keyword.arg != "retry_timeout" for keyword in node.keywords), file


@pytest.mark.parametrize("file", [file for file in FILES if file.startswith("orchestrators/")])
def test_only_tasks_are_yielded(file: str) -> None:
    """A list or a value that is yielded hangs the orchestration in silence."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"), file)
    for node in ast.walk(tree):
        if isinstance(node, ast.Yield):
            assert isinstance(node.value, ast.Call | ast.Name | ast.Attribute), (
                f"{file}:{node.lineno}"
            )


@pytest.mark.parametrize("file", [file for file in FILES if file.startswith("orchestrators/")])
def test_waiting_for_all_of_nothing_is_impossible(file: str) -> None:
    """``when_all([])`` never completes: only ``flow.settle`` may call it."""
    users = {function for function, called, _node in calls(file) if called == "when_all"}
    assert users <= ({"settle"} if file == "orchestrators/flow.py" else set())


@pytest.mark.parametrize("file", [file for file in FILES if file.startswith("orchestrators/")])
def test_orchestrators_are_plain_generators(file: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"), file)
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)]
