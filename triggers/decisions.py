"""What people tell a case: a decision, an acknowledgement, that it is closed."""

from datetime import UTC, datetime

import azure.durable_functions as df
import azure.functions as func

from shared.case_links import Purpose
from shared.errors import RetryableError, TourniquetError
from shared.models.asked import Asked
from shared.models.base import Json
from shared.playbook.intake.fields import InvalidBody
from shared.playbook.planning.answers import SIGNED_IN, is_one_of_two, leaves_it
from shared.settings import get_settings
from triggers.answers import json_answer, page, problem
from triggers.body import read_form, read_json
from triggers.cases import find_record
from triggers.deciding import (
    Answerer,
    DecisionBody,
    parse_decision,
    send_decision,
)
from triggers.guard import guarded, limited
from triggers.identity import (
    Caller,
    Refusal,
    check_form,
    check_origin,
    find_caller,
    own_account,
)
from triggers.looking_after import Doing, parse_note, send_note, why_not
from triggers.named import by_function_key, name_caller
from triggers.sessions import came_from_elsewhere, is_form, land, onward, session_cookie
from triggers.taking_back import one_of_two, undo_mark

blueprint = df.Blueprint()

_TICK_SOMETHING = (
    "Nothing was done: tick at least one action, or leave the account as it is. "
    "A comment has up to 2,000 characters."
)
_TRY_AGAIN = "Nothing was done: the case store does not answer. Send it again in a minute."


@blueprint.route(
    route="cases/{case_id}/decision", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS
)
@blueprint.durable_client_input(client_name="client")
@guarded
@limited
async def get_decision(
    req: func.HttpRequest, client: df.DurableFunctionsClient
) -> func.HttpResponse:
    """Return the decision page: verdict, reasons, choices and consequences on one screen.

    A link's token is taken out of the address first.
    """
    case_id, settings = req.route_params["case_id"], get_settings()
    if landed := land(req, settings, case_id, Purpose.DECISION):
        return landed
    caller = find_caller(req, settings, case_id, Purpose.DECISION)
    if isinstance(caller, Refusal):
        elsewhere = came_from_elsewhere(req)
        return onward(Purpose.DECISION) if elsewhere else caller.answer(req)
    record = await _record(client, case_id)
    if isinstance(record, func.HttpResponse):
        return record
    if refusal := own_account(caller, record):
        return refusal.answer(req)
    return _decision_page(req, record, caller)


def _decision_page(
    req: func.HttpRequest,
    record: Json,
    caller: Caller,
    *,
    status: int = 200,
    error: str = "",
    comment: str = "",
) -> func.HttpResponse:
    from shared.pages import render_decision

    html = render_decision(
        record,
        csrf=caller.csrf,
        link_question=caller.question,
        is_signed_in=caller.person is not None,
        expires_at=caller.expires_at,
        undo=undo_mark(req, get_settings(), record),
        error=error,
        comment=comment,
        now=datetime.now(UTC),
    )
    return page(html, status)


@blueprint.route(
    route="cases/{case_id}/decision", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS
)
@blueprint.durable_client_input(client_name="client")
@guarded
@limited
async def post_decision(
    req: func.HttpRequest, client: df.DurableFunctionsClient
) -> func.HttpResponse:
    """Accept a decision ``{"actions": [...], "comment": "..."}``; the first valid one wins."""
    case_id, settings = req.route_params["case_id"], get_settings()
    caller = find_caller(req, settings, case_id, Purpose.DECISION)
    if isinstance(caller, Refusal):
        return caller.answer(req)
    if refusal := check_origin(req, settings):
        return refusal.answer(req)
    record = await _record(client, case_id)
    if isinstance(record, func.HttpResponse):
        return record
    if refusal := own_account(caller, record):
        return refusal.answer(req)
    if is_form(req):
        return await _take_form(req, client, record, caller)
    try:
        body = _for_question(parse_decision(read_json(req)), record, caller)
    except InvalidBody as error:
        return problem(400, "The decision is not valid", errors=error.errors)
    try:
        decision = await send_decision(client, record, body, _answerer(caller))
    except TourniquetError as error:
        return problem(503, "The decision is not taken", detail=f"{error.describe()}. Try again.")
    if isinstance(decision, str):
        return problem(409, "The decision is not taken", detail=decision)
    return json_answer({"case_id": case_id, "accepted": True, "decision": decision.to_json()}, 202)


