"""The hunts as Google SecOps can run them: a UDM search for each, and what is done with its events.

A ``.udm`` file stands beside the ``.kql`` file of the same name, whose title and technique it has.
A UDM search only selects events; what a KQL query would count is counted by ``udm_findings``, over
the events that the search returned. A hunt without such a file is not available there, and a case
says so.

Header lines (``// name: value``): ``columns``, what a finding shows (``Name=udm.path``, by the
names that the KQL hunt gives the same), ``count``, how what was counted is called there, and
``finding``, what makes events one:

* ``each``: every event;
* ``burst of N PATH [by PATH] within M minutes``: at least N different values;
* ``bytes over N of PATH by PATH within M minutes``: a sum above N;
* ``N different PATH``: at least so many in the whole period;
* ``not the usual PATH``: events whose value is not the commonest;
* ``N failures within M minutes before a success by PATH``.
"""

import re
from functools import cache
from importlib.resources import files

from shared.models.base import Json, Model, format_utc
from shared.models.signin import HuntFinding
from shared.playbook.hunts import ROW_LIMIT, Hunt, evaluate_hunt, load_hunts
from shared.playbook.hunts.udm_findings import COUNTED, Events, judge, time_of, values_at

PRODUCT = "Google SecOps"
_HEADER = re.compile(r"// (?P<name>columns|count|finding|why): (?P<value>\S.*)")
_SHOWN_VALUES = 10


class UdmHunt(Model):
    """One hunt of Google SecOps."""

    hunt: Hunt
    """The hunt that it is."""
    query: str
    """UDM search, constant text with ``${name}`` for values (see ``shared.udm``)."""
    columns: dict[str, str]
    count: str = "Count"
    finding: str

    def evaluate(self, events: Events) -> HuntFinding | None:
        """Return what the hunt found in events that the search returned, or ``None``."""
        rows = self.rows(events)
        return evaluate_hunt(self.hunt.model_copy(update={"tables": [PRODUCT]}), rows)

    def rows(self, events: Events) -> list[Json]:
        """Return the findings, one row each, with ``TimeGenerated``; no more than KQL would."""
        found = judge(self.finding)(sorted(events, key=time_of))
        found.sort(key=time_of, reverse=True)
        return [self._shown(one) for one in found[:ROW_LIMIT]]

    def _shown(self, event: Json) -> Json:
        row: Json = {"TimeGenerated": format_utc(time_of(event))}
        for name, path in self.columns.items():
            of = event.get("span", [event])
            values = dict.fromkeys(str(value) for one in of for value in values_at(one, path))
            row[name] = ", ".join([*values][:_SHOWN_VALUES])
        counted: Json = dict(event.get("counted", {}))
        if COUNTED in counted:
            row[self.count] = counted.pop(COUNTED)
        return row | counted


@cache
def load_udm_hunts() -> dict[str, UdmHunt]:
    """Return the hunts that there are, by id.

    Raises:
        ValueError: a file is wrong, or there is no KQL hunt of its name.
    """
    known = {hunt.id: hunt for hunt in load_hunts()}
    found: dict[str, UdmHunt] = {}
    for file in files("shared.playbook.hunts").iterdir():
        name = file.name.removesuffix(".udm")
        if name != file.name:
            if name not in known:
                raise ValueError(f"{file.name}: there is no hunt of this name")
            found[name] = parse_udm_hunt(known[name], file.read_text(encoding="utf-8"))
    return dict(sorted(found.items()))


def parse_udm_hunt(hunt: Hunt, text: str) -> UdmHunt:
    """Parse a file: header lines, then the query.

    Raises:
        ValueError: a header line is malformed, missing or given twice.
    """
    header: dict[str, str] = {}
    lines = text.splitlines()
    while lines and lines[0].startswith("//"):
        line = lines.pop(0)
        match = _HEADER.fullmatch(line.rstrip())
        if match is None or match["name"] in header:
            raise ValueError(f"not a header line, or given twice: {line}")
        header[match["name"]] = match["value"]
    columns = dict(one.split("=", 1) for one in header.get("columns", "").split() if "=" in one)
    finding = header.get("finding", "")
    judge(finding)
    if not columns or "why" not in header:
        raise ValueError(f"{hunt.id}: no columns, or no reason")
    query = "\n".join(lines).strip()
    return UdmHunt(
        hunt=hunt,
        query=query,
        columns=columns,
        finding=finding,
        count=header.get("count", "Count"),
    )
