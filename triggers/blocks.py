"""Blocked addresses: the list that firewalls fetch, and a person's word on a case's block."""

import hashlib
import logging

import azure.durable_functions as df
import azure.functions as func
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrators.names import Event
from shared.bootstrap import get_providers
from shared.case_links import Purpose
from shared.errors import TourniquetError
from shared.models.firewall import MOST_BLOCKS, BlockOrder, block_instance
from shared.playbook.addresses import why_never_block
from shared.playbook.intake.fields import InvalidBody, one_line
from shared.policy import get_policy
from shared.settings import get_settings
from triggers.answers import json_answer, problem
from triggers.body import read_json
from triggers.cases import find_record
from triggers.deciding import field_errors
from triggers.guard import guarded, limited
from triggers.identity import Caller, Refusal, check_origin, find_caller, own_account
from triggers.noting import note
from triggers.taking_back import one_of_two

blueprint = df.Blueprint()
_log = logging.getLogger("tourniquet.triggers")

_OVER = frozenset({"COMPLETED", "FAILED", "TERMINATED"})


class OrderBody(BaseModel):
    """What is posted about a block. Who posts it is never in it."""

    model_config = ConfigDict(extra="forbid")

    address: str = Field(min_length=2, max_length=64)
    lift: bool = False
    extend_hours: float | None = None
    comment: str = Field(min_length=1, max_length=2000)


@blueprint.route(route="block-list", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@guarded
async def block_list(req: func.HttpRequest) -> func.HttpResponse:
    """Return the blocked addresses, one a line, for firewalls that poll.

    The key goes in the address (``?code=``): make one for this function alone. An unchanged list
    is 304 to ``If-None-Match``. While storage is away the answer is 503, and firewalls keep the
    list that they have.
    """
    source = get_providers().block_list
    if source is None:
        return problem(404, "The block list is switched off")
    try:
        addresses = await source.list_addresses()
    except TourniquetError as error:
        return problem(503, "The block list cannot be read", detail=error.describe())
    text = "".join(f"{address}\n" for address in addresses)
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    if _has(req.headers.get("if-none-match", ""), etag):
        return func.HttpResponse(status_code=304, headers=headers)
    return func.HttpResponse(text, mimetype="text/plain", charset="utf-8", headers=headers)


def _has(condition: str, etag: str) -> bool:
    """Return whether ``If-None-Match`` names the list, compared weakly (RFC 9110 13.1.2)."""
    given = [part.strip().removeprefix("W/") for part in condition.split(",")]
    return etag in given or "*" in given


@blueprint.route(
    route="cases/{case_id}/blocks", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS
)
@blueprint.durable_client_input(client_name="client")
@guarded
@limited
async def order_block(
    req: func.HttpRequest, client: df.DurableFunctionsClient
) -> func.HttpResponse:
    """Lift or extend a case's block: ``{"address", "lift": true | "extend_hours": n, "comment"}``.

    Whoever may undo may do it. The record says who and why once it is done. An
    address that another case holds, too, stays blocked until that case lets go. What the policy
    forbids to block by now is not extended, and the record says who wanted it.
    """
    case_id, settings = req.route_params["case_id"], get_settings()
    caller = find_caller(req, settings, case_id, Purpose.UNDO)
    if isinstance(caller, Refusal):
        return caller.answer(req)
    if refusal := check_origin(req, settings):
        return refusal.answer(req)
    try:
        body = OrderBody.model_validate(read_json(req))
        order = BlockOrder(
            lift=body.lift,
            extend_hours=body.extend_hours,
            by=caller.name,
            comment=body.comment,
        )
    except ValidationError as error:
        return problem(400, "The body is not valid", errors=field_errors(error))
    except InvalidBody as error:
        return problem(400, "The body is not valid", errors=error.errors)
    try:
        record = await find_record(client, case_id)
    except TourniquetError as error:
        return problem(503, "The case store did not answer", detail=error.describe())
    if not record:
        return problem(404, "There is no such case")
    if refusal := own_account(caller, record) or one_of_two(caller, record):
        return refusal.answer(req)
    keeper = await _keeper(client, case_id, body.address)
    if keeper is None:
        return problem(409, "This case does not block that address")
    if not order.lift and (refused := await _forbidden(case_id, body.address, caller)):
        return refused
    await client.raise_orchestration_event(keeper, str(Event.BLOCK), data=order.model_dump())
    return json_answer({"case_id": case_id, "address": body.address, "accepted": True}, 202)


async def _forbidden(case_id: str, address: str, caller: Caller) -> func.HttpResponse | None:
    """Refuse, on record, to block an address for longer that the policy forbids to block."""
    why = why_never_block(address, get_policy().never_block.addresses)
    if why is None:
        return None
    event = f"block of {one_line(address, 64)} not extended for {caller.name}: the policy forbids"
    try:
        await note(case_id, f"{event} it: {why}")
    except TourniquetError as error:
        _log.warning("%s; it is not recorded: %s", event, error.describe())
    detail = f"{why[0].upper()}{why[1:]}. The block stays until its time; lift it to end it now."
    return problem(409, "The policy forbids to block that address", detail=detail)


async def _keeper(client: df.DurableFunctionsClient, case_id: str, address: str) -> str | None:
    """Return the instance that keeps the case's block of the address, if one is alive."""
    for number in range(1, MOST_BLOCKS + 1):
        instance = block_instance(case_id, address, number)
        state = await client.get_orchestration_state(instance, fetch_payloads=False)
        if state is None:
            return None
        if state.runtime_status.name not in _OVER:
            return instance
    return None