async def _take_form(
    req: func.HttpRequest, client: df.DurableFunctionsClient, record: Json, caller: Caller
) -> func.HttpResponse:
    """Take a decision from the page's form; every answer is a page again."""
    from shared.pages import render_decided

    try:
        fields = read_form(req)
    except InvalidBody as error:
        return _decision_page(req, record, caller, status=400, error=_too_much(error))
    if refusal := check_form(caller, "".join(fields.get("csrf", []))):
        return refusal.answer(req)
    comment = "".join(fields.get("comment", []))
    try:
        body = _for_question(parse_decision(_chosen(fields)), record, caller)
    except InvalidBody:
        return _decision_page(
            req, record, caller, status=400, error=_TICK_SOMETHING, comment=comment
        )
    try:
        decision = await send_decision(client, record, body, _answerer(caller))
    except TourniquetError:
        return _decision_page(req, record, caller, status=503, error=_TRY_AGAIN, comment=comment)
    if isinstance(decision, str):
        why = f"Nothing was done: {decision}."
        return _decision_page(req, record, caller, status=409, error=why, comment=comment)
    asked = Asked.model_validate(record["asked"]) if record.get("asked") else None
    first = is_one_of_two(decision, asked)
    may_undo = not (first or leaves_it(decision) or one_of_two(caller, record))
    cookie = _answerers_session(record, caller, Purpose.UNDO if may_undo else Purpose.REPORT)
    return page(render_decided(record, decision, is_one_of_two=first), 202, cookie=cookie)


def _chosen(fields: dict[str, list[str]]) -> Json:
    """Return the page's form as the JSON body it stands for.

    The buttons that leave the account as it is send ``instead``, which overrides what is ticked.
    """
    body: Json = {
        "actions": fields.get("instead") or fields.get("actions", []),
        "comment": "".join(fields.get("comment", [])),
    }
    return body | ({"question": "".join(fields["question"])} if "question" in fields else {})


def _for_question(body: DecisionBody, record: Json, caller: Caller) -> DecisionBody:
    """Return the answer with the question it is for: what was sent, but never beyond the link."""
    open_now = record.get("question", 1)
    sent = body.question if "question" in body.model_fields_set else caller.question or open_now
    if caller.question is not None and sent != caller.question:
        sent = min(sent, caller.question)
    return body.model_copy(update={"question": sent})


def _answerer(caller: Caller) -> Answerer:
    person = caller.person
    identity = f"{SIGNED_IN}:{person.id}" if person else ""
    return Answerer(caller.name, identity=identity, question=caller.question, run=caller.run)


def _answerers_session(record: Json, caller: Caller, purpose: Purpose) -> str:
    """Return the cookie of a browser that answered by a link: to read, or to take it back, too."""
    if caller.question is None or caller.person is not None:
        return ""
    return session_cookie(get_settings(), record["case_id"], purpose, until=None)


def _too_much(error: InvalidBody) -> str:
    return "Nothing was done: what was sent " + "; ".join(one.reason for one in error.errors) + "."


@blueprint.route(
    route="cases/{case_id}/acknowledge", methods=["POST"], auth_level=func.AuthLevel.FUNCTION
)
@blueprint.durable_client_input(client_name="client")
@guarded
async def acknowledge(
    req: func.HttpRequest, client: df.DurableFunctionsClient
) -> func.HttpResponse:
    """Record that an analyst has taken the case; stops the review clock.

    ``{"by", "comment"}``: who it is has to be said where nobody signs in (``triggers.named``).
    """
    return await _tell(req, client, "acknowledge")


@blueprint.route(
    route="cases/{case_id}/close", methods=["POST"], auth_level=func.AuthLevel.FUNCTION
)
@blueprint.durable_client_input(client_name="client")
@guarded
async def close(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Close the case; ends its watch. Blocks that have not expired are still lifted in time.

    ``{"by", "comment"}`` as to acknowledge.
    """
    return await _tell(req, client, "close")


async def _tell(
    req: func.HttpRequest, client: df.DurableFunctionsClient, doing: Doing
) -> func.HttpResponse:
    case_id = req.route_params["case_id"]
    caller = by_function_key(req, get_settings())
    if isinstance(caller, Refusal):
        return caller.answer(req)
    if refusal := check_origin(req, get_settings()):
        return refusal.answer(req)
    try:
        note = parse_note(read_json(req))
        name = name_caller(caller, note)
    except InvalidBody as error:
        return problem(400, "The body is not valid", errors=error.errors)
    record = await _record(client, case_id)
    if isinstance(record, func.HttpResponse):
        return record
    if refusal := own_account(caller, record):
        return refusal.answer(req)
    try:
        why = why_not(record, doing) or await send_note(
            client, record, doing, by=name, comment=note.comment
        )
    except RetryableError as error:
        return problem(503, "Nothing was changed", detail=f"{error.describe()}. Try again.")
    if why is not None:
        title, detail = why
        return problem(409, title, detail=detail)
    return json_answer({"case_id": case_id, "accepted": True}, 202)


async def _record(client: df.DurableFunctionsClient, case_id: str) -> Json | func.HttpResponse:
    try:
        record = await find_record(client, case_id)
    except TourniquetError as error:
        return problem(503, "The case store did not answer", detail=error.describe())
    return record or problem(404, "There is no such case")
