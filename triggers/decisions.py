"""What people tell a case: a decision, an acknowledgement, that it is closed."""

from urllib.parse import parse_qs

import azure.durable_functions as df
import azure.functions as func
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrators.names import Event
from shared.case_links import Purpose
from shared.errors import TourniquetError
from shared.models.base import Json
from shared.playbook.intake.fields import InvalidBody
from shared.settings import get_settings
from triggers.answers import json_answer, page, problem, problem_for_people
from triggers.body import read_json
from triggers.cases import find_record
from triggers.deciding import Answerer, field_errors, parse_decision, send_decision
from triggers.identity import Caller, by_function_key, find_caller, is_cross_site

blueprint = df.Blueprint()

_TICK_SOMETHING = (
    "Nothing was done: tick at least one action, or leave the account as it is. "
    "A comment has up to 2,000 characters."
)


class NoteBody(BaseModel):
    """What is posted with an acknowledgement or a closing."""

    model_config = ConfigDict(extra="forbid")

    comment: str = Field(default="", max_length=2000)


@blueprint.route(
    route="cases/{case_id}/decision", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS
)
@blueprint.durable_client_input(client_name="client")
async def get_decision(
    req: func.HttpRequest, client: df.DurableFunctionsClient
) -> func.HttpResponse:
    """Return the decision page: verdict, reasons, choices and consequences on one screen."""
    case_id = req.route_params["case_id"]
    caller = find_caller(req, get_settings(), case_id, Purpose.DECISION)
    if caller is None:
        return _refused(req)
    record = await _record(client, case_id)
    if isinstance(record, func.HttpResponse):
        return record
    from shared.pages import render_decision

    return page(render_decision(record, token=caller.token))


@blueprint.route(
    route="cases/{case_id}/decision", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS
)
@blueprint.durable_client_input(client_name="client")
async def post_decision(
    req: func.HttpRequest, client: df.DurableFunctionsClient
) -> func.HttpResponse:
    """Accept a decision ``{"actions": [...], "comment": "..."}``; the first valid one wins."""
    case_id = req.route_params["case_id"]
    caller = find_caller(req, get_settings(), case_id, Purpose.DECISION)
    if caller is None:
        return _refused(req)
    if is_cross_site(req, get_settings()):
        return problem(403, "This was sent by another site's page")
    record = await _record(client, case_id)
    if isinstance(record, func.HttpResponse):
        return record
    if req.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return await _take_form(req, client, record, caller)
    try:
        body = parse_decision(read_json(req))
    except InvalidBody as error:
        return problem(400, "The decision is not valid", errors=error.errors)
    decision = await send_decision(client, record, body, Answerer(caller.name))
    if isinstance(decision, str):
        return problem(409, "The decision is not taken", detail=decision)
    return json_answer({"case_id": case_id, "accepted": True, "decision": decision.to_json()}, 202)


def _refused(req: func.HttpRequest) -> func.HttpResponse:
    return problem_for_people(
        req,
        401,
        "The link is not valid or has expired",
        detail="A decision link works until the deadline named in the message that brought it. "
        "After that the case is in the ticket; act by hand or ask the SOC's lead.",
    )


async def _take_form(
    req: func.HttpRequest, client: df.DurableFunctionsClient, record: Json, caller: Caller
) -> func.HttpResponse:
    """Take a decision from the page's form; every answer is a page again."""
    from shared.pages import render_decided, render_decision

    sent = _read_form(req)
    try:
        body = parse_decision(sent)
    except InvalidBody:
        html = render_decision(
            record, token=caller.token, error=_TICK_SOMETHING, comment=sent["comment"]
        )
        return page(html, 400)
    decision = await send_decision(client, record, body, Answerer(caller.name))
    if isinstance(decision, str):
        why = f"Nothing was done: {decision}."
        return page(render_decision(record, token=caller.token, error=why), 409)
    return page(render_decided(record, decision), 202)


@blueprint.route(
    route="cases/{case_id}/acknowledge", methods=["POST"], auth_level=func.AuthLevel.FUNCTION
)
@blueprint.durable_client_input(client_name="client")
async def acknowledge(
    req: func.HttpRequest, client: df.DurableFunctionsClient
) -> func.HttpResponse:
    """Record that an analyst has taken the case; stops the review clock."""
    return await _tell(req, client, Event.ACKNOWLEDGED)


@blueprint.route(
    route="cases/{case_id}/close", methods=["POST"], auth_level=func.AuthLevel.FUNCTION
)
@blueprint.durable_client_input(client_name="client")
async def close(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Close the case; ends its watch. Blocks that have not expired are still lifted in time."""
    return await _tell(req, client, Event.CLOSED)


async def _tell(
    req: func.HttpRequest, client: df.DurableFunctionsClient, event: Event
) -> func.HttpResponse:
    case_id = req.route_params["case_id"]
    note = _read_note(req)
    if isinstance(note, func.HttpResponse):
        return note
    record = await _record(client, case_id)
    if isinstance(record, func.HttpResponse):
        return record
    if record["status"] == "closed":
        return problem(409, "This case is closed")
    if event is Event.CLOSED and record["status"] == "awaiting_decision":
        detail = "Answer the open question first; NoAction changes nothing."
        return problem(409, "This case waits for a decision", detail=detail)
    data = {"by": by_function_key(req), "comment": note.comment}
    await client.raise_orchestration_event(case_id, str(event), data=data)
    return json_answer({"case_id": case_id, "accepted": True}, 202)


async def _record(client: df.DurableFunctionsClient, case_id: str) -> Json | func.HttpResponse:
    try:
        record = await find_record(client, case_id)
    except TourniquetError as error:
        return problem(503, "The case store did not answer", detail=error.describe())
    return record or problem(404, "There is no such case")


def _read_note(req: func.HttpRequest) -> NoteBody | func.HttpResponse:
    try:
        return NoteBody.model_validate(read_json(req))
    except ValidationError as error:
        return problem(400, "The body is not valid", errors=field_errors(error))
    except InvalidBody as error:
        return problem(400, "The body is not valid", errors=error.errors)


def _read_form(req: func.HttpRequest) -> Json:
    """Return the page's form as the JSON body it stands for.

    The buttons that leave the account as it is send ``instead``, which overrides what is ticked.
    """
    try:
        fields = parse_qs(req.get_body().decode("utf-8", "replace"), max_num_fields=50)
    except ValueError:
        fields = {}
    actions = fields.get("instead") or fields.get("actions", [])
    question = "".join(fields.get("question", ["1"]))
    return {"actions": actions, "comment": "".join(fields.get("comment", [])), "question": question}
