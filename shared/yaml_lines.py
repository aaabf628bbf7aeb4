"""YAML with the line of every value, so that what is wrong in a file can be pointed at.

Stricter than PyYAML: a key given twice is an error, and so are tags, merge keys and aliases that
lead back to themselves. A time of day stays text; YAML 1.1 would read ``18:00`` as 1080.
"""

from typing import Any

import yaml

type Path = tuple[str | int, ...]
"""Where a value is: keys and indexes, from the top."""

_DEEPEST = 20
_READ_AS_TEXT = ("tag:yaml.org,2002:timestamp",)
_PLAIN_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


class YamlError(Exception):
    """The text is not YAML as we take it.

    Attributes:
        line: where, from 1; ``None`` when that cannot be told.
        reason: what is wrong.
    """

    def __init__(self, line: int | None, reason: str) -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.line = line
        self.reason = reason


def read_yaml(text: str) -> tuple[Any, dict[Path, int]]:
    """Return the document and the line, from 1, of every value in it; empty text is ``None``.

    Raises:
        YamlError: it is not YAML, several documents, or uses what is not taken here.
    """
    lines: dict[Path, int] = {}
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        return (None if node is None else _value(loader, node, (), lines)), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = error.problem or error.context or "it is not YAML"
        raise YamlError(mark.line + 1 if mark else None, reason) from error
    except (yaml.YAMLError, ValueError) as error:
        raise YamlError(None, " ".join(str(error).split())) from error
    except RecursionError as error:
        raise YamlError(None, "nested too deeply") from error


def _value(loader: yaml.SafeLoader, node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if len(path) > _DEEPEST:
        raise YamlError(node.start_mark.line + 1, "nested too deeply")
    if isinstance(node, yaml.ScalarNode):
        return _scalar(loader, node)
    if node.tag not in _PLAIN_TAGS:
        raise YamlError(node.start_mark.line + 1, f"the tag {node.tag} has no place here")
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, one, (*path, n), lines) for n, one in enumerate(node.value)]
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
        line = key_node.start_mark.line + 1
        if key is None:
            raise YamlError(line, "a key must be a plain word")
        if key in mapping:
            raise YamlError(line, f"{key} is given twice, first in line {lines[(*path, key)]}")
        lines[*path, key] = line
        mapping[key] = _value(loader, value_node, (*path, key), lines)
    return mapping


def _scalar(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
    plain = node.style is None
    if node.tag != loader.resolve(yaml.ScalarNode, node.value, (plain, not plain)):  # type: ignore[no-untyped-call]
        raise YamlError(node.start_mark.line + 1, f"the tag {node.tag} has no place here")
    clock = ":" in node.value and not node.style
    if node.tag in _READ_AS_TEXT or clock:
        return node.value
    return loader.construct_object(node)
