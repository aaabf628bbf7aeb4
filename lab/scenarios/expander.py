"""Turns a scenario into what the lab takes, at a given moment: a tenant file and an incident."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from lab.scenarios.incident import build_further, build_incident
from lab.scenarios.loader import ScenarioError
from lab.scenarios.merge import (
    apply_like,
    deep_merge,
    encode_for,
    make_id,
    resolve_references,
    resolve_times,
)
from lab.scenarios.models import Common, Directory, Repeat, Row, Scenario, Tenant
from lab.scenarios.times import parse_relative
from shared.models.base import Json, format_utc

TABLES_FILE = Path(__file__).parent.parent / "simulators" / "specs" / "azure-monitor-tables.json"


@dataclass(frozen=True)
class Play:
    """A scenario at a moment: bodies for ``PUT /_lab/tenant`` and ``POST /api/incidents``."""

    scenario: Scenario
    now: datetime
    tenant: Json
    incident: Json
    further: list[Json] = field(default_factory=list)


def expand(scenario: Scenario, common: Common, now: datetime) -> Play:
    """Expand a scenario at ``now``.

    Raises:
        ScenarioError: a template, table or column does not exist, or a time is missing.
    """
    try:
        tenant = _tenant(scenario, common, now)
        incident = build_incident(scenario, common, now)
        further = build_further(scenario, common, now)
    except KeyError as error:
        raise ScenarioError(f"{scenario.name}.yaml: {error.args[0]}") from error
    return Play(scenario=scenario, now=now, tenant=tenant, incident=incident, further=further)


@cache
def column_types(path: Path = TABLES_FILE) -> dict[str, dict[str, str]]:
    """Return table name to column name to Log Analytics type."""
    tables: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))["tables"]
    return tables


def _tenant(scenario: Scenario, common: Common, now: datetime) -> Json:
    given = _with_parts(scenario.tenant, common)
    users = [
        apply_like(user, common.users, f"tenant.directory.users.{index}")
        for index, user in enumerate(given.directory.users)
    ]
    locations = [
        apply_like(place, common.named_locations, f"tenant.directory.namedLocations.{index}")
        for index, place in enumerate(given.directory.namedLocations)
    ]
    addresses = {
        address: apply_like(facts, common.addresses, f"tenant.addresses.{address}")
        for address, facts in given.addresses.items()
    }
    tenant: Json = {
        "directory": {"users": users, "namedLocations": locations},
        "addresses": addresses,
        "devices": [
            apply_like(device, common.devices, f"tenant.devices.{index}")
            for index, device in enumerate(given.devices)
        ],
    }
    if given.directory.domains:
        tenant["directory"]["domains"] = given.directory.domains
    if given.directory.appPermissionsWithheld:
        tenant["directory"]["appPermissionsWithheld"] = given.directory.appPermissionsWithheld
    if given.directory.replicaLagSeconds:
        tenant["directory"]["replicaLagSeconds"] = given.directory.replicaLagSeconds
    if given.okta is not None:
        tenant["okta"] = given.okta | {
            "users": [
                apply_like(user, common.okta_users, f"tenant.okta.users.{index}")
                for index, user in enumerate(given.okta.get("users", []))
            ]
        }
    resolved: Json = resolve_times(tenant, now)
    resolved["tables"] = {
        table: sorted(
            (
                row
                for index, entry in enumerate(rows)
                for row in _rows(table, index, entry, scenario.name, common, now)
            ),
            key=lambda row: str(row["TimeGenerated"]),
        )
        for table, rows in given.tables.items()
    }
    resolved["now"] = format_utc(now)
    return resolved


def _with_parts(tenant: Tenant, common: Common) -> Tenant:
    """Put the shared parts that a tenant names in front of what it says itself."""
    parts: list[Tenant] = []
    for name in tenant.like:
        if name not in common.tenants:
            known = ", ".join(sorted(common.tenants))
            raise KeyError(f"tenant.like: there is no tenant '{name}'; there are: {known}")
        parts.append(_with_parts(common.tenants[name], common))
    parts.append(tenant)
    tables: dict[str, list[Row]] = {}
    for part in parts:
        for table, rows in part.tables.items():
            tables.setdefault(table, []).extend(rows)
    return Tenant(
        directory=Directory(
            users=[user for part in parts for user in part.directory.users],
            namedLocations=[place for part in parts for place in part.directory.namedLocations],
            domains=[domain for part in parts for domain in part.directory.domains],
            appPermissionsWithheld=[
                name for part in parts for name in part.directory.appPermissionsWithheld
            ],
            replicaLagSeconds=max(part.directory.replicaLagSeconds for part in parts),
        ),
        tables=tables,
        addresses={address: facts for part in parts for address, facts in part.addresses.items()},
        devices=[device for part in parts for device in part.devices],
        okta=next((part.okta for part in reversed(parts) if part.okta is not None), None),
    )


def _rows(
    table: str, index: int, entry: Row, scenario: str, common: Common, now: datetime
) -> Iterator[Json]:
    """Yield the rows one entry of a table stands for."""
    where = f"tenant.tables.{table}.{index}"
    if table not in column_types():
        raise KeyError(f"{where}: there is no table '{table}'")
    types = column_types()[table]
    own = dict(entry.model_extra or {})
    if unknown := set(own) - set(types):
        raise KeyError(f"{where}: {table} has no column {', '.join(sorted(unknown))}")
    template = apply_like({"like": entry.like}, common.rows, where)
    columns = deep_merge(deep_merge(common.defaults.get(table, {}), template), own)
    # Templates are shared by tables that do not all have the same columns.
    columns = {name: value for name, value in columns.items() if name in types}
    for number, at in enumerate(_moments(columns.get("TimeGenerated"), entry.repeat, where, now)):
        row = columns | {"TimeGenerated": format_utc(at)}
        row = resolve_references(row, make_id(scenario, table, str(index), str(number)))
        row = resolve_times(row, now)
        yield {name: encode_for(types[name], value) for name, value in row.items()}


def _moments(given: Any, repeat: Repeat | None, where: str, now: datetime) -> Iterator[datetime]:
    if repeat is not None and repeat.days is not None:
        yield from _habit(repeat, where, now)
        return
    start = parse_relative(given, now) if isinstance(given, str) else None
    if start is None:
        raise KeyError(f"{where}: TimeGenerated is {given!r}, must be a time such as -9m")
    every = repeat.every if repeat and repeat.every else timedelta()
    for number in range(repeat.count if repeat and repeat.count else 1):
        yield start + number * every


def _habit(repeat: Repeat, where: str, now: datetime) -> Iterator[datetime]:
    """Yield the moments of an everyday habit, oldest first; the same for the same place."""
    dice = random.Random(where)
    for day in range(repeat.days or 0, 0, -1):
        if day % 7 in (2, 3):
            continue
        for offset in repeat.at:
            jitter = repeat.jitter * dice.uniform(-1, 1)
            yield now - timedelta(days=day) + offset + jitter
