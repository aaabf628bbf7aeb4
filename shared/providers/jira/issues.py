"""Jira Cloud REST API v3: one issue per case, found again by its label.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/. The search lags behind what was
written, by seconds as a rule ("Search After Write", developer.atlassian.com/cloud/jira/platform/
search-and-reconcile); an issue whose id is known is named to it (``reconcileIssues``) and is then
found as it is. A creation whose answer was lost has no id: the next try is seconds later, and
finds it by the label as soon as the search does. A comment has no key of ours, so it carries a
mark made of its content, and is not written when the issue has it already; the first note is part
of the description, because a second call that fails would leave an issue whose id nobody knows.

Needs a user with *Browse projects*, *Create issues*, *Edit issues* and *Add comments* in the
project.
"""

import re
from functools import cached_property
from typing import Any

from pydantic import Field

from shared.errors import NotConfigured, NotFound, PermanentError
from shared.models.base import Json, VendorModel, parse_utc
from shared.models.handling import Handled, TicketHandling, TicketKey
from shared.models.message import Ticket, TicketReference
from shared.providers.basic_auth import basic_client
from shared.providers.http import VendorClient, path
from shared.providers.jira.document import document, plain_text
from shared.providers.response import VendorResponse
from shared.providers.retry import Retry
from shared.providers.work_notes import mark
from shared.settings import Settings

VENDOR = "jira"
ISSUE = "/rest/api/3/issue"
SEARCH = "/rest/api/3/search/jql"
JQL = 'project = "{project}" AND labels = "{label}" ORDER BY created ASC'
FIELDS = "labels,description,comment,priority,status,assignee,resolutiondate"
LABEL = re.compile(r"[A-Za-z0-9_-]{1,255}")
"""What may stand in a quoted string of JQL and be a label, which has no spaces."""
LONGEST_SUMMARY = 255
PRIORITIES = ("Lowest", "Low", "Medium", "High", "Highest")
"""As Jira ships them; one of a site's own is left as it is."""
SEVERITY_LABEL = "severity-"


class Comments(VendorModel):
    """The field ``comment`` of a found issue; may hold fewer comments than there are."""

    comments: list[dict[str, Any]] = Field(default_factory=list)


class Priority(VendorModel):
    """The field ``priority``."""

    name: str = ""


class Category(VendorModel):
    """What kind of status it is, whatever a site calls it: ``new``, ``indeterminate``, ``done``."""

    key: str = ""


class Status(VendorModel):
    """The field ``status``."""

    category: Category = Field(default=Category(), alias="statusCategory")


class Person(VendorModel):
    """A user."""

    name: str = Field(default="", alias="displayName")


class Fields(VendorModel):
    """The fields that are asked for."""

    labels: list[str] = Field(default_factory=list)
    comment: Comments = Comments()
    description: dict[str, Any] | None = None
    priority: Priority | None = None
    status: Status = Status()
    assignee: Person | None = None
    resolved_at: str | None = Field(default=None, alias="resolutiondate")


class Issue(VendorModel):
    """A found issue."""

    id: str = Field(pattern=r"^[0-9]+$")
    key: str = Field(min_length=1)
    fields: Fields = Fields()

    def has(self, text: str) -> bool:
        """Return whether the description or a comment of the issue holds this text."""
        texts = [
            self.fields.description,
            *(one.get("body") for one in self.fields.comment.comments),
        ]
        return any(text in plain_text(one) for one in texts)


class Found(VendorModel):
    """Answer of a search."""

    issues: list[Issue] = Field(default_factory=list)


class Created(VendorModel):
    """Answer of a creation."""

    id: str = Field(pattern=r"^[0-9]+$")
    key: str = Field(min_length=1)


