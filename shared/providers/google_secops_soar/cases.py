"""Cases of Google SecOps' SOAR: one case per case of ours, found again by its tag.

https://docs.cloud.google.com/chronicle/docs/reference/rest/v1alpha/projects.locations.instances.cases
and ``legacyCases.createManualCase``. A case has no key of ours that is unique; it gets our case id
as a tag in the same request that makes it, and is looked for by that tag before. A case whose
number is known is read by its number, since the search may lag behind. A comment has no key, so it
carries a mark made of its content and is not written when the case has it already.

It does not say who closed a case, nor when, and every case has an assignee: so it is not asked who
works on one (``TicketWatching``).

The priority is set by a request of its own, and only ever raised: the kind of priority that
``createManualCase`` takes is another one, and an analyst's higher one stands.
"""

from datetime import UTC, datetime, timedelta

from shared.errors import NotFound, PermanentError, TourniquetError
from shared.models.base import Json, format_utc
from shared.models.message import Ticket, TicketReference
from shared.providers.google_secops.api import GoogleSecOpsApi
from shared.providers.google_secops_soar.closing import follow_state, is_written, key_of
from shared.providers.google_secops_soar.creating import create_case, plain, short
from shared.providers.google_secops_soar.handing import hand_over
from shared.providers.google_secops_soar.models import (
    Alerts,
    Case,
    Comment,
    Comments,
    FoundCases,
    case_number,
)
from shared.providers.retry import Retry
from shared.settings import Settings

VENDOR = "google_secops_soar"
PRIORITY = {"High": "PRIORITY_HIGH", "Medium": "PRIORITY_MEDIUM", "Low": "PRIORITY_LOW"}
SEARCHED_DAYS = 30
"""How far back a case of ours is searched by its tag; from then on its number is in the record."""
LONGEST_COMMENT = 20_000
"""Characters. The reference states no limit: this is what people read, not what Google takes."""
MOST_PAGES = 20
PAGE = 500
_FILTERS = (
    "ruleGenerator",
    "caseSource",
    "stage",
    "environments",
    "assignedUsers",
    "products",
    "ports",
    "categoryOutcomes",
    "importance",
    "priorities",
    "incident",
)
"""Lists that the search expects, empty or not."""


