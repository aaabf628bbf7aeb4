"""What people tell a case: a decision, an acknowledgement, that it is closed, an undo."""

from datetime import UTC, datetime
from urllib.parse import parse_qs

import azure.durable_functions as df
import azure.functions as func
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrators.names import Event, Orchestrator
from shared.case_links import Purpose
from shared.errors import TourniquetError
from shared.models.base import Json
from shared.models.plan import ActionName, Decision
from shared.playbook.intake.fields import FieldError, InvalidBody
from shared.settings import get_settings
from triggers.answers import json_answer, page, problem
from triggers.body import read_json
from triggers.cases import find_record
from triggers.identity import Caller, by_function_key, find_caller

blueprint = df.Blueprint()

_ALONE = {ActionName.MONITOR_ONLY, ActionName.NO_ACTION}


class DecisionBody(BaseModel):
    """What is posted as a decision. Who decided is never in it."""

    model_config = ConfigDict(extra="forbid")

    actions: list[ActionName] = Field(min_length=1, max_length=len(ActionName))
    comment: str = Field(default="", max_length=2000)


class NoteBody(BaseModel):
    """What is posted with an acknowledgement, a closing or an undo."""

    model_config = ConfigDict(extra="forbid")

    comment: str = Field(default="", max_length=2000)
    actions: list[ActionName] = Field(default_factory=list, max_length=len(ActionName))


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
        return problem(401, "The link is not valid or has expired")
    record = await _record(client, case_id)
    if isinstance(record, func.HttpResponse):
        return record
    return _decision_page(record, caller, 200)


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
        return problem(401, "The link is not valid or has expired")
    is_form = req.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    sent = _read_form(req) if is_form else None
    try:
        body = _parse_decision(read_json(req) if sent is None else sent)
    except InvalidBody as error:
        if sent is None:
            return problem(400, "The decision is not valid", errors=error.errors)
        body = None
    record = await _record(client, case_id)
    if isinstance(record, func.HttpResponse):
        return record
    if body is None:
        return _decision_page(record, caller, 400, comment=str(sent and sent["comment"]))
    if record["status"] != "awaiting_decision":
        if is_form:
            return _decision_page(record, caller, 409)
        return problem(409, "This case does not wait for a decision", detail=_decided(record))
    decision = Decision(
        actions=body.actions,
        comment=body.comment,
        decided_by=caller.name,
        decided_at=datetime.now(UTC),
        channel="web",
    )
    await client.raise_orchestration_event(case_id, str(Event.DECISION), data=decision.to_json())
    if is_form:
        from shared.pages import render_decided

        return page(render_decided(record, decision), 202)
    return json_answer({"case_id": case_id, "accepted": True, "decision": decision.to_json()}, 202)


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


@blueprint.route(route="cases/{case_id}/undo", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@blueprint.durable_client_input(client_name="client")
async def undo_actions(
    req: func.HttpRequest, client: df.DurableFunctionsClient
) -> func.HttpResponse:
    """Take back all or the named actions ``{"actions": [names], "comment": "why"}``."""
    case_id = req.route_params["case_id"]
    note = _read_note(req)
    record = await _record(client, case_id)
    for answer in (note, record):
        if isinstance(answer, func.HttpResponse):
            return answer
    assert isinstance(note, NoteBody) and isinstance(record, dict)  # noqa: S101 - for the checker
    chosen = [
        item
        for item in record["actions"]
        if item["status"] == "succeeded" and (not note.actions or item["action"] in note.actions)
    ]
    if not chosen:
        return problem(409, "There is nothing to undo")
    account = record["account"] or {}
    instance = await client.schedule_new_orchestration(
        str(Orchestrator.UNDO),
        input={
            "case_id": case_id,
            "object_id": account.get("object_id") or account.get("user_id"),
            "actions": chosen,
            "requested_by": by_function_key(req),
            "comment": note.comment or "no comment",
        },
    )
    names = [f"{item['action']} on {item['target']}" for item in chosen]
    return json_answer({"case_id": case_id, "undo_id": instance, "undoing": names}, 202)


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
        return problem(400, "The body is not valid", errors=_field_errors(error))
    except InvalidBody as error:
        return problem(400, "The body is not valid", errors=error.errors)


def _read_form(req: func.HttpRequest) -> Json:
    """Return the page's form as the JSON body it stands for.

    The buttons that leave the account as it is send ``instead``, which overrides what is ticked.
    """
    fields = parse_qs(req.get_body().decode("utf-8", "replace"), max_num_fields=50)
    actions = fields.get("instead") or fields.get("actions", [])
    return {"actions": actions, "comment": "".join(fields.get("comment", []))}


def _decision_page(
    record: Json, caller: Caller, status: int, *, comment: str = ""
) -> func.HttpResponse:
    from shared.pages import render_decision

    error = "Nothing was done: tick at least one action, or leave the account as it is."
    html = render_decision(
        record, token=caller.token, error=error if status == 400 else "", comment=comment
    )
    return page(html, status)


def _parse_decision(body: object) -> DecisionBody:
    try:
        decision = DecisionBody.model_validate(body)
    except ValidationError as error:
        raise InvalidBody(_field_errors(error)) from error
    if len(decision.actions) > 1 and _ALONE.intersection(decision.actions):
        reason = "MonitorOnly and NoAction stand alone"
        raise InvalidBody([FieldError(field="actions", reason=reason)])
    return decision


def _field_errors(error: ValidationError) -> list[FieldError]:
    return [
        FieldError(field=".".join(str(part) for part in item["loc"]) or "body", reason=item["msg"])
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def _decided(record: Json) -> str:
    decision = record["decision"]
    if not decision:
        return f"its status is {record['status']}"
    return f"{decision['decided_by']} decided at {decision['decided_at']}"
