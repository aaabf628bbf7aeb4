"""Open work as tasks of the SOAR's case, and the case in the hands of who took it.

``tasks.create`` and ``cases.executeBulkAssign`` of
https://docs.cloud.google.com/chronicle/docs/reference/rest/v1alpha. A task has a title of 3 to 50
characters and a content of at most 4,096; it has no key of ours, so each carries a mark in its
content, and those that are there are read first, the newest of the instance. Both are on top of
what the ticket says: an instance that does not take them, as it does not know the person or has not
been migrated, has the ticket all the same.
"""

import hashlib
import re

from pydantic import Field

from shared.errors import PermanentError
from shared.models.base import Json, VendorModel
from shared.models.message import Ticket, TicketTask
from shared.providers.google_secops.api import GoogleSecOpsApi
from shared.providers.google_secops_soar.models import Case
from shared.providers.retry import Retry

SHORTEST_TITLE, LONGEST_TITLE = 3, 50
LONGEST_CONTENT = 4_096
PAGE, MOST_PAGES = 1_000, 5
"""Tasks are listed newest first, at most 1,000 at a time (the reference); those of a case are taken
to be among the last 5,000 of the instance."""
PERSON = re.compile(r"[^\s@()<>]+@[^\s@()<>]+\.[^\s@()<>]+")


class _Task(VendorModel):
    """A task of some case."""

    content: str = ""
    case: int | None = Field(default=None, alias="caseId")


class _Tasks(VendorModel):
    """A page of them."""

    tasks: list[_Task] = Field(default_factory=list)
    next_page: str = Field(default="", alias="nextPageToken")


async def hand_over(
    api: GoogleSecOpsApi, case: Case, ticket: Ticket, *, assignee: str
) -> list[str]:
    """Bring the owner and the open work of a case up to date; return what was refused, and why.

    Args:
        api: of the instance.
        case: as it is.
        ticket: with ``owner`` and ``tasks``.
        assignee: who gets what nobody has taken; an analyst's own assignment stays.

    Raises:
        RetryableError: Google did not answer, or not now.
        NotConfigured: no address, instance or credentials.
    """
    owner = PERSON.search(ticket.owner)
    refused: list[str] = []
    try:
        if owner is not None and case.assignee == assignee:
            body: Json = {"casesIds": [int(case.number)], "username": owner.group()}
            await api.call("cases.assign", "POST", "/cases:executeBulkAssign", json=body)
    except PermanentError as error:
        refused.append(f"owner: {error.describe()}")
    try:
        if ticket.tasks:
            await _add_tasks(api, case, ticket, assignee)
    except PermanentError as error:
        refused.append(f"tasks: {error.describe()}")
    return refused


async def _add_tasks(api: GoogleSecOpsApi, case: Case, ticket: Ticket, assignee: str) -> None:
    there = await _contents(api, int(case.number))
    for one in ticket.tasks or []:
        key = _key(ticket, one)
        if any(key in content for content in there):
            continue
        body: Json = {
            "title": _title(one),
            "content": _content(one, key),
            "caseId": int(case.number),
            "assignee": assignee,
        }
        retry = Retry.IF_NOT_PROCESSED
        await api.call("tasks.create", "POST", "/tasks", json=body, retry=retry)


async def _contents(api: GoogleSecOpsApi, number: int) -> list[str]:
    found: list[str] = []
    params: dict[str, str | int] = {"pageSize": PAGE}
    for _page in range(MOST_PAGES):
        answer = await api.call("tasks.list", "GET", "/tasks", params=params)
        page = api.client.parse(_Tasks, answer.body, operation="tasks.list")
        found += [one.content for one in page.tasks if one.case == number]
        if not page.next_page:
            break
        params = {"pageSize": PAGE, "pageToken": page.next_page}
    return found


def _key(ticket: Ticket, task: TicketTask) -> str:
    digest = hashlib.sha256(task.title.encode()).hexdigest()[:12]
    return f"[tourniquet {ticket.correlation_id} {digest}]"


def _title(task: TicketTask) -> str:
    title = _plain(" ".join(task.title.split()))
    if len(title) > LONGEST_TITLE:
        title = title[: LONGEST_TITLE - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return title if len(title) >= SHORTEST_TITLE else "Open work"


def _content(task: TicketTask, key: str) -> str:
    """Return the whole sentence, as the title is short, and what there is to it."""
    text = _plain(task.detail if task.title in task.detail else f"{task.title}\n{task.detail}")
    return f"{text[: LONGEST_CONTENT - len(key) - 2].strip()}\n\n{key}"


def _plain(text: str) -> str:
    """Return text that is no markup, whatever shows it."""
    return text.replace("<", "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}").replace(
        ">", "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
    )
