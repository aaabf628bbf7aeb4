"""The cases of a Google SecOps instance, as its Chronicle API has them.

Operations: ``cases.search``, ``cases.create``, ``cases.get``, ``cases.patch``, ``cases.assign``,
``cases.close``, ``cases.reopen``, ``caseCloseDefinitions.list``, ``caseComments.list``,
``caseComments.create``, ``caseAlerts.list``, ``tasks.list``, ``tasks.create``. The target is the
case's number. The search knows a case only some time after it was made. As the real server, a
manual case without one of its lists is made, and the request fails all the same.
"""

import time
from datetime import datetime
from typing import Any, ClassVar

from lab.simulators.config import GOOGLE_ACCOUNT, SimulatorSettings
from lab.simulators.exchange import Answer, Call, Operation, RefusalError
from lab.simulators.google_instance import GoogleInstance
from lab.simulators.google_token import GoogleTokens, google_error
from lab.simulators.specification import Specification

SEARCH_LAG_SECONDS = 1.0
ENVIRONMENT = "Default Environment"
ASSIGNEES = ("@Tier1", "@Administrator")
ANALYSTS = ("ana.lyst@contoso.example",)
ROOT_CAUSES = {
    "MALICIOUS": ("Phishing", "Other"),
    "NOT_MALICIOUS": ("Normal behaviour", "Other"),
    "MAINTENANCE": ("Other",),
    "INCONCLUSIVE": ("Other",),
}
_FIRST = 401
_PAGE = 50


def is_about_cases(path: str) -> bool:
    """Tell whether a path of the Chronicle API belongs to the SOAR."""
    return any(
        part in path
        for part in ("/cases", "/caseClose", "/tasks", "/legacyCases:", "/legacySearches:")
    )


