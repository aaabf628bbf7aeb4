"""Puts the document together: paths from the registry, schemas from the models."""

from collections.abc import Iterator
from typing import Any

from pydantic.json_schema import models_json_schema

from tools.openapi.operations import HTML, MODELS, OPERATIONS, PROBLEM, Operation
from tools.openapi.schemas import SCHEMAS, SECURITY

REF = "#/components/schemas/"
_CASE_ID = {
    "name": "case_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^case-[0-9a-f]{24}$"},
}
_PAGING = [
    {
        "name": "page_size",
        "in": "query",
        "schema": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
    },
    {"name": "token", "in": "query", "schema": {"type": "string"}},
]


def build() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of all HTTP routes.

    Raises:
        KeyError: a route is registered that ``operations.py`` does not describe.
    """
    import function_app

    paths: dict[str, Any] = {}
    for name, method, path, summary in sorted(registered(function_app.app)):
        paths.setdefault(path, {})[method.lower()] = _operation(name, path, summary)
    _models, found = models_json_schema(
        [(model, "validation") for model in MODELS], ref_template=REF + "{model}"
    )
    schemas = SCHEMAS | found["$defs"]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tourniquet",
            "version": "1.0.0",
            "description": "Made by `python -m tools.openapi` from the routes and their models.",
        },
        "paths": paths,
        "components": {"securitySchemes": SECURITY, "schemas": dict(sorted(schemas.items()))},
    }


def registered(app: Any) -> Iterator[tuple[str, str, str, str]]:
    """Yield name, method, path and summary of every HTTP route of an app."""
    # get_functions() is for the worker: a second call in a process finds every name taken.
    for function in (builder._function for builder in app._function_builders):
        trigger = function.get_trigger()
        if trigger is None or trigger.get_binding_name() != "httpTrigger":
            continue
        lines = (function.get_user_function().__doc__ or "").strip().splitlines()
        path = f"/api/{trigger.route}"
        for one in trigger.methods:
            method = str(getattr(one, "value", one))
            yield f"{method} {path}", method, path, lines[0] if lines else ""


def _operation(name: str, path: str, summary: str) -> dict[str, Any]:
    known = OPERATIONS[name]
    made: dict[str, Any] = {
        "operationId": name.replace("/api/", "").translate(str.maketrans(" /-", "___", "{}")),
        "summary": summary,
        "security": list(known.security),
        "responses": _responses(known),
    }
    parameters = [_CASE_ID] if "{case_id}" in path else _PAGING if name == "GET /api/cases" else []
    if parameters:
        made["parameters"] = parameters
    if known.body:
        made["requestBody"] = {"content": _content(known.body)}
    return made


def _responses(known: Operation) -> dict[str, Any]:
    found = {
        str(status): {"description": "Done"} | ({"content": _content(kinds)} if kinds else {})
        for status, kinds in (known.answers or {}).items()
    }
    refusal = {PROBLEM: "Problem", HTML: "Page"}
    for status in sorted({*known.problems, 415, 500}):
        found[str(status)] = {"description": "Refused", "content": _content(refusal)}
    return dict(sorted(found.items()))


def _content(kinds: dict[str, str]) -> dict[str, Any]:
    return {kind: {"schema": {"$ref": REF + name}} for kind, name in kinds.items()}
