"""Route templates of httpTrigger: literals, `{name}`, `{name?}`, `{name:constraint}`, `{*rest}`.

Syntax: https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-templates
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lab.functions_host.metadata import HTTP_TRIGGER, Function, FunctionTable

# The constraints that can be told from the text alone; an unknown one is an error at the start.
_CONSTRAINTS = {
    "": r"[^/]+",
    "alpha": r"[A-Za-z]+",
    "bool": r"(?i:true|false)",
    "guid": r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
    "int": r"[+-]?\d+",
    "long": r"[+-]?\d+",
}
_DEFAULT_METHODS = ("GET", "POST")


@dataclass(frozen=True)
class Route:
    """An HTTP function with where and how it is reached."""

    function: Function
    template: str
    pattern: re.Pattern[str]
    methods: frozenset[str]
    auth_level: str
    rank: tuple[int, ...]


def build_routes(functions: FunctionTable, prefix: str) -> list[Route]:
    """Return the routes of all HTTP functions, the most specific first.

    Raises:
        ValueError: A template uses a constraint that is not supported.
    """
    routes = [_route(function, prefix) for function in functions.by_trigger(HTTP_TRIGGER)]
    return sorted(routes, key=lambda route: route.rank)


def find_route(routes: list[Route], method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """Return the route for a request and its parameters, or `None`.

    A path that matches only with another method is not found either, as in the real host.
    """
    for route in routes:
        match = route.pattern.fullmatch(path)
        if match and method in route.methods:
            return route, {name: value for name, value in match.groupdict().items() if value}
    return None


def _route(function: Function, prefix: str) -> Route:
    settings = function.trigger.settings
    template = str(settings.get("route") or function.name).strip("/")
    full = "/".join(part for part in (prefix.strip("/"), template) if part)
    pattern, rank = "", []
    for segment in full.split("/"):
        text, weight = _segment(segment)
        pattern += text
        rank.append(weight)
    methods = settings.get("methods") or _DEFAULT_METHODS
    return Route(
        function=function,
        template=full,
        pattern=re.compile(pattern + "/?", re.IGNORECASE),
        methods=frozenset(str(method).upper() for method in methods),
        auth_level=str(settings.get("authLevel") or "function").lower(),
        rank=tuple(rank),
    )


def _segment(segment: str) -> tuple[str, int]:
    """Pattern and weight of one path segment; the lower the weight the more specific."""
    parameter = re.fullmatch(r"\{(\*{0,2})([A-Za-z_]\w*)(?::(\w+))?(\?)?\}", segment)
    if parameter is None:
        return "/" + re.escape(segment), 0
    star, name, constraint, optional = parameter.groups()
    if star:
        return rf"(?:/(?P<{name}>.*))?", 3
    if (constraint or "") not in _CONSTRAINTS:
        raise ValueError(f"route constraint {constraint!r} is not supported: {segment}")
    value = f"/(?P<{name}>{_CONSTRAINTS[constraint or '']})"
    return (f"(?:{value})?" if optional else value), (1 if constraint else 2)