class GoogleSecOpsCases:
    """A ``Ticketing`` system, and the calls on cases that the SIEM needs, too."""

    name = VENDOR

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._api = GoogleSecOpsApi(settings, VENDOR)

    async def upsert(self, ticket: Ticket) -> TicketReference:
        """Create the case, or add the work note to the one that is there as a comment.

        What fails on a case that was just made is in ``failed`` of the answer: the search may not
        find that case yet, and who lost its number would make another.

        Raises:
            NotConfigured: no address, instance, credentials or assignee.
            NotFound: there is none, and the ticket ``must_exist``.
            TourniquetError: see ``shared.errors``.
        """
        case = await self._known(ticket)
        created = case is None
        if case is None:
            if ticket.must_exist:
                raise NotFound("there is no case", vendor=VENDOR, operation="cases.search")
            case = await self._create(ticket)
        failed = await self._bring(case, ticket, made=created)
        return self._reference(case, created=created).model_copy(update={"failed": failed})

    async def find(self, tag: str) -> str | None:
        """Return the number of the oldest case with this tag, or ``None``.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        now = datetime.now(UTC)
        paging = {"pageSize": 10, "requestedPage": 0}
        body: Json = {
            "title": "",
            "tags": [tag],
            "startTime": format_utc(now - timedelta(days=SEARCHED_DAYS)),
            "endTime": format_utc(now + timedelta(days=1)),
            "timeRangeFilter": "CUSTOM",
            "paging": paging,
            **paging,
            **{name: [] for name in _FILTERS},
        }
        path = "/legacySearches:legacyCaseSearchEverything"
        answer = await self._api.call("cases.search", "POST", path, json=body, retry=Retry.ALWAYS)
        found = self._api.client.parse(FoundCases, answer.body, operation="cases.search")
        numbers = [one.id for one in found.results if tag in one.tags]
        return str(min(numbers)) if numbers else None

    async def get(self, number: str) -> Case:
        """Return a case by its number; ``NotFound`` if there is none.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        answer = await self._api.call("cases.get", "GET", _path(number))
        return self._api.client.parse(Case, answer.body, operation="cases.get")

    async def count_alerts(self, number: str) -> int:
        """Return how many alerts a case has; a hundred and more is a hundred.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        operation, params = "caseAlerts.list", {"pageSize": 100}
        answer = await self._api.call(operation, "GET", _path(number, "/caseAlerts"), params=params)
        page = self._api.client.parse(Alerts, answer.body, operation=operation)
        return page.total if page.total is not None else len(page.alerts)

    async def comments(self, number: str) -> list[str]:
        """Return the texts of a case's comments, the oldest first.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        found: list[Comment] = []
        params: dict[str, str | int] = {"pageSize": PAGE}
        for _ in range(MOST_PAGES):
            answer = await self._api.call(
                "caseComments.list", "GET", _path(number, "/caseComments"), params=params
            )
            page = self._api.client.parse(Comments, answer.body, operation="caseComments.list")
            found += page.comments
            if not page.next_page:
                break
            params = {"pageSize": PAGE, "pageToken": page.next_page}
        return [one.comment for one in sorted(found, key=lambda one: one.number)]

    async def comment(self, number: str, text: str, key: str, *, new: bool = False) -> None:
        """Write a comment, unless one that carries the key is there (seed ``post_case_comment``).

        Args:
            number: of the case.
            text: plain text; a long one is cut where one sees it.
            key: what marks this comment; it becomes its last line.
            new: the case was just made and has no comment.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        if not new and is_written(await self.comments(number), key):
            return
        body = {"comment": f"{short(plain(text), LONGEST_COMMENT)}\n\n{key}"}
        await self._api.call(
            "caseComments.create",
            "POST",
            _path(number, "/caseComments"),
            json=body,
            retry=Retry.IF_NOT_PROCESSED,
        )

    async def _known(self, ticket: Ticket) -> Case | None:
        """Return the ticket's case: the known one, that it began with, or the one with its tag."""
        number = ticket.known.get(VENDOR) or self._began_with(ticket)
        if number is not None:
            try:
                return await self.get(number)
            except NotFound:
                # Cases are merged: the tag is then on another one.
                number = None
        number = await self.find(ticket.correlation_id)
        return await self.get(number) if number is not None else None

    def _began_with(self, ticket: Ticket) -> str | None:
        """Return the SOAR's case that a person began with, where the SOAR is that of the SIEM."""
        ours = self._settings.siem == "google_secops"
        return case_number(ticket.incident_id) if ours else None

    async def _create(self, ticket: Ticket) -> Case:
        number = await create_case(self._api, self._settings, ticket, self.find)
        return Case(name=f"{self._api.instance}/cases/{number}")

    async def _bring(self, case: Case, ticket: Ticket, *, made: bool) -> list[str]:
        """Bring a case up to date; return what it is without. Raises only if it was there."""

        async def priority() -> None:
            if case.is_below(PRIORITY[ticket.severity]):
                await self._set_priority(case, PRIORITY[ticket.severity])

        async def note() -> None:
            if ticket.work_note:
                await self.comment(case.number, ticket.work_note, key_of(ticket), new=made)

        async def owner_and_tasks() -> list[str]:
            assignee = self._settings.google_secops_case_assignee or ""
            return await hand_over(self._api, case, ticket, assignee=assignee)

        async def state() -> None:
            await follow_state(self._api, case, ticket, self.comments)

        failed: list[str] = []
        for name, step in {
            "priority": priority,
            "note": note,
            "owner and tasks": owner_and_tasks,
            "state": state,
        }.items():
            try:
                failed += await step() or []
            except TourniquetError as error:
                if not made:
                    raise
                failed.append(f"{name}: {error.describe()}")
        return failed

    async def _set_priority(self, case: Case, priority: str) -> None:
        await self._api.call(
            "cases.patch",
            "PATCH",
            _path(case.number),
            params={"updateMask": "priority"},
            json={"priority": priority},
        )

    def _reference(self, case: Case, *, created: bool) -> TicketReference:
        console = self._settings.google_secops_console_url
        url = f"{console.rstrip('/')}/cases/{case.number}" if console else None
        return TicketReference(ticket_id=case.number, url=url, created=created, own_id=case.number)


def _path(number: str, below: str = "") -> str:
    if not number.isdecimal():
        raise PermanentError("not the number of a case", vendor=VENDOR, operation="cases.get")
    return f"/cases/{number}{below}"
