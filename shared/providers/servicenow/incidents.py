"""ServiceNow Table API: one incident per case, found again by its ``correlation_id``.

https://www.servicenow.com/docs (Table API). Two habits of it shape this code. A part of a query
that it does not understand is ignored and *more* rows come back, so a row counts only if it really
carries our id. A work note has no key, so each carries a short mark made of its content, and what
the ticket already says (journal fields are only returned as display values) is read first: an
update that is delivered twice is written once. Needs a user with the role ``itil``.
"""

import re
from functools import cached_property
from typing import Any
from urllib.parse import quote

from pydantic import Field

from shared.errors import NotFound, PermanentError
from shared.models.base import Json, VendorModel
from shared.models.handling import TicketHandling, TicketKey
from shared.models.message import Ticket, TicketReference
from shared.providers.basic_auth import basic_client
from shared.providers.http import VendorClient, path
from shared.providers.retry import Retry
from shared.providers.servicenow.handling import FIELDS as HANDLING_FIELDS
from shared.providers.servicenow.handling import HandledRows
from shared.providers.work_notes import mark
from shared.settings import Settings

VENDOR = "servicenow"
TABLE = "/api/now/table/incident"
QUERY = "correlation_id={id}^ORDERBYsys_created_on"
FIELDS = "sys_id,number,correlation_id,work_notes,impact,urgency"
CORRELATION_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")
"""What may be put into an encoded query (``^`` and ``=`` are operators); the field holds 100."""
CODE_TAG = re.compile(r"\[(/?)code\]", re.IGNORECASE)
LONGEST_SHORT_DESCRIPTION = 160
LONGEST_DESCRIPTION = 4000
"""Sizes of the fields as ServiceNow ships them; longer text would be cut without a word."""
IMPACT_AND_URGENCY = {"High": "1", "Medium": "2", "Low": "3"}
"""1 high, 2 medium, 3 low; with ServiceNow's own table 1 and 1 give priority 1 - Critical, 2 and 2
give 3 - Moderate, 3 and 3 give 5 - Planning. Priority itself cannot be set."""


class Row(VendorModel):
    """The fields of an incident that are used."""

    sys_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    number: str = Field(min_length=1)
    correlation_id: str = ""
    work_notes: str = ""
    impact: str = ""
    urgency: str = ""
    """As displayed, for example ``3 - Low``."""


class ManyRows(VendorModel):
    """Answer of a query."""

    result: list[Row]


class OneRow(VendorModel):
    """Answer of a creation or change."""

    result: Row


