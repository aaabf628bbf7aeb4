"""Reads scenario files; whatever is wrong is told with the file, the line and the field."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from lab.scenarios.models import Common, Scenario

FOLDER = Path(__file__).parent
COMMON_FILE = FOLDER / "common.yaml"


class ScenarioError(Exception):
    """A scenario cannot be used; the message has one line per mistake."""


def list_scenarios(folder: Path = FOLDER) -> list[str]:
    """Return the names of all scenarios, the default one first."""
    names = sorted(path.stem for path in folder.glob("*.yaml") if path.name != COMMON_FILE.name)
    return sorted(names, key=lambda name: name != "brute-force-success")


def load_scenario(name: str, folder: Path = FOLDER) -> Scenario:
    """Load a scenario by name (its file name without ``.yaml``) or by path.

    Raises:
        ScenarioError: there is no such scenario, or its file is wrong.
    """
    path = Path(name) if name.endswith(".yaml") else folder / f"{name}.yaml"
    if not path.is_file() or path.name == COMMON_FILE.name:
        known = ", ".join(list_scenarios(folder))
        raise ScenarioError(f"there is no scenario '{name}'; the scenarios are: {known}")
    scenario = _load(path, Scenario)
    if scenario.name != path.stem:
        raise ScenarioError(
            f"{path.name}: name: is '{scenario.name}', must be the file's '{path.stem}'"
        )
    return scenario


def load_common(path: Path = COMMON_FILE) -> Common:
    """Load the shared organisation and templates.

    Raises:
        ScenarioError: the file is wrong.
    """
    return _load(path, Common)


def _load[M: BaseModel](path: Path, model: type[M]) -> M:
    text = path.read_text(encoding="utf-8")
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ScenarioError(f"{path.name}:{line}: {error.problem or error}") from error
    try:
        return model.model_validate(data)
    except ValidationError as error:
        lines = (
            f"{path.name}:{_line(root, issue['loc'])}: {_field(issue['loc'])}: {issue['msg']}"
            for issue in error.errors()
        )
        raise ScenarioError("\n".join(lines)) from error


def _field(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "file"


def _line(node: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    """Return the line of the deepest part of a location that the file has."""
    line = 1
    for part in location:
        child = _child(node, part)
        if child is None:
            break
        key, node = child
        line = key.start_mark.line + 1
    return line


def _child(node: Any, part: int | str) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key, value
    return None
