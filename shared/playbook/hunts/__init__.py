"""The hunts of runbook step 3 (seed 000): constant KQL over the account's last 24 to 72 hours.

Every hunt is one ``.kql`` file with a header in comments: id, title, technique, tables, why and, if
it has to know more of the past than the setting gives, look-back. Values reach it only as ``let``
literals that the SIEM provider puts in front (``PARAMETERS``); the period is the request's
timespan. Each query returns rows that are findings: no rows, nothing found.
"""

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import Field

from shared.models.base import Json, Model, format_utc, parse_utc
from shared.models.signin import HuntFinding

PARAMETERS = ("userId", "userPrincipalName", "accountName", "onPremisesName", "addresses")
"""Names that a query may use without defining them; ``addresses`` is a dynamic list."""
ROW_LIMIT = 200
"""Every query ends with this ``take``; a finding with so many rows says "at least"."""
SAMPLE_ROWS = 10
_SHOWN_TEXT = 500
_HEADER = re.compile(r"// (?P<name>[a-z-]+): (?P<value>\S.*)")
_HOURS = re.compile(r"(?P<hours>[1-9]\d{0,2}) hours")


class Hunt(Model):
    """One hunt: what it looks for and the query that does."""

    id: str = Field(pattern=r"^[a-z][a-z_]+$")
    """Also the file's name, and ``activity_<id>`` the signal it feeds, if it feeds one."""
    title: str
    technique: str = Field(pattern=r"^T\d{4}(\.\d{3})?$")
    """MITRE ATT&CK technique."""
    tables: list[str] = Field(min_length=1)
    """Tables that must exist in the workspace."""
    why: str
    look_back_hours: int = Field(default=0, ge=0, le=720)
    """The least period it can answer for (``// look-back: 168 hours``); 0: the setting alone."""
    query: str
    """KQL, constant text, without the header."""


@cache
def load_hunts() -> tuple[Hunt, ...]:
    """Return all hunts, sorted by id.

    Raises:
        ValueError: a file's header is wrong, or its id is not the file's name.
    """
    folder = files("shared.playbook.hunts")
    found = []
    for file in folder.iterdir():
        if file.name.endswith(".kql"):
            hunt = parse_hunt(file.read_text(encoding="utf-8"))
            if f"{hunt.id}.kql" != file.name:
                raise ValueError(f"{file.name}: its id is {hunt.id}")
            found.append(hunt)
    return tuple(sorted(found, key=lambda hunt: hunt.id))


def parse_hunt(text: str) -> Hunt:
    """Parse a hunt file: header lines ``// name: value``, then the query.

    Raises:
        ValueError: a header line is malformed, missing, unknown or given twice.
    """
    header: dict[str, Any] = {}
    lines = text.splitlines()
    while lines and lines[0].startswith("//"):
        line = lines.pop(0)
        match = _HEADER.fullmatch(line.rstrip())
        if match is None or match["name"] in header:
            raise ValueError(f"not a header line, or given twice: {line}")
        header[match["name"]] = match["value"]
    header["tables"] = [
        name.strip() for name in header.get("tables", "").split(",") if name.strip()
    ]
    if "look-back" in header:
        hours = _HOURS.fullmatch(header.pop("look-back"))
        if hours is None:
            raise ValueError("look-back is not a number of hours")
        header["look_back_hours"] = int(hours["hours"])
    return Hunt(query="\n".join(lines).strip() + "\n", **header)


def evaluate_hunt(hunt: Hunt, rows: Sequence[Json]) -> HuntFinding | None:
    """Return what the hunt found with the latest rows as a bounded sample, or ``None``."""
    if not rows:
        return None
    ordered = sorted(rows, key=_time, reverse=True)
    latest, earliest = _time(ordered[0]), _time(ordered[-1])
    count = f"at least {len(rows)}" if len(rows) >= ROW_LIMIT else str(len(rows))
    noun = "row" if len(rows) == 1 else "rows"
    when = f" at {latest}" if latest == earliest else f" between {earliest} and {latest}"
    tables = ", ".join(hunt.tables)
    return HuntFinding(
        id=hunt.id,
        title=hunt.title,
        technique=hunt.technique,
        count=len(rows),
        summary=f"{hunt.title}: {count} {noun} of {tables}{when if latest else ''}.",
        rows=[_bounded(row) for row in ordered[:SAMPLE_ROWS]],
    )


def _time(row: Json) -> str:
    """Return the row's time in one spelling, which sorts; empty when it has none."""
    try:
        return format_utc(parse_utc(row["TimeGenerated"]))
    except (KeyError, TypeError, ValueError):
        return ""


def _bounded(row: Json) -> Json:
    bounded: Json = {}
    for name, value in row.items():
        if value is None or isinstance(value, bool | int | float):
            bounded[name] = value
        else:
            text = str(value)
            bounded[name] = text if len(text) <= _SHOWN_TEXT else text[:_SHOWN_TEXT] + "..."
    if time := _time(row):
        bounded["TimeGenerated"] = time
    return bounded
