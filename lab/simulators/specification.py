"""Vendor specifications, compiled: which operation a request is, and what is wrong with it."""

import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema_rs

SPECS = Path(__file__).parent / "specs"
_METHODS = ("get", "put", "post", "patch", "delete")
_TEMPLATE = re.compile(r"\{([^}]+)\}")


def load(name: str) -> dict[str, Any]:
    """Read ``specs/<name>``."""
    document: dict[str, Any] = json.loads((SPECS / name).read_text(encoding="utf-8"))
    return document


def pointer(*parts: str) -> str:
    """Return the JSON pointer of ``parts`` in URI fragment form."""
    escaped = (part.replace("~", "~0").replace("/", "~1") for part in parts)
    return "#/" + "/".join(
        part.replace("%", "%25").replace("{", "%7B").replace("}", "%7D") for part in escaped
    )


def first_error(validator: jsonschema_rs.Validator, value: Any, place: str) -> str | None:
    """Describe the first thing wrong with ``value``, or ``None`` if it is valid."""
    return next(errors(validator, value, place), None)


def errors(validator: jsonschema_rs.Validator, value: Any, place: str) -> Iterator[str]:
    """Describe everything wrong with ``value``: ``<place>.<path>: <message>``."""
    for error in validator.iter_errors(value):
        where = place + "".join(
            f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.instance_path
        )
        yield f"{where.lstrip('.')}: {error.message[:300]}"


@dataclass(slots=True)
class Parameter:
    """A query, header or path parameter and its validator."""

    name: str
    place: str
    required: bool
    kind: str | None
    validator: jsonschema_rs.Validator
    elements: str | None = None
    """The type of an array's elements."""

    def check(self, value: str | None) -> str | None:
        """Return what is wrong with the text ``value`` of this parameter."""
        if value is None:
            return f"{self.place} parameter {self.name} is missing" if self.required else None
        typed: Any = value
        if self.kind == "integer":
            typed = int(value) if re.fullmatch(r"-?\d+", value) else value
        elif self.kind == "boolean":
            typed = {"true": True, "false": False}.get(value.lower(), value)
        elif self.kind == "array":
            typed = [self._element(one) for one in value.split(",")]
        return first_error(self.validator, typed, f"{self.place} parameter {self.name}")

    def _element(self, value: str) -> int | str:
        number = self.elements == "integer" and re.fullmatch(r"-?\d+", value)
        return int(value) if number else value


@dataclass(slots=True)
class SpecOperation:
    """One path and method of the specification."""

    id: str
    template: str
    method: str
    parameters: list[Parameter] = field(default_factory=list)
    body: jsonschema_rs.Validator | None = None
    body_required: bool = False

    def violation(
        self,
        params: Mapping[str, str],
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Any,
    ) -> str | None:
        """Return the first rule the request breaks, or ``None``."""
        values = {"path": params, "query": query, "header": headers}
        for parameter in self.parameters:
            wrong = parameter.check(values[parameter.place].get(parameter.name))
            if wrong:
                return wrong
        if self.body is None:
            return None
        if body is None:
            return "body is missing" if self.body_required else None
        return first_error(self.body, body, "body")


class Specification:
    """One vendor's OpenAPI or Swagger document with its operations compiled on first use.

    ``bodies`` names, per operation id, a JSON Schema file that describes the body better than the
    document does (Slack's Swagger only knows form fields).
    """

    def __init__(
        self, name: str, *, ignore_case: bool = False, bodies: Mapping[str, str] | None = None
    ) -> None:
        self.document = load(name)
        self._uri = f"spec:{name}"
        self._registry = jsonschema_rs.Registry(
            [(self._uri, self.document)], draft=jsonschema_rs.Draft202012
        )
        self._bodies = dict(bodies or {})
        self._routes: dict[tuple[str, int], list[tuple[re.Pattern[str], str]]] = {}
        flags = re.IGNORECASE if ignore_case else 0
        for template, item in self.document["paths"].items():
            expression = "([^/]+)".join(map(re.escape, _TEMPLATE.split(template)[::2]))
            for method in _METHODS:
                if method in item:
                    key = (method.upper(), template.count("/"))
                    pattern = re.compile(expression, flags)
                    self._routes.setdefault(key, []).append((pattern, template))
        self._compiled = functools.cache(self._compile)
        self.schema = functools.cache(self._schema)

    def match(self, method: str, path: str) -> tuple[SpecOperation, dict[str, str]] | None:
        """Find the operation of a still percent-encoded ``path`` and its path parameters."""
        for pattern, template in self._routes.get((method, path.count("/")), ()):
            found = pattern.fullmatch(path)
            if found:
                names = _TEMPLATE.findall(template)
                values = {n: unquote(v) for n, v in zip(names, found.groups(), strict=True)}
                return self._compiled(template, method.lower()), values
        return None

    def knows_path(self, path: str) -> bool:
        """Whether another method exists for ``path``."""
        return any(self.match(method.upper(), path) for method in _METHODS)

    def validator(self, *parts: str) -> jsonschema_rs.Validator:
        """Compile the schema found at a JSON pointer of the document."""
        return jsonschema_rs.Draft202012Validator(
            {"$ref": self._uri + pointer(*parts)}, registry=self._registry, validate_formats=True
        )

    def _schema(self, name: str) -> jsonschema_rs.Validator:
        """Compile the named component schema."""
        return self.validator("components", "schemas", name)

    def _compile(self, template: str, method: str) -> SpecOperation:
        item = self.document["paths"][template]
        raw = item[method]
        operation = SpecOperation(raw["operationId"], template, method.upper())
        if operation.id in self._bodies:
            schema = load(self._bodies[operation.id])
            operation.body = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
            operation.body_required = True
            return operation
        if "swagger" in self.document:
            return operation
        shared = [("parameters", index) for index in range(len(item.get("parameters", ())))]
        own = [(method, "parameters", index) for index in range(len(raw.get("parameters", ())))]
        for place in (*shared, *own):
            operation.parameters.append(self._parameter(template, place))
        self._add_body(operation, raw)
        return operation

    def _parameter(self, template: str, place: tuple[Any, ...]) -> Parameter:
        raw = functools.reduce(lambda node, key: node[key], place, self.document["paths"][template])
        schema = raw.get("schema", {})
        parts = ["paths", template, *(str(part) for part in place), "schema"]
        return Parameter(
            raw["name"], raw["in"], raw.get("required", False), schema.get("type"),
            self.validator(*parts), schema.get("items", {}).get("type"),
        )  # fmt: skip

    def _add_body(self, operation: SpecOperation, raw: Mapping[str, Any]) -> None:
        if "requestBody" not in raw:
            return
        media = next(iter(raw["requestBody"]["content"]))
        operation.body_required = raw["requestBody"].get("required", False)
        operation.body = self.validator(
            "paths", operation.template, operation.method.lower(), "requestBody", "content", media,
            "schema",
        )  # fmt: skip