class GoogleSecOpsSoar(GoogleInstance):
    """Cases in the order they were made."""

    name: ClassVar[str] = "google_secops_soar"

    def __init__(self, settings: SimulatorSettings, tokens: GoogleTokens) -> None:
        super().__init__(settings, tokens)
        self._cases: dict[str, dict[str, Any]] = {}
        self.specification = Specification("google-secops-soar.json")

    def operations(self) -> dict[str, Operation]:
        """See the module's list."""
        return {
            "legacyCaseSearchEverything": Operation("cases.search", self._search),
            "createManualCase": Operation("cases.create", self._create),
            "cases.get": Operation("cases.get", self._get, "case"),
            "executeBulkClose": Operation("cases.close", self._close),
            "executeBulkReopen": Operation("cases.reopen", self._reopen),
            "caseCloseDefinitions.list": Operation("caseCloseDefinitions.list", self._causes),
            "executeBulkAssign": Operation("cases.assign", self._assign),
            "tasks.list": Operation("tasks.list", self._tasks),
            "tasks.create": Operation("tasks.create", self._create_task),
            "cases.patch": Operation("cases.patch", self._patch, "case"),
            "caseComments.list": Operation("caseComments.list", self._comments, "case"),
            "caseComments.create": Operation("caseComments.create", self._comment, "case"),
            "caseAlerts.list": Operation("caseAlerts.list", self._alerts, "case"),
        }

    def reset(self) -> None:
        """No cases; numbers start again."""
        self._cases.clear()

    def snapshot(self) -> dict[str, Any]:
        """Cases with their comments."""
        return {"google_secops_cases": list(self._cases.values())}

    async def _create(self, call: Call) -> Answer:
        body = call.body
        if body["assignedUser"] not in ASSIGNEES:
            raise RefusalError(google_error(400, "The assigned user does not exist."))
        if body.get("environment", ENVIRONMENT) != ENVIRONMENT:
            raise RefusalError(google_error(400, "The environment does not exist."))
        number = str(_FIRST + len(self._cases))
        self._cases[number] = {
            "number": number,
            "displayName": body["title"],
            "description": body.get("reason", ""),
            "priority": "PRIORITY_UNSPECIFIED",
            "status": "OPENED",
            "stage": "Triage",
            "assignee": body["assignedUser"],
            "environment": body.get("environment", ENVIRONMENT),
            "important": body.get("isImportant", False),
            "tags": list(body.get("tags", [])),
            "comments": [],
            "tasks": [],
            "found_from": time.monotonic() + SEARCH_LAG_SECONDS,
        }
        call.target = number
        if not all(isinstance(body.get(name), list) for name in ("entities", "playbooks", "tags")):
            return Answer(500, google_error(500, "Internal error").body, effect=True)
        return Answer(200, {"caseId": number}, effect=True)

    async def _search(self, call: Call) -> Answer:
        body, now = call.body, time.monotonic()
        if datetime.fromisoformat(body["startTime"]) >= datetime.fromisoformat(body["endTime"]):
            raise RefusalError(google_error(400, "The time range is empty."))
        wanted = set(body.get("tags", []))
        found = [
            {
                "id": int(number),
                "title": case["displayName"],
                "tags": case["tags"],
                "priority": case["priority"],
                "environment": case["environment"],
                "isCaseClosed": case["status"] == "CLOSED",
            }
            for number, case in self._cases.items()
            if case["found_from"] <= now and (not wanted or wanted & set(case["tags"]))
        ]
        size, page = body["paging"]["pageSize"], body["paging"]["requestedPage"]
        shown = found[page * size : (page + 1) * size]
        return Answer(200, {"results": shown, "totalCount": len(found), "pageSize": size})

    async def _get(self, call: Call) -> Answer:
        return Answer(200, self._shown(self._case(call)))

    async def _patch(self, call: Call) -> Answer:
        case, mask = self._case(call), call.query.get("updateMask", "").split(",")
        if not mask or not set(mask) <= {"priority", "stage", "assignee"}:
            raise RefusalError(google_error(400, "Unsupported update mask."))
        changes = {name: call.body[name] for name in mask if name in call.body}
        changed = any(case[name] != value for name, value in changes.items())
        case.update(changes)
        return Answer(200, self._shown(case), effect=changed)

    async def _causes(self, call: Call) -> Answer:
        causes = [
            {"closeReason": reason, "rootCause": cause}
            for reason, known in ROOT_CAUSES.items()
            for cause in known
        ]
        return Answer(200, {"caseCloseDefinitions": causes})

    async def _close(self, call: Call) -> Answer:
        reason, cause = call.body["closeReason"], call.body.get("rootCause")
        if cause not in ROOT_CAUSES[reason]:
            raise RefusalError(google_error(400, "A valid root cause must be provided."))
        return self._change(call, "CLOSED", closeReason=reason)

    async def _reopen(self, call: Call) -> Answer:
        return self._change(call, "OPENED", closeReason=None)

    def _change(self, call: Call, status: str, **more: Any) -> Answer:
        numbers = [str(number) for number in call.body["casesIds"]]
        call.target = ",".join(numbers)
        if not all(number in self._cases for number in numbers):
            raise RefusalError(google_error(404, "Requested entity was not found."))
        changed = [one for one in numbers if self._cases[one]["status"] != status]
        for number in changed:
            self._cases[number] |= {"status": status, **more}
        return Answer(200, {}, effect=bool(changed))

    async def _assign(self, call: Call) -> Answer:
        numbers, name = [str(one) for one in call.body["casesIds"]], call.body["username"]
        call.target = ",".join(numbers)
        if name not in (*ASSIGNEES, *ANALYSTS):
            raise RefusalError(google_error(400, "The user does not exist."))
        if not all(number in self._cases for number in numbers):
            raise RefusalError(google_error(404, "Requested entity was not found."))
        changed = [one for one in numbers if self._cases[one]["assignee"] != name]
        for number in changed:
            self._cases[number]["assignee"] = name
        return Answer(200, {}, effect=bool(changed))

    async def _tasks(self, call: Call) -> Answer:
        every = [task for case in self._cases.values() for task in case["tasks"]]
        every.sort(key=lambda task: int(task["id"]), reverse=True)
        start = int(call.query.get("pageToken") or 0)
        end = start + int(call.query.get("pageSize") or _PAGE)
        body: dict[str, Any] = {"tasks": every[start:end]}
        if end < len(every):
            body["nextPageToken"] = str(end)
        return Answer(200, body)

    async def _create_task(self, call: Call) -> Answer:
        number = str(call.body.get("caseId", ""))
        call.target = number
        if number not in self._cases:
            raise RefusalError(google_error(404, "Requested entity was not found."))
        made = sum(len(case["tasks"]) for case in self._cases.values()) + 1
        name = f"{self._instance}/tasks/{made}"
        task = {"name": name, "id": str(made), "author": GOOGLE_ACCOUNT, **call.body}
        self._cases[number]["tasks"].append(task)
        return Answer(200, task, effect=True)

    async def _comments(self, call: Call) -> Answer:
        comments = self._case(call)["comments"]
        start = int(call.query.get("pageToken") or 0)
        end = start + int(call.query.get("pageSize") or _PAGE)
        body: dict[str, Any] = {"caseComments": comments[start:end], "totalSize": len(comments)}
        if end < len(comments):
            body["nextPageToken"] = str(end)
        return Answer(200, body)

    async def _comment(self, call: Call) -> Answer:
        case = self._case(call)
        name = f"{self._name(case)}/caseComments/{len(case['comments']) + 1}"
        made = {"name": name, "comment": call.body["comment"], "user": GOOGLE_ACCOUNT}
        case["comments"].append(made)
        return Answer(200, made, effect=True)

    async def _alerts(self, call: Call) -> Answer:
        case = self._case(call)
        alert = {"name": f"{self._name(case)}/caseAlerts/1", "displayName": "Tourniquet"}
        return Answer(200, {"caseAlerts": [alert], "totalSize": 1})

    def _case(self, call: Call) -> dict[str, Any]:
        case = self._cases.get(call.params["case"])
        if case is None:
            raise RefusalError(google_error(404, "Requested entity was not found."))
        return case

    def _name(self, case: dict[str, Any]) -> str:
        return f"{self._instance}/cases/{case['number']}"

    def _shown(self, case: dict[str, Any]) -> dict[str, Any]:
        names = ("displayName", "description", "priority", "status", "stage", "assignee")
        return {"name": self._name(case), **{name: case[name] for name in names}}
