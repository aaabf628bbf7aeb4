"""ServiceNow's Table API for the incident table.

Operations: ``incident.list``, ``incident.post``, ``incident.get``, ``incident.patch``. The target
is the incident's number. Every value is a string; the priority follows from impact and urgency;
parts of ``sysparm_query`` that make no sense are ignored, which returns more rows, not fewer.
Journal fields are empty but for ``sysparm_display_value=true``, which returns every entry so far;
``all`` returns both the value and how it is shown.
"""

import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

from lab.simulators.config import SimulatorSettings
from lab.simulators.exchange import Answer, Call, Operation, RefusalError
from lab.simulators.specification import Specification
from lab.simulators.vendor import Vendor, basic_credentials, same

# ServiceNow's default priority lookup: (impact, urgency) to priority.
_PRIORITIES = {
    ("1", "1"): "1", ("1", "2"): "2", ("1", "3"): "3",
    ("2", "1"): "2", ("2", "2"): "3", ("2", "3"): "4",
    ("3", "1"): "3", ("3", "2"): "4", ("3", "3"): "5",
}  # fmt: skip
_REFERENCES = ("caller_id", "assigned_to", "assignment_group", "opened_by", "resolved_by")
_TABLES = {"assignment_group": "sys_user_group"}
_ENDED = {"6": "resolved", "7": "closed"}
"""States in which ServiceNow notes who brought the incident there, and when."""
_JOURNALS = {"work_notes": "Work notes", "comments": "Additional comments"}
_CONDITION = re.compile(r"(?P<field>\w+?)(?P<op>!=|=|STARTSWITH|LIKE|IN)(?P<value>.*)", re.DOTALL)
_TESTS: dict[str, Callable[[str, str], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "STARTSWITH": str.startswith,
    "LIKE": lambda a, b: b.lower() in a.lower(),
    "IN": lambda a, b: a in b.split(","),
}


class ServiceNow(Vendor):
    """Incidents by sys_id, in the order they were made."""

    name: ClassVar[str] = "servicenow"

    def __init__(self, settings: SimulatorSettings) -> None:
        self._user = settings.tourniquet_servicenow_username
        self._password = settings.tourniquet_servicenow_password
        self._incidents: dict[str, dict[str, str]] = {}
        self._journal: dict[str, list[dict[str, str]]] = {}
        self.specification = Specification("servicenow.json")

    def operations(self) -> dict[str, Operation]:
        """See the module's list."""
        return {
            "listIncidents": Operation("incident.list", self._list, "sysparm_query"),
            "createIncident": Operation("incident.post", self._post),
            "getIncident": Operation("incident.get", self._get, "sys_id"),
            "updateIncident": Operation("incident.patch", self._patch, "sys_id"),
        }

    def authenticate(self, call: Call) -> Answer | None:
        """Basic credentials."""
        given = basic_credentials(call.headers.get("Authorization", ""))
        if given and same(given[0], self._user) and same(given[1], self._password):
            return None
        message = "Required to provide Auth information"
        answer = _error(401, "User Not Authenticated", message)
        answer.headers["WWW-Authenticate"] = 'BASIC realm="Service-now"'
        return answer

    def refuse(self, status: int, message: str) -> Answer:
        """ServiceNow's error body."""
        return _error(status, "Invalid request", message)

    def fail(self, status: int, message: str) -> Answer:
        """ServiceNow's error body."""
        return _error(status, "Rate limit exceeded" if status == 429 else "Error", message)

    def reset(self) -> None:
        """No incidents; numbers start again."""
        self._incidents.clear()
        self._journal.clear()

    def snapshot(self) -> dict[str, Any]:
        """Incidents with their journal entries."""
        return {
            "tickets": [
                {**incident, "journal": self._journal.get(sys_id, [])}
                for sys_id, incident in self._incidents.items()
            ]
        }

    async def _list(self, call: Call) -> Answer:
        rows = list(self._incidents.values())
        for part in call.query.get("sysparm_query", "").split("^"):
            rows = _narrowed(rows, part)
        total = len(rows)
        start = int(call.query.get("sysparm_offset", "0"))
        limit = int(call.query.get("sysparm_limit", "10000"))
        shown = [self._shown(row, call) for row in rows[start : start + limit]]
        return Answer(200, {"result": shown}, {"X-Total-Count": str(total)})

    async def _post(self, call: Call) -> Answer:
        sys_id, now = secrets.token_hex(16), _now()
        incident = {
            "sys_id": sys_id,
            "number": f"INC{10001 + len(self._incidents):07d}",
            "sys_created_on": now,
            "opened_at": now,
            "sys_created_by": self._user,
            "sys_class_name": "incident",
            "state": "1",
            "active": "true",
            "impact": "3",
            "urgency": "3",
            "correlation_id": "",
            "short_description": "",
            "description": "",
            "close_code": "",
            "close_notes": "",
        }
        self._incidents[sys_id] = incident
        self._change(incident, call.body)
        call.target = incident["number"]
        location = f"{call.base_url}{call.path}/{sys_id}"
        return Answer(
            201, {"result": self._shown(incident, call)}, {"Location": location}, effect=True
        )

    async def _get(self, call: Call) -> Answer:
        return Answer(200, {"result": self._shown(self._incident(call), call)})

    async def _patch(self, call: Call) -> Answer:
        incident = self._incident(call)
        effect = self._change(incident, call.body)
        return Answer(200, {"result": self._shown(incident, call)}, effect=effect)

    def _incident(self, call: Call) -> dict[str, str]:
        incident = self._incidents.get(call.params["sys_id"])
        if incident is None:
            detail = "Record doesn't exist or ACL restricts the record retrieval"
            raise RefusalError(_error(404, "No Record found", detail))
        call.target = incident["number"]
        return incident

    def _shown(self, incident: dict[str, str], call: Call) -> dict[str, Any]:
        record: dict[str, Any] = dict(incident)
        display = call.query.get("sysparm_display_value") in ("true", "all")
        for field in _JOURNALS:
            record[field] = self._journal_text(incident["sys_id"], field) if display else ""
        if call.query.get("sysparm_exclude_reference_link") != "true":
            for field in _REFERENCES:
                if record.get(field):
                    table = _TABLES.get(field, "sys_user")
                    link = f"{call.base_url}/api/now/table/{table}/{record[field]}"
                    record[field] = {"link": link, "value": record[field]}
        wanted = [f for f in call.query.get("sysparm_fields", "").split(",") if f]
        if call.query.get("sysparm_display_value") == "all":
            # A person's name and a time in the user's zone differ in ServiceNow; here they do not.
            record = {
                field: {"value": value, "display_value": value} for field, value in record.items()
            }
        return {field: record[field] for field in wanted if field in record} if wanted else record

    def _journal_text(self, sys_id: str, field: str) -> str:
        """Return the entries of a journal field as ServiceNow displays them, newest first."""
        entries = [e for e in self._journal.get(sys_id, ()) if e["field"] == field]
        return "".join(
            f"{e['at']} - {self._user} ({_JOURNALS[field]})\n{e['value']}\n\n"
            for e in reversed(entries)
        )

    def _change(self, incident: dict[str, str], given: dict[str, Any]) -> bool:
        before = dict(incident)
        journalled = False
        for field, value in given.items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            if field in _JOURNALS:
                entry = {"field": field, "value": text, "at": _now()}
                self._journal.setdefault(incident["sys_id"], []).append(entry)
                journalled = True
            elif field not in ("sys_id", "number", "priority"):
                incident[field] = text
        priority = _PRIORITIES.get((incident["impact"], incident["urgency"]), "5")
        incident["priority"] = priority
        incident["active"] = "false" if incident["state"] in ("7", "8") else "true"
        if ended := _ENDED.get(incident["state"] if incident["state"] != before["state"] else ""):
            incident |= {f"{ended}_by": self._user, f"{ended}_at": _now()}
        changed = incident != before or journalled
        if changed:
            incident["sys_updated_on"] = _now()
            incident["sys_updated_by"] = self._user
            count = int(incident.get("sys_mod_count", "-1")) + 1
            incident["sys_mod_count"] = str(count)
        return changed


def _narrowed(rows: list[dict[str, str]], part: str) -> list[dict[str, str]]:
    if part.startswith("ORDERBYDESC"):
        return sorted(rows, key=lambda r: r.get(part.removeprefix("ORDERBYDESC"), ""), reverse=True)
    if part.startswith("ORDERBY"):
        return sorted(rows, key=lambda r: r.get(part.removeprefix("ORDERBY"), ""))
    found = _CONDITION.fullmatch(part)
    if found is None or not any(found["field"] in row for row in rows):
        return rows
    test = _TESTS[found["op"]]
    return [row for row in rows if test(row.get(found["field"], ""), found["value"])]


def _error(status: int, message: str, detail: str) -> Answer:
    return Answer(status, {"error": {"message": message, "detail": detail}, "status": "failure"})


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