class ServiceNow:
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
            url=settings.servicenow_url,
            user=settings.servicenow_username,
            secret=settings.servicenow_password,
            named="TOURNIQUET_SERVICENOW_URL, _USERNAME or _PASSWORD",
        )

    async def upsert(self, ticket: Ticket) -> TicketReference:
        """Create the incident, or add the work note to the one that is there.

        Its impact and urgency are only ever raised: an analyst's higher ones stand.

        A creation whose answer was lost is not repeated here: the caller tries the whole of it
        again, and then the incident is found.

        Raises:
            NotConfigured: no address or credentials.
            NotFound: there is none, and the ticket ``must_exist``.
            PermanentError: ServiceNow does not filter by ``correlation_id``, so that creating
                could double the ticket.
            TourniquetError: see ``shared.errors``.
        """
        row = await self._find(ticket.correlation_id)
        if row is None and ticket.must_exist:
            raise NotFound("the case has no ticket", vendor=VENDOR, operation="incident.list")
        if row is None:
            created = await self._create(ticket)
            return self._reference(created, created=True)
        changes = raised(row, ticket)
        if ticket.work_note and mark(ticket) not in row.work_notes:
            changes["work_notes"] = work_note(ticket)
        if changes:
            target = path(f"{TABLE}/{{sys_id}}", sys_id=row.sys_id)
            await self._write("incident.patch", "PATCH", target, changes)
        return self._reference(row, created=False)

    async def handling(self, key: TicketKey) -> TicketHandling | None:
        """Return how far the incident is: who is assigned to it, or has resolved or closed it.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        body = await self._list(key.correlation_id, fields=HANDLING_FIELDS, display="all")
        rows = self._client.parse(HandledRows, body, operation="incident.list").result
        if not rows or rows[0].correlation_id.value != key.correlation_id:
            return None
        return rows[0].handling()

    async def _find(self, correlation_id: str) -> Row | None:
        operation = "incident.list"
        body = await self._list(correlation_id, fields=FIELDS, display="true")
        rows = self._client.parse(ManyRows, body, operation=operation).result
        if rows and rows[0].correlation_id != correlation_id:
            raise PermanentError(
                "ServiceNow did not filter by correlation_id (may our user read that field?)",
                vendor=VENDOR,
                operation=operation,
            )
        return rows[0] if rows else None

    async def _list(self, correlation_id: str, *, fields: str, display: str) -> object:
        if not CORRELATION_ID.fullmatch(correlation_id):
            raise PermanentError("the case id cannot be a correlation_id", vendor=VENDOR)
        answer = await self._client.request(
            "incident.list",
            "GET",
            TABLE,
            params={
                "sysparm_query": QUERY.format(id=correlation_id),
                "sysparm_fields": fields,
                "sysparm_display_value": display,
                "sysparm_exclude_reference_link": "true",
                "sysparm_limit": 1,
            },
        )
        return answer.body

    async def _create(self, ticket: Ticket) -> Row:
        return await self._write("incident.post", "POST", TABLE, to_fields(ticket))

    async def _write(self, operation: str, method: str, target: str, fields: Json) -> Row:
        answer = await self._client.request(
            operation,
            method,
            target,
            params={"sysparm_fields": FIELDS, "sysparm_exclude_reference_link": "true"},
            json=fields,
            ok=(200, 201),
            retry=Retry.IF_NOT_PROCESSED,
        )
        return self._client.parse(OneRow, answer.body, operation=operation).result

    def _reference(self, row: Row, *, created: bool) -> TicketReference:
        target = quote(f"incident.do?sys_id={row.sys_id}", safe="")
        url = f"{self._client.base_url}/nav_to.do?uri={target}"
        return TicketReference(ticket_id=row.number, url=url, created=created)


def to_fields(ticket: Ticket) -> dict[str, Any]:
    """Return the fields of a new incident; ServiceNow takes strings only."""
    level = IMPACT_AND_URGENCY[ticket.severity]
    fields = {
        "correlation_id": ticket.correlation_id,
        "correlation_display": "Tourniquet",
        "short_description": _title(ticket),
        "description": _cut(ticket.description, LONGEST_DESCRIPTION),
        "impact": level,
        "urgency": level,
    }
    return {**fields, "work_notes": work_note(ticket)} if ticket.work_note else fields


def raised(row: Row, ticket: Ticket) -> Json:
    """Return what makes an incident as urgent as the case has become, with the title of it."""
    level = IMPACT_AND_URGENCY[ticket.severity]
    there = {"impact": row.impact[:1], "urgency": row.urgency[:1]}
    fields = {name: level for name, value in there.items() if value.isdigit() and value > level}
    return fields | {"short_description": _title(ticket)} if fields else {}


def _title(ticket: Ticket) -> str:
    return _cut(" ".join(ticket.title.split()), LONGEST_SHORT_DESCRIPTION)


def work_note(ticket: Ticket) -> str:
    """Return the work note with its mark.

    ServiceNow shows what stands between ``[code]`` tags in a journal field as HTML; a value from
    outside, a user agent for example, must not be able to use that.
    """
    text = CODE_TAG.sub(r"[\1 code]", ticket.work_note)
    return f"{text}\n\n{mark(ticket)}"


def _cut(text: str, longest: int) -> str:
    end = "\N{HORIZONTAL ELLIPSIS}"
    return text if len(text) <= longest else text[: longest - len(end)] + end
