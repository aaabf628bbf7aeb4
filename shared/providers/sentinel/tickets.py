"""A case's own incident in Microsoft Sentinel as its ticket.

https://learn.microsoft.com/rest/api/securityinsights/incidents (2025-09-01, stable). The incident
is there before the case, so nothing is opened: labels, severity, owner, status and, at the end, the
classification follow the case, and open work becomes incident tasks. An incident is replaced as a
whole, with the ETag of what was read; somebody who changed it meanwhile is not overwritten: it is
read and changed again. What an analyst has set stays: a severity is only raised, an owner only set
where there is none, a classification never changed. Comments are the ``Siem`` port's.

An incident may be that of several cases, one for each of its accounts: the last of them to be
closed closes it. It does not tell who works on a case (``TicketWatching``): rules set an owner and
close incidents, we set its status, and neither who closed an incident nor when is in it.

Needs Microsoft Sentinel Responder on the workspace.
"""

from functools import cached_property
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pydantic import Field

from shared.errors import Conflict, NotConfigured, RetryableError
from shared.models.base import Json, VendorModel
from shared.models.message import Ticket, TicketReference, TicketTask
from shared.providers.clouds import RESOURCE_MANAGER, scope
from shared.providers.credentials import bearer
from shared.providers.http import VendorClient
from shared.providers.sentinel.incidents import API_VERSION, VENDOR, incident_path
from shared.providers.sentinel.ticket_fields import changed_properties
from shared.settings import Settings

MOST_TASKS = 40
"""Sentinel's limit for one incident; what does not fit stands in the comment."""
LONGEST_TITLE = 150
LONGEST_DESCRIPTION = 3_000
TRIES = 5
"""Against others who change the same incident."""


class IncidentProperties(VendorModel):
    """What is told about an incident."""

    incidentNumber: int | None = None  # noqa: N815 - Sentinel's name
    incidentUrl: str | None = None  # noqa: N815 - Sentinel's name


class Incident(VendorModel):
    """An incident as read; ``properties`` are kept whole, to be sent back."""

    etag: str = Field(min_length=1)
    properties: dict[str, Any]

    def reference(self) -> TicketReference:
        """Return what people call it, and where it is."""
        known = IncidentProperties.model_validate(self.properties)
        return TicketReference(
            ticket_id=f"Sentinel incident {known.incidentNumber or '(no number)'}",
            url=known.incidentUrl,
        )


class TaskProperties(VendorModel):
    """A task."""

    title: str
    status: str
    description: str | None = None


class Task(VendorModel):
    """A task and its name, a GUID."""

    name: str
    properties: TaskProperties


class Tasks(VendorModel):
    """One page of an incident's tasks."""

    value: list[Task]
    nextLink: str | None = None  # noqa: N815 - Azure's name


class SentinelTickets:
    """A ``Ticketing`` system for cases that came from an incident of Sentinel."""

    name = VENDOR

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _arm(self) -> VendorClient:
        url = self._settings.arm_url
        if not url:
            raise NotConfigured("TOURNIQUET_ARM_URL is not set", vendor=VENDOR)
        authorize = bearer(scope(RESOURCE_MANAGER, url))
        return VendorClient(VENDOR, url, settings=self._settings, authorize=authorize)

    async def upsert(self, ticket: Ticket) -> TicketReference:
        """Bring the incident up to date with the case.

        Raises:
            NotSupported: the case did not come from an incident of Sentinel.
            RetryableError: others were always faster.
            TourniquetError: see ``shared.errors``.
        """
        target = incident_path(ticket.incident_id)
        incident = await self._update(target, ticket)
        if ticket.tasks is not None:
            await self._write_tasks(target, ticket, ticket.tasks)
        return incident.reference()

    async def _update(self, target: str, ticket: Ticket) -> Incident:
        for _try in range(TRIES):
            incident = await self._get(target)
            wanted = changed_properties(incident.properties, ticket)
            if wanted is None:
                return incident
            try:
                return await self._put(target, incident.etag, wanted)
            except Conflict:
                continue
        why = "others changed the incident each time before it could be written"
        raise RetryableError(why, vendor=VENDOR, operation="incidents.put")

    async def _get(self, target: str) -> Incident:
        operation = "incidents.get"
        params = {"api-version": API_VERSION}
        answer = await self._arm.request(operation, "GET", target, params=params)
        return self._arm.parse(Incident, answer.body, operation=operation)

    async def _put(self, target: str, etag: str, properties: Json) -> Incident:
        operation = "incidents.put"
        answer = await self._arm.request(
            operation,
            "PUT",
            target,
            params={"api-version": API_VERSION},
            json={"etag": etag, "properties": properties},
            ok=(200, 201),
        )
        return self._arm.parse(Incident, answer.body, operation=operation)

    async def _write_tasks(self, target: str, ticket: Ticket, wanted: list[TicketTask]) -> None:
        """Add open work that is not there yet, and end ours that is not asked for any more."""
        there = await self._list_tasks(target)
        ours = f"[tourniquet {ticket.correlation_id}]"
        named = {_task_id(target, ticket, one): one for one in wanted}
        known = {one.name.lower() for one in there}
        new = [item for item in named.items() if item[0] not in known]
        for task_id, one in new[: max(0, MOST_TASKS - len(there))]:
            await self._put_task(target, task_id, _to_task(one, ours))
        for old in there:
            is_ours = (old.properties.description or "").endswith(ours)
            if is_ours and old.properties.status == "New" and old.name.lower() not in named:
                done = old.properties.model_dump(exclude_none=True) | {"status": "Completed"}
                await self._put_task(target, old.name, done)

    async def _list_tasks(self, target: str) -> list[Task]:
        operation = "incidents.tasks.list"
        found: list[Task] = []
        params: dict[str, str | int] | None = {"api-version": API_VERSION}
        address: str | None = f"{target}/tasks"
        while address and len(found) < MOST_TASKS:
            answer = await self._arm.request(operation, "GET", address, params=params)
            page = self._arm.parse(Tasks, answer.body, operation=operation)
            found += page.value
            address, params = page.nextLink, None
        return found

    async def _put_task(self, target: str, task_id: str, properties: Json) -> None:
        await self._arm.request(
            "incidents.tasks.put",
            "PUT",
            f"{target}/tasks/{task_id}",
            params={"api-version": API_VERSION},
            json={"properties": properties},
            ok=(200, 201),
        )


def _task_id(target: str, ticket: Ticket, task: TicketTask) -> str:
    """Return the task's id: the same for the same work of the same case."""
    name = f"{target.lower()}/{ticket.correlation_id}/task/{task.title}"
    return str(uuid5(NAMESPACE_URL, name))


def _to_task(task: TicketTask, ours: str) -> Json:
    title = " ".join(task.title.split()) or "Open work"
    if len(title) > LONGEST_TITLE:
        title = title[: LONGEST_TITLE - 1] + "\N{HORIZONTAL ELLIPSIS}"
    detail = task.detail[: LONGEST_DESCRIPTION - len(ours) - 2]
    return {"title": title, "description": f"{detail}\n\n{ours}".strip(), "status": "New"}