class Jira:
    """A ``Ticketing`` system."""

    name = VENDOR

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _client(self) -> VendorClient:
        settings = self._settings
        return basic_client(
            VENDOR,
            settings,
            url=settings.jira_url,
            user=settings.jira_email,
            secret=settings.jira_api_token,
            named="TOURNIQUET_JIRA_URL, _EMAIL or _API_TOKEN",
        )

    @cached_property
    def _project(self) -> str:
        if not self._settings.jira_project:
            raise NotConfigured("TOURNIQUET_JIRA_PROJECT is not set", vendor=VENDOR)
        return self._settings.jira_project

    async def upsert(self, ticket: Ticket) -> TicketReference:
        """Create the issue, or add the work note to the one that is there as a comment.

        Its priority is only ever raised: an analyst's higher one stands.

        Raises:
            NotConfigured: no address, credentials or project.
            NotFound: there is none, and the ticket ``must_exist``.
            PermanentError: Jira does not take the issue, for example because the project asks for
                a field of its own.
            TourniquetError: see ``shared.errors``.
        """
        issue = await self.find(ticket.correlation_id, known=ticket.known.get(VENDOR))
        if issue is None and ticket.must_exist:
            raise NotFound("the case has no issue", vendor=VENDOR, operation="search.jql")
        if issue is None:
            created = await self._create(ticket)
            return self._reference(created.key, created.id, created=True)
        if ticket.work_note and not issue.has(mark(ticket)):
            await self._comment(issue.key, ticket)
        if fields := raised(issue.fields, ticket):
            await self._edit(issue.key, fields)
        return self._reference(issue.key, issue.id, created=False)

    async def find(self, label: str, *, known: str | None = None) -> Issue | None:
        """Return the oldest issue with a label, or ``None``; ``known`` is the id it has, if any.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        operation = "search.jql"
        if not LABEL.fullmatch(label):
            raise PermanentError("the case id cannot be a label", vendor=VENDOR)
        params: dict[str, str | int] = {
            "jql": JQL.format(project=self._project, label=label),
            "fields": FIELDS,
            "maxResults": 1,
        }
        if known is not None:
            params["reconcileIssues"] = known
        answer = await self._client.request(operation, "GET", SEARCH, params=params)
        issues = self._client.parse(Found, answer.body, operation=operation).issues
        return next((one for one in issues if label in one.fields.labels), None)

    async def handling(self, key: TicketKey) -> TicketHandling | None:
        """Return how far the issue is, and who works on it: Jira does not say who closed it.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        issue = await self.find(key.correlation_id, known=key.known.get(VENDOR))
        if issue is None:
            return None
        fields = issue.fields
        who = fields.assignee.name if fields.assignee else ""
        if fields.status.category.key == "done":
            at = parse_utc(fields.resolved_at) if fields.resolved_at else None
            return TicketHandling(state=Handled.CLOSED, at=at)
        taken = who and fields.status.category.key == "indeterminate"
        return TicketHandling(state=Handled.TAKEN if taken else Handled.NOT, by=who)

    async def _create(self, ticket: Ticket) -> Created:
        fields = to_fields(ticket, project=self._project, issue_type=self._settings.jira_issue_type)
        answer = await self._write("issue.post", ISSUE, {"fields": fields}, ok=(201, 400))
        if answer.status == 400 and _refused(answer.body) == {"priority"}:
            # The project's screen has no priority; the labels still say it.
            del fields["priority"]
            answer = await self._write("issue.post", ISSUE, {"fields": fields}, ok=(201, 400))
        if answer.status == 400:
            why = f"refused fields: {', '.join(sorted(_refused(answer.body))) or 'not named'}"
            raise PermanentError(why, vendor=VENDOR, operation="issue.post", status=400)
        return self._client.parse(Created, answer.body, operation="issue.post")

    async def _comment(self, key: str, ticket: Ticket) -> None:
        body = {"body": document(_marked(ticket))}
        await self._write("comment.post", path(f"{ISSUE}/{{key}}/comment", key=key), body)

    async def _edit(self, key: str, fields: Json) -> None:
        target = path(f"{ISSUE}/{{key}}", key=key)
        client, retry = self._client, Retry.ALWAYS
        answer = await client.request(
            "issue.put", "PUT", target, json={"fields": fields}, ok=(204, 400), retry=retry
        )
        if answer.status == 400:
            labels = {"fields": {"labels": fields["labels"]}}
            await client.request("issue.put", "PUT", target, json=labels, ok=(204,), retry=retry)

    async def _write(
        self, operation: str, target: str, body: Json, *, ok: tuple[int, ...] = (201,)
    ) -> VendorResponse:
        return await self._client.request(
            operation, "POST", target, json=body, ok=ok, retry=Retry.IF_NOT_PROCESSED
        )

    def _reference(self, key: str, own_id: str, *, created: bool) -> TicketReference:
        url = self._client.base_url + path("/browse/{key}", key=key)
        return TicketReference(ticket_id=key, url=url, created=created, own_id=own_id)


def to_fields(ticket: Ticket, *, project: str, issue_type: str) -> Json:
    """Return the fields of a new issue."""
    summary = " ".join(ticket.title.split())
    if len(summary) > LONGEST_SUMMARY:
        summary = summary[: LONGEST_SUMMARY - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return {
        "project": {"key": project},
        "issuetype": {"name": issue_type},
        "summary": summary,
        "description": document(
            ticket.description, *([_marked(ticket)] if ticket.work_note else [])
        ),
        "labels": ["tourniquet", f"severity-{ticket.severity.lower()}", ticket.correlation_id],
        "priority": {"name": ticket.severity},
    }


def raised(fields: Fields, ticket: Ticket) -> Json:
    """Return what makes an issue as urgent as the case has become; empty when it is already."""
    order = [name.lower() for name in PRIORITIES]
    level = order.index(ticket.severity.lower())
    old = [one for one in fields.labels if one.startswith(SEVERITY_LABEL)]
    known = [one.removeprefix(SEVERITY_LABEL) for one in old]
    if not known or any(one not in order or order.index(one) >= level for one in known):
        return {}
    kept = [one for one in fields.labels if one not in old]
    labels = {"labels": [*kept, f"{SEVERITY_LABEL}{ticket.severity.lower()}"]}
    there = fields.priority.name.lower() if fields.priority else ""
    if there not in order or order.index(there) >= level:
        return labels
    return labels | {"priority": {"name": ticket.severity}}


def _marked(ticket: Ticket) -> str:
    return f"{ticket.work_note}\n\n{mark(ticket)}"


def _refused(body: object) -> set[str]:
    """Return the fields that Jira's ErrorCollection names."""
    errors = body.get("errors") if isinstance(body, dict) else None
    return set(errors) if isinstance(errors, dict) else set()
