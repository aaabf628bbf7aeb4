"""The parameters file: each parameter once, each with a variable of azd, none with a secret."""

import json
import re
from collections.abc import Iterator
from typing import Any

from tools.bicep.syntax import BicepFile, Declaration, Literal, Text

FILE = "infra/main.parameters.json"
VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)(?:=([^}]*))?\}")
DEFAULTS = {"TOURNIQUET_MODE": "observe"}
"""Settings that are not blank where nobody chose: the app's own defaults are in the app."""
type Json = dict[str, Any]


def check(text: str, main: BicepFile) -> list[str]:
    """Return what is wrong with the parameters of ``main.bicep``."""
    try:
        values: Json = json.loads(text)["parameters"]
    except (ValueError, KeyError) as error:
        return [f"{FILE}: cannot be read: {error!r}"]
    problems = [f"{FILE}: main.bicep has no {name}" for name in values if name not in main.params]
    problems += [f"{FILE}: {name} is missing" for name in main.params if name not in values]
    for name, one in values.items():
        if name in main.params:
            problems += _value(name, one.get("value"), main.params[name])
    problems += _settings(values.get("settings", {}).get("value", {}))
    return problems


def _value(name: str, value: object, declared: Declaration) -> Iterator[str]:
    if isinstance(value, dict):
        return
    found = VARIABLE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        yield f"{FILE}: {name} must be one variable of azd, ${{NAME}} or ${{NAME=value}}"
        return
    default, wanted = found.group(2), _text(declared)
    if wanted is None and declared.value is None:
        return
    if default != wanted:
        yield f"{FILE}: {name} is {default!r} by default, and {wanted!r} in main.bicep"


def _text(declared: Declaration) -> str | None:
    """Return a parameter's default as azd would write it."""
    value = declared.value
    if isinstance(value, Text):
        return value.literal
    if isinstance(value, Literal):
        return str(value.value).lower()
    return None


def _settings(values: Json) -> Iterator[str]:
    for name, value in values.items():
        found = VARIABLE.fullmatch(value)
        if found is None or found.group(1) != name:
            yield f"{FILE}: {name} must be its own variable, ${{{name}=}}"
        elif found.group(2) != DEFAULTS.get(name, ""):
            yield f"{FILE}: {name} must be {DEFAULTS.get(name, 'blank')} by default"


def variables(text: str) -> set[str]:
    """Return every variable of azd that the parameters take."""
    return {name for name, _ in VARIABLE.findall(text)}


def chosen_settings(text: str) -> set[str]:
    """Return the app settings that the operator chooses by variables."""
    return set(json.loads(text)["parameters"]["settings"]["value"])
