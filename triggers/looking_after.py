"""Looking after a case: who may take it or close it, what the page offers, what the case hears."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote, urlsplit

import azure.durable_functions as df
import azure.functions as func
import grpc
from pydantic import Field, ValidationError

from orchestrators.names import Event, clocks_instance
from shared.bootstrap import get_providers
from shared.case_links import Purpose
from shared.errors import RetryableError, TourniquetError
from shared.models.base import Json, format_utc
from shared.models.case import CaseStatus
from shared.playbook.intake.fields import InvalidBody
from shared.settings import Settings
from triggers.deciding import field_errors
from triggers.identity import (
    AUTOMATION,
    SIGN_IN,
    Caller,
    Refusal,
    find_caller,
    no_approver,
    own_account,
)
from triggers.named import NamedBody
from triggers.principal import is_sign_in_on

type Doing = Literal["acknowledge", "close"]

_EVENTS: dict[str, Event] = {"acknowledge": Event.ACKNOWLEDGED, "close": Event.CLOSED}
_HEARD: dict[str, str] = {"acknowledge": "reviewed", "close": "closed"}
"""What the clocks hear (``shared.playbook.reporting.clocks.Clocks.hear``)."""

_OVER = (
    "The watch of this case is over",
    "Nothing was changed, as nothing hears it any more. Blocks are still lifted in time, and the "
    "report stays; close the incident and the ticket in their own systems.",
)
_JUST_OVER = (
    "The watch of this case has just ended",
    "It may have come too late. Open the page again: it says whether the case is closed.",
)
_ENDED = frozenset({"COMPLETED", "FAILED", "TERMINATED"})


class NoteBody(NamedBody):
    """What is posted with an acknowledgement or a closing."""

    comment: str = Field(default="", max_length=2000)


def why_not(record: Json, doing: Doing) -> tuple[str, str] | None:
    """Return why a case cannot be taken or closed now, as title and detail; ``None``: it can."""
    if record["status"] == CaseStatus.CLOSED:
        return "This case is closed", ""
    if record.get("watched") is False:
        return _OVER
    judging = record["status"] in (CaseStatus.GATHERING, CaseStatus.DECIDING)
    if doing == "close" and judging and not record.get("verdict"):
        return "This case is still being judged", "Close it when its verdict is there."
    if doing == "close" and record["status"] == CaseStatus.AWAITING_DECISION:
        detail = "Answer the open question first; NoAction changes nothing."
        return "This case waits for a decision", detail
    return None


async def send_note(
    client: df.DurableFunctionsClient, record: Json, doing: Doing, *, by: str, comment: str
) -> tuple[str, str] | None:
    """Tell the case who has taken or closed it, and since when; return why nobody hears it.

    The clocks hear of it at once: the case itself may wait for a vendor. Nobody is told that it was
    taken when the case's watch has ended meanwhile.

    Raises:
        RetryableError: the engine did not take it.
    """
    case_id, at = record["case_id"], format_utc(datetime.now(UTC))
    data = {"by": by, "comment": comment, "at": at}
    try:
        await client.raise_orchestration_event(case_id, str(_EVENTS[doing]), data=data)
    except grpc.RpcError as error:
        if await _is_over(client, case_id):
            return _OVER
        raise RetryableError("the engine did not take it") from error
    if (record.get("sla") or {}).get("targets"):
        # An instance that is over takes no event, and needs none.
        with suppress(grpc.RpcError):
            await client.raise_orchestration_event(
                clocks_instance(case_id),
                str(Event.SERVICE_LEVEL),
                data={"what": _HEARD[doing], "at": at},
            )
    return _JUST_OVER if await _ended_meanwhile(case_id) else None


async def _ended_meanwhile(case_id: str) -> bool:
    """Return whether the watch ended since the record was read: then nobody may have heard it.

    What was sent before the record says so is heard (``orchestrators.watch``).
    """
    try:
        found = await get_providers().require("cases").load(case_id)
    except TourniquetError:
        return False
    return found is not None and found[0].get("watched") is False


async def _is_over(client: df.DurableFunctionsClient, case_id: str) -> bool:
    """Return whether no instance hears for this case; one that cannot be asked may."""
    try:
        state = await client.get_orchestration_state(case_id, fetch_payloads=False)
    except grpc.RpcError:
        return False
    return state is None or state.runtime_status.name in _ENDED


def parse_note(body: object) -> NoteBody:
    """Return what was posted.

    Raises:
        InvalidBody: every wrong field, with the reason.
    """
    try:
        return NoteBody.model_validate(body)
    except ValidationError as error:
        raise InvalidBody(field_errors(error)) from error


def find_handler(request: func.HttpRequest, settings: Settings, case_id: str) -> Caller | Refusal:
    """Return who may take a case by its page, and perhaps close it: whoever may read it, named.

    Where people sign in a link alone changes nothing; elsewhere its holder is whom it was sent to.
    """
    caller = find_caller(request, settings, case_id, Purpose.REPORT)
    if isinstance(caller, Refusal) or caller.person is not None or caller.name == AUTOMATION:
        return caller
    if not is_sign_in_on():
        return caller
    return Refusal(
        401,
        "Sign in to go on",
        "The link is good, but who takes or closes a case must be signed in. Nothing was changed: "
        "open the page again and sign in there.",
        "a link without a sign-in",
    )


def may_not(caller: Caller, doing: Doing) -> Refusal | None:
    """Refuse the closing of a person who may not decide: it ends the watch and every escalation.

    The link that everybody has who reads the ticket brings the right to take a case, and no more.
    """
    return no_approver(caller.person) if doing == "close" and caller.person else None


def handling_form(request: func.HttpRequest, settings: Settings, record: Json) -> Json | None:
    """Return what the page needs to offer the buttons; ``None``: there is nothing to offer.

    ``{"csrf", "can_close", "sign_in": where to sign in first, if that is needed}``.
    """
    if why_not(record, "acknowledge"):
        return None
    caller = find_handler(request, settings, record["case_id"])
    if isinstance(caller, Refusal):
        here = quote(urlsplit(request.url).path, safe="")
        return {"csrf": "", "can_close": False, "sign_in": SIGN_IN + here}
    if own_account(caller, record):
        return None
    can_close = why_not(record, "close") is None and may_not(caller, "close") is None
    return {"csrf": caller.csrf, "can_close": can_close, "sign_in": ""}
