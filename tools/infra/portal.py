"""Workbook and alert rules against what the app measures: the same names, in both directions.

The workbook's format has no published schema that a registry offers; its parts in use are as in
microsoft/Application-Insights-Workbooks. KQL itself is checked by ``tools/check_kql.py``.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from shared.models.measurement import DIMENSIONS, INSTRUMENTS, OTHER, Metric
from tools.infra.measured import check_form

WORKBOOK = "infra/workbook.json"
ALERTS = "infra/alerts"
MODULE = "infra/modules/portal.bicep"
TABLES = Path(__file__).resolve().parent.parent / "kusto" / "portal-tables.json"
TEXT, QUERY, PARAMETERS = 1, 3, 9
TELLS = {
    "app_unhealthy": (
        "failed = sumif(ItemCount, Success == false)",
        "| where failed >= 10 and failed * 10 >= executions",
    ),
    "breaker_tripped": ('== "tripped"', "| where times > 0"),
    "provider_failing": (
        '("retryable", "throttled", "permission_denied", "not_configured", "unexpected")',
        "| where failed >= 5 and failed * 5 >= calls",
    ),
    "service_level_missed": ('== "missed")', "tobool(one.met) == false)"),
}
"""When an alert is raised, as docs/operations.md says; one that is not here tells of every row."""
CHARTS = frozenset({"table", "piechart", "barchart", "timechart"})
_METRIC = re.compile(r"tourniquet\.[a-z_.]*[a-z]")
_PREFIX = re.compile(r"contains '\"name\": \"(tourniquet\.[a-z_.]*?)\"?'")
_READ = re.compile(r"\bone\.(\w+)")
_SAME = re.compile(r'(?:tostring\(one\.(\w+)\)|\b(\w+))\s*(?:==|!=)\s*"([^"]*)"')
_AMONG = re.compile(r'\b(\w+) in \(("[^)]*")\)')
_ALIAS = re.compile(r"(\w+) = (?:tostring|tobool|todouble)\(one\.(\w+)\)")
_LOADED = re.compile(r"loadTextContent\('\.\./alerts/(\w+\.kql)'\)")
_PLACE = re.compile(r"\{(\w+)\}")
type Json = dict[str, Any]
type Schemas = dict[str, dict[str, str]]


def alert_queries(root: Path) -> dict[str, str]:
    """Return the queries of the alert rules by file."""
    return {
        f"{ALERTS}/{file.name}": file.read_text("utf-8")
        for file in sorted((root / ALERTS).glob("*.kql"))
    }


def workbook_queries(text: str) -> dict[str, str]:
    """Return the workbook's queries by title, with its parameters' first values."""
    items: list[Json] = json.loads(text)["items"]
    values = _parameters(items)
    return {
        f"{WORKBOOK} {item['name']}": _PLACE.sub(
            lambda found: str(values.get(found[1], found[0])), item["content"]["query"]
        )
        for item in items
        if item["type"] == QUERY
    }


def tables() -> Schemas:
    """Return column types by table, from Microsoft's table reference."""
    found: Schemas = json.loads(TABLES.read_text("utf-8"))["tables"]
    return found


def check(workbook: str, alerts: Mapping[str, str], module: str) -> list[str]:
    """Return what is wrong with workbook, alert rules and the module that deploys them."""
    try:
        asked = workbook_queries(workbook)
    except (ValueError, KeyError, TypeError) as error:
        return [f"{WORKBOOK}: cannot be read: {error!r}"]
    queries = {**alerts, **asked}
    problems = [*_workbook(json.loads(workbook))]
    for name, query in queries.items():
        problems += [f"{name}: {problem}" for problem in _query(query)]
        problems += [f"{name}: {problem}" for problem in check_form(query, tables())]
    for name, query in alerts.items():
        pieces = [one for one in TELLS.get(Path(name).stem, ()) if one not in query]
        problems += [f"{name}: must say {one}" for one in pieces]
    known = {metric for query in queries.values() for metric in _metrics(query)}
    problems += [f"{WORKBOOK}: {one} is measured and not shown" for one in set(Metric) - known]
    loaded, there = set(_LOADED.findall(module)), {Path(name).name for name in alerts}
    problems += [f"{MODULE}: {one} is loaded or there, not both" for one in loaded ^ there]
    return sorted(problems)


def _workbook(book: Json) -> Iterator[str]:
    if book.get("version") != "Notebook/1.0":
        yield f"{WORKBOOK}: its version is not Notebook/1.0"
    names = [item["name"] for item in book["items"]]
    values = _parameters(book["items"])
    for name in sorted({one for one in names if names.count(one) > 1}):
        yield f"{WORKBOOK}: {name} is there twice"
    for item in book["items"]:
        content = item["content"]
        if item["type"] not in (TEXT, QUERY, PARAMETERS):
            yield f"{WORKBOOK} {item['name']}: {item['type']} is no type in use"
        elif item["type"] == QUERY:
            if content["visualization"] not in CHARTS:
                yield f"{WORKBOOK} {item['name']}: {content['visualization']} is no chart in use"
            for place in {*_PLACE.findall(content["query"]), content["timeContextFromParameter"]}:
                if place not in values:
                    yield f"{WORKBOOK} {item['name']}: {place} is no parameter"


def _parameters(items: list[Json]) -> dict[str, object]:
    lists = [item["content"]["parameters"] for item in items if item["type"] == PARAMETERS]
    return {one["name"]: one["value"] for some in lists for one in some}


def _metrics(query: str) -> set[Metric]:
    """Return the metrics that a query reads; a prefix stands for all that begin with it."""
    named = {one for one in Metric if one in _METRIC.findall(query)}
    prefixes = [one for one in _PREFIX.findall(query) if one.endswith(".")]
    return (
        named or {one for one in Metric if one.startswith(tuple(prefixes))} if prefixes else named
    )


def _query(query: str) -> Iterator[str]:
    for name in _METRIC.findall(query):
        if not any(metric == name or metric.startswith(f"{name}.") for metric in Metric):
            yield f"{name} is not measured"
    metrics = _metrics(query)
    sent = {one for metric in metrics for one in INSTRUMENTS[metric].dimensions}
    for name in _READ.findall(query):
        if name not in sent | {"name", "value", "unit"}:
            yield f"{name} is no dimension of {', '.join(sorted(metrics)) or 'anything'}"
    aliases = dict(_ALIAS.findall(query))
    compared = [
        (name or aliases.get(alias, ""), value) for name, alias, value in _SAME.findall(query)
    ]
    for alias, values in _AMONG.findall(query):
        compared += [(aliases.get(alias, ""), one.strip(' "')) for one in values.split(",")]
    for name, value in compared:
        if name in DIMENSIONS and value not in DIMENSIONS[name] | {OTHER}:
            yield f"{name} is never {value}"
        elif name == "name" and value not in set(Metric):
            yield f"{value} is not measured"
