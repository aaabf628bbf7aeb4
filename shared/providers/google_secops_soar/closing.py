"""Closing the SOAR's case with ours, and opening it again.

``cases.executeBulkClose``, for one case: there is no other way that takes a reason. A root cause
has to be one of those that the instance defines for the reason; the neutral one, "Other", is given
if there is one, because which of the others it was is for a person to say.
"""

import re
from collections.abc import Awaitable, Callable, Sequence

from pydantic import Field

from shared.models.base import Json, VendorModel
from shared.models.message import Closing, Ticket
from shared.providers.google_secops.api import GoogleSecOpsApi
from shared.providers.google_secops_soar.models import Case
from shared.providers.work_notes import mark

REASONS = {
    "TruePositive": "MALICIOUS",
    "BenignPositive": "NOT_MALICIOUS",
    "FalsePositive": "NOT_MALICIOUS",
    "Undetermined": "INCONCLUSIVE",
}
"""Sentinel's classification to the SOAR's close reason."""
NEUTRAL = "other"
_CLOSED, _OPEN = " closed", " open"
_KEY = re.compile(
    r"\[tourniquet [0-9a-f]+\] \[(?P<case>[\w.:-]{1,100})(?P<state> closed| open)?\]\s*\Z"
)
"""How a comment of a case of ours ends."""


class _Definition(VendorModel):
    """A root cause that cases may be closed with."""

    reason: str = Field(default="", alias="closeReason")
    root_cause: str = Field(default="", alias="rootCause")


class _Definitions(VendorModel):
    """A page of them."""

    definitions: list[_Definition] = Field(default_factory=list, alias="caseCloseDefinitions")


def key_of(ticket: Ticket) -> str:
    """Return the last line of a case's comment: the note's mark, whose it is, what it changes.

    A case of the SOAR that several of ours share, one for each account, has comments of all. They
    say which of ours are closed, or open again.
    """
    state = _CLOSED if ticket.closing is not None else _OPEN if ticket.open_again else ""
    return f"{mark(ticket)} [{ticket.correlation_id}{state}]"


def is_shared(comments: Sequence[str], ticket: Ticket) -> bool:
    """Return whether another case of ours is at work on the SOAR's case, by the comments' keys.

    Args:
        comments: the oldest first.
        ticket: of the case of ours that asks.
    """
    states = _states(comments)
    return not all(ended for case, ended in states.items() if case != ticket.correlation_id)


def is_written(comments: Sequence[str], key: str) -> bool:
    """Return whether a comment with the key is there, the oldest first.

    One that closed a case which was opened again since does not count: closing may read the same.
    """
    if not any(key in one for one in comments):
        return False
    told = _KEY.search(key)
    if told is None or told["state"] is None:
        return True
    return _states(comments).get(told["case"], False) == (told["state"] == _CLOSED)


def _states(comments: Sequence[str]) -> dict[str, bool]:
    """Return by case of ours whether it is closed, as the last comment that says so has it."""
    closed: dict[str, bool] = {}
    for one in comments:
        if key := _KEY.search(one):
            before = closed.get(key["case"], False)
            closed[key["case"]] = before if key["state"] is None else key["state"] == _CLOSED
    return closed


async def follow_state(
    api: GoogleSecOpsApi,
    case: Case,
    ticket: Ticket,
    comments: Callable[[str], Awaitable[Sequence[str]]],
) -> None:
    """Close the case if ours is closed, open it if ours is open again; else do nothing.

    One that another case of ours is at work on is left to that one.

    Raises:
        TourniquetError: see ``shared.errors``.
    """
    if ticket.closing is not None and not case.is_closed:
        if not is_shared(await comments(case.number), ticket):
            await _close(api, case, ticket.closing)
    elif ticket.open_again and case.is_closed:
        body: Json = {"casesIds": [int(case.number)], "reopenComment": "Tourniquet: see comments"}
        await api.call("cases.reopen", "POST", "/cases:executeBulkReopen", json=body)


async def _close(api: GoogleSecOpsApi, case: Case, closing: Closing) -> None:
    reason = REASONS[closing.classification]
    body: Json = {"casesIds": [int(case.number)], "closeReason": reason}
    if closing.comment:
        body["closeComment"] = closing.comment
    if cause := await _neutral_cause(api, reason):
        body["rootCause"] = cause
    await api.call("cases.close", "POST", "/cases:executeBulkClose", json=body)


async def _neutral_cause(api: GoogleSecOpsApi, reason: str) -> str | None:
    operation = "caseCloseDefinitions.list"
    answer = await api.call(operation, "GET", "/caseCloseDefinitions", params={"pageSize": 1000})
    found = api.client.parse(_Definitions, answer.body, operation=operation)
    causes = [one.root_cause for one in found.definitions if one.reason == reason]
    return next((one for one in causes if one.strip().lower() == NEUTRAL), None)
