"""Jira Cloud's REST API v3: issues and comments of one project.

Operations: ``issue.post``, ``issue.put``, ``comment.post``, ``search.jql``. The target is the
issue's key. As Jira's own, the search knows an issue only some time after it was written, unless
its id is named in ``reconcileIssues``; it understands the one form of query that is asked of it and
refuses others.
"""

import re
import time
from datetime import UTC, datetime
from typing import Any, ClassVar

from lab.simulators.config import SimulatorSettings
from lab.simulators.exchange import Answer, Call, Operation, RefusalError
from lab.simulators.specification import Specification
from lab.simulators.vendor import Vendor, basic_credentials, same

SEARCH_LAG_SECONDS = 1.0
PROJECT = "SOC"
ISSUE_TYPES = ("Task", "Incident")
PRIORITIES = ("Highest", "High", "Medium", "Low", "Lowest")
_FIRST_ID = 10_001
_QUERY = re.compile(
    r'project = "(?P<project>[^"\\]+)" AND labels = "(?P<label>[^"\\]+)"'
    r"( ORDER BY created (ASC|DESC))?"
)
_NODES = frozenset({"doc", "paragraph", "text", "hardBreak"})


class Jira(Vendor):
    """Issues in the order they were made."""

    name: ClassVar[str] = "jira"

    def __init__(self, settings: SimulatorSettings) -> None:
        self._user = settings.tourniquet_jira_email
        self._token = settings.tourniquet_jira_api_token
        self._issues: list[dict[str, Any]] = []
        self.specification = Specification("jira.json")

    def operations(self) -> dict[str, Operation]:
        """See the module's list."""
        return {
            "createIssue": Operation("issue.post", self._create),
            "editIssue": Operation("issue.put", self._edit, "issueIdOrKey"),
            "addComment": Operation("comment.post", self._comment, "issueIdOrKey"),
            "searchAndReconsileIssuesUsingJql": Operation("search.jql", self._search, "jql"),
        }

    def authenticate(self, call: Call) -> Answer | None:
        """Basic credentials: an e-mail address and an API token."""
        given = basic_credentials(call.headers.get("Authorization", ""))
        if given and same(given[0], self._user) and same(given[1], self._token):
            return None
        return _errors(401, "Client must be authenticated to access this resource.")

    def refuse(self, status: int, message: str) -> Answer:
        """Jira's ErrorCollection."""
        return _errors(status, message)

    def fail(self, status: int, message: str) -> Answer:
        """Jira's ErrorCollection."""
        return _errors(status, message)

    def reset(self) -> None:
        """No issues; numbers start again."""
        self._issues.clear()

    def snapshot(self) -> dict[str, Any]:
        """Issues with their comments."""
        return {"jira_issues": [_shown(issue) for issue in self._issues]}

    async def _create(self, call: Call) -> Answer:
        fields: dict[str, Any] = dict(call.body.get("fields", {}))
        if problems := _wrong_fields(fields):
            raise RefusalError(Answer(400, {"errorMessages": [], "errors": problems}))
        number = len(self._issues) + 1
        key = f"{PROJECT}-{number}"
        issue = {
            "id": str(_FIRST_ID + number),
            "key": key,
            "fields": fields | {"comment": [], "created": _now()},
            "found_from": time.monotonic() + SEARCH_LAG_SECONDS,
        }
        self._issues.append(issue)
        call.target = key
        own = f"{call.base_url}/rest/api/3/issue/{issue['id']}"
        return Answer(201, {"id": issue["id"], "key": key, "self": own}, effect=True)

    async def _edit(self, call: Call) -> Answer:
        fields = self._issue(call)["fields"]
        changed = fields | dict(call.body.get("fields", {}))
        if problems := _wrong_fields(changed):
            raise RefusalError(Answer(400, {"errorMessages": [], "errors": problems}))
        effect = changed != fields
        fields.update(changed)
        return Answer(204, None, effect=effect)

    def _issue(self, call: Call) -> dict[str, Any]:
        wanted = call.params["issueIdOrKey"]
        issue = next((one for one in self._issues if wanted in (one["id"], one["key"])), None)
        if issue is None:
            message = "Issue does not exist or you do not have permission to see it."
            raise RefusalError(_errors(404, message))
        call.target = issue["key"]
        return issue

    async def _comment(self, call: Call) -> Answer:
        issue = self._issue(call)
        body = call.body.get("body")
        if not _is_document(body):
            raise RefusalError(_errors(400, "Comment body is not valid!"))
        comments = issue["fields"]["comment"]
        comment = {"id": str(20_000 + len(comments)), "body": body, "created": _now()}
        comments.append(comment)
        return Answer(201, comment, effect=True)

    async def _search(self, call: Call) -> Answer:
        found = _QUERY.fullmatch(call.query.get("jql", ""))
        if found is None or found["project"] != PROJECT:
            raise RefusalError(_errors(400, "Error in the JQL Query"))
        reconciled = set(call.query.get("reconcileIssues", "").split(","))
        now = time.monotonic()
        issues = [
            issue
            for issue in self._issues
            if found["label"] in issue["fields"].get("labels", [])
            and (issue["id"] in reconciled or issue["found_from"] <= now)
        ]
        most = int(call.query.get("maxResults", "50"))
        wanted = set(call.query.get("fields", "id").split(","))
        shown = [_shown(issue, wanted) for issue in issues[:most]]
        return Answer(200, {"issues": shown, "isLast": len(issues) <= most})


def _wrong_fields(fields: dict[str, Any]) -> dict[str, str]:
    """Return what Jira says about each field that it does not take."""
    problems: dict[str, str] = {}
    if (fields.get("project") or {}).get("key") != PROJECT:
        problems["project"] = "valid project is required"
    if (fields.get("issuetype") or {}).get("name") not in ISSUE_TYPES:
        problems["issuetype"] = "Specify a valid issue type"
    if not fields.get("summary") or len(fields["summary"]) > 255 or "\n" in fields["summary"]:
        problems["summary"] = "You must specify a summary of the issue."
    if "description" in fields and not _is_document(fields["description"]):
        problems["description"] = "Operation value must be an Atlassian Document"
    if "priority" in fields and fields["priority"].get("name") not in PRIORITIES:
        problems["priority"] = "The priority selected is invalid."
    if any(" " in label for label in fields.get("labels", [])):
        problems["labels"] = "The label contains spaces which is invalid."
    return problems


def _is_document(node: object) -> bool:
    return isinstance(node, dict) and node.get("version") == 1 and _is_node(node)


def _is_node(node: object) -> bool:
    """Tell whether a node and what is below it are such as an issue may hold; text is not empty."""
    if not isinstance(node, dict) or node.get("type") not in _NODES:
        return False
    if node["type"] == "text":
        return bool(node.get("text"))
    return all(_is_node(one) for one in node.get("content", []))


def _shown(issue: dict[str, Any], wanted: set[str] | None = None) -> dict[str, Any]:
    fields = dict(issue["fields"])
    comments = fields["comment"]
    fields["comment"] = {"comments": comments, "total": len(comments), "maxResults": len(comments)}
    if wanted is not None:
        fields = {name: value for name, value in fields.items() if name in wanted}
    return {"id": issue["id"], "key": issue["key"], "fields": fields}


def _errors(status: int, message: str) -> Answer:
    return Answer(status, {"errorMessages": [message], "errors": {}})


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
