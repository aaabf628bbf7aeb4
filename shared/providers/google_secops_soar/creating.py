"""Making a case of the SOAR, once: what was perhaps made is looked for, not made again.

``legacyCases.createManualCase``, which is no idempotent call. The search may be behind, so a case
whose number did not arrive may exist and not be found.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from shared.errors import (
    NotConfigured,
    RetryableError,
    Throttled,
    TourniquetError,
    Unconfirmed,
)
from shared.models.base import Json, format_utc
from shared.models.message import Ticket
from shared.providers.google_secops.api import GoogleSecOpsApi
from shared.providers.google_secops_soar.models import number_in
from shared.providers.retry import NotSent, Retry
from shared.settings import Settings

LONGEST_TITLE = 255
LONGEST_REASON = 4_000
"""Characters. The reference states no limits: these are what people read, not what Google takes."""
_OPERATION = "cases.create"
_UNAVAILABLE = 503
"""The server took the request from nobody; other errors come from behind it, perhaps too late."""


async def create_case(
    api: GoogleSecOpsApi,
    settings: Settings,
    ticket: Ticket,
    find: Callable[[str], Awaitable[str | None]],
) -> str:
    """Make the case of a ticket, with our case id as a tag; return its number.

    Args:
        api: the instance.
        settings: whose case it is at first, and in which environment.
        ticket: the case's ticket.
        find: looks a case up by its tag.

    Raises:
        NotConfigured: nobody is named whom the case is assigned to.
        Unconfirmed: the answer was lost or has no number, and the case is not found.
        TourniquetError: certainly none was made.
    """
    assignee = settings.google_secops_case_assignee
    if not assignee:
        why = "TOURNIQUET_GOOGLE_SECOPS_CASE_ASSIGNEE is not set"
        raise NotConfigured(why, vendor=api.vendor)
    body: Json = {
        "title": short(plain(" ".join(ticket.title.split())), LONGEST_TITLE),
        "reason": short(plain(ticket.description), LONGEST_REASON),
        "environment": settings.google_secops_case_environment,
        "assignedUser": assignee,
        "alertName": "Tourniquet",
        "occurenceTime": format_utc(datetime.now(UTC)),
        "tags": ["tourniquet", ticket.correlation_id],
        # The server fails on a missing list, after it has made the case.
        "entities": [],
        "playbooks": [],
        "isImportant": ticket.severity == "High",
    }
    return await _send(api, body) or await _seen(api, ticket, find)


async def _send(api: GoogleSecOpsApi, body: Json) -> str | None:
    """Ask for the case; return its number if the answer has it."""
    path = "/legacyCases:createManualCase"
    try:
        answer = await api.call(_OPERATION, "POST", path, json=body, retry=Retry.IF_NOT_PROCESSED)
    except (NotSent, Throttled):
        raise
    except RetryableError as error:
        if error.status == _UNAVAILABLE:
            raise
        why = f"the case may have been made: {error.describe()}"
        raise Unconfirmed(why, vendor=api.vendor, operation=_OPERATION) from error
    return number_in(answer.body)


async def _seen(
    api: GoogleSecOpsApi, ticket: Ticket, find: Callable[[str], Awaitable[str | None]]
) -> str:
    why = "the case was accepted, but has no number and is not found by its tag yet"
    try:
        number = await find(ticket.correlation_id)
    except TourniquetError as error:
        number, why = None, f"{why}: {error.describe()}"
    if number is None:
        raise Unconfirmed(why, vendor=api.vendor, operation=_OPERATION)
    return number


def plain(text: str) -> str:
    """Return text that is no markup: the case wall takes HTML, and nothing says what it leaves out.

    Escaped, it would be read as ``&lt;`` where it is shown as it is.
    """
    return text.translate(
        {
            ord("<"): "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
            ord(">"): "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
        }
    )


def short(text: str, longest: int) -> str:
    """Return text cut where one sees it."""
    return text if len(text) <= longest else text[: longest - 1] + "\N{HORIZONTAL ELLIPSIS}"
