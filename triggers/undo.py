"""Asking for an undo: who may, what of it can be done, and that it is done once."""

import logging
from datetime import UTC, datetime
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import grpc
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from orchestrators.names import Orchestrator
from shared.bootstrap import get_providers
from shared.case_links import Purpose
from shared.errors import TourniquetError
from shared.models.base import Json, format_utc
from shared.models.plan import ActionName
from shared.models.run import claim_name
from shared.models.undo import UndoResult
from shared.models.undoing import Chosen, choose
from shared.playbook.intake.fields import InvalidBody
from shared.settings import get_settings
from triggers.answers import json_answer, page, problem
from triggers.body import read_form, read_json
from triggers.cases import find_record
from triggers.deciding import field_errors
from triggers.guard import guarded, limited
from triggers.identity import (
    Caller,
    Refusal,
    check_form,
    check_origin,
    find_caller,
    own_account,
)
from triggers.sessions import is_form
from triggers.taking_back import one_of_two
from triggers.undo_by_two import JOINTS, NotYet, agree

blueprint = df.Blueprint()

_log = logging.getLogger("tourniquet.triggers")
_ENDED = frozenset({"COMPLETED", "FAILED", "TERMINATED"})
_REASON = "Nothing was taken back: tick what to take back and say why (up to 2,000 characters)."
_MOST_UNDOS = 200
"""Undos of one case that are looked at; each needs something that was restored or failed."""


class UndoBody(BaseModel):
    """What is posted as an undo. Who asks is never in it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    actions: list[ActionName] = Field(default_factory=list, max_length=len(ActionName))
    """Names of actions; none: all that the case did."""
    targets: list[str] = Field(default_factory=list, max_length=100)
    """Targets as the record names them; none: all."""
    comment: str = Field(min_length=1, max_length=2000)

    @field_validator("targets")
    @classmethod
    def _no_empty_target(cls, value: list[str]) -> list[str]:
        if not all(value):
            raise ValueError("a target is empty")
        return value


@blueprint.route(
    route="cases/{case_id}/undo", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS
)
@blueprint.durable_client_input(client_name="client")
@guarded
@limited
async def undo_actions(
    req: func.HttpRequest, client: df.DurableFunctionsClient
) -> func.HttpResponse:
    """Take back all or the named actions ``{"actions", "targets", "comment": "why"}``.

    An approver who is signed in may, the browser that has just decided, and the automation; where
    two people decide about the account, two approvers (``triggers.undo_by_two``). 202 when it is
    started or, asked again in the same words, already under way; 409 when nothing of it can be
    undone, a second approver is missing, or another undo of the case is under way.
    """
    case_id, settings = req.route_params["case_id"], get_settings()
    caller = find_caller(req, settings, case_id, Purpose.UNDO)
    if isinstance(caller, Refusal):
        return caller.answer(req)
    if refusal := check_origin(req, settings):
        return refusal.answer(req)
    try:
        record = await find_record(client, case_id)
    except TourniquetError as error:
        return problem(503, "The case store did not answer", detail=error.describe())
    if record is None:
        return problem(404, "There is no such case")
    if refusal := own_account(caller, record) or one_of_two(caller, record):
        return refusal.answer(req)
    if is_form(req):
        return await _take_form(req, client, record, caller)
    try:
        body = _parse(read_json(req))
    except InvalidBody as error:
        return problem(400, "The undo is not valid", errors=error.errors)
    return await _take(client, record, body, caller)


async def _take(
    client: df.DurableFunctionsClient, record: Json, body: UndoBody, caller: Caller
) -> func.HttpResponse:
    chosen = choose(record, body.actions, body.targets)
    started = await _start(client, record, chosen, body, caller)
    if not started["accepted"]:
        return problem(409, started["title"], detail=started["detail"])
    case_id = record["case_id"]
    url = f"{get_settings().public_url.rstrip('/')}/api/cases/{case_id}"
    answer = {
        "case_id": case_id,
        "undo_id": started["undo_id"],
        "status_url": url,
        "created": started["created"],
        "undoing": started["undoing"],
        "not_undoable": started["not_undoable"],
    }
    return json_answer(answer, 202, {"Location": url})


async def _take_form(
    req: func.HttpRequest, client: df.DurableFunctionsClient, record: Json, caller: Caller
) -> func.HttpResponse:
    """Take an undo from a page's form; every answer is a page again."""
    from shared.pages import render_undo

    comment = ""
    try:
        fields = read_form(req)
        if refusal := check_form(caller, "".join(fields.get("csrf", []))):
            return refusal.answer(req)
        comment = "".join(fields.get("comment", []))
        body = _parse(_chosen(fields) | {"comment": comment})
        if not body.actions:
            raise InvalidBody([])
    except InvalidBody:
        return page(render_undo(record, csrf=caller.csrf, error=_REASON, comment=comment), 400)
    chosen = choose(record, body.actions, body.targets)
    started = await _start(client, record, chosen, body, caller)
    if started.get("waits"):
        return page(render_undo(record, waiting=started["detail"]), 202)
    if not started["accepted"]:
        error = f"{started['title']}. {started['detail']}"
        return page(render_undo(record, csrf=caller.csrf, error=error), 409)
    return page(render_undo(record, under_way=started, by=caller.name), 202)


async def _start(
    client: df.DurableFunctionsClient,
    record: Json,
    chosen: Chosen,
    body: UndoBody,
    caller: Caller,
) -> Json:
    """Start the undo once, whoever asks how often; return what to answer.

    The request is claimed in the case store under the undo's number, so that of two persons one
    wins; the claimed one is what is started, also by a later request when the first never came to
    start it.
    """
    number, running = await _next_number(client, record)
    if running is None and not chosen.actions:
        return _refusal("There is nothing to undo", _why_not(chosen.impossible))
    mine = _request(record, chosen, body, caller, number)
    if running is None:
        agreed = await agree(record, mine, caller.person)
        if isinstance(agreed, NotYet):
            return _refusal(agreed.title, agreed.detail) | {"waits": agreed.waits}
        mine = agreed
    asked = running or await _claim(record["case_id"], mine) or mine
    if running is None:
        asked = await _schedule(client, _instance_id(record["case_id"], number), asked)
    if not _is_same(asked, mine):
        what = ", ".join(_names(asked["actions"]))
        detail = f"{asked['requested_by']} asked at {asked['requested_at']}: {what}."
        return _refusal("An undo of this case is under way", detail)
    return {
        "accepted": True,
        "undo_id": _instance_id(record["case_id"], number),
        "created": asked is mine,
        "undoing": _names(asked["actions"]),
        "not_undoable": asked["impossible"],
    }


def _refusal(title: str, detail: str) -> Json:
    return {"accepted": False, "title": title, "detail": detail}


def _instance_id(case_id: str, number: int) -> str:
    return f"{case_id}:undo:{number}"


async def _next_number(client: df.DurableFunctionsClient, record: Json) -> tuple[int, Json | None]:
    """Return the number of the next undo, or that of the one under way with its request.

    One that ended without reaching the record (storage was away for hours) is passed over.
    """
    finished = [item["number"] for item in record.get("undos", []) if item["finished_at"]]
    first = number = max(finished, default=0) + 1
    for number in range(first, first + _MOST_UNDOS):
        state: Any = await client.get_orchestration_state(_instance_id(record["case_id"], number))
        if state is None:
            break
        if state.runtime_status.name not in _ENDED:
            return number, state.get_input(dict)
    return number, None


def _request(record: Json, chosen: Chosen, body: UndoBody, caller: Caller, number: int) -> Json:
    """Return the input of the orchestration."""
    account = record["account"] or {}
    return {
        "case_id": record["case_id"],
        "run": record.get("run", ""),
        "number": number,
        "account_key": account.get("object_id") or account.get("key"),
        "object_id": account.get("object_id") or account.get("user_id"),
        "directory": account.get("directory") or "entra",
        "actions": [one.to_json() for one in chosen.actions],
        "impossible": [one.to_json() for one in chosen.impossible],
        "requested_by": caller.name,
        "requested_at": format_utc(datetime.now(UTC)),
        "comment": body.comment,
        "asked": body.model_dump(mode="json", include={"actions", "targets"}),
    }


async def _claim(case_id: str, request: Json) -> Json | None:
    """Return the request that was faster, ``None`` when ours counts or nobody can tell."""
    store = get_providers().require("cases")
    try:
        name = claim_name(request["run"], f"undo-{request['number']}")
        return await store.claim(case_id, name, request)
    except TourniquetError as error:
        _log.warning("undo of %s is not claimed: %s", case_id, error.describe())
        return None


async def _schedule(client: df.DurableFunctionsClient, instance_id: str, request: Json) -> Json:
    """Start the undo unless it runs; return the request it runs with."""
    state: Any = await client.get_orchestration_state(instance_id)
    if state is None:
        try:
            await client.schedule_new_orchestration(
                str(Orchestrator.UNDO), input=request, instance_id=instance_id
            )
        except grpc.RpcError:
            state = await client.get_orchestration_state(instance_id)
            if state is None:
                raise
    return request if state is None else state.get_input(dict)


def _is_same(asked: Json, mine: Json) -> bool:
    """Return whether a request asks what is under way: by the same person, for the same reason.

    Of two who agreed, each may send again what was sent.
    """
    if asked["asked"] != mine["asked"]:
        return False
    pairs = ((asked[key], mine[key], joint) for key, joint in JOINTS.items())
    return all(
        both == one or both.startswith(one + joint) or both.endswith(joint + one)
        for both, one, joint in pairs
    )


def _names(actions: list[Json]) -> list[str]:
    return [f"{item['action']} on {item['target']}" for item in actions]


def _why_not(impossible: list[UndoResult]) -> str:
    lines = []
    for one in impossible:
        instead = f"; {one.instead}" if one.instead else ""
        lines.append(f"{one.action} on {one.target}: {one.detail}{instead}.")
    return " ".join(lines) or "No action of this case fits what was named."


def _parse(body: object) -> UndoBody:
    try:
        return UndoBody.model_validate(body)
    except ValidationError as error:
        raise InvalidBody(field_errors(error)) from error


def _chosen(fields: dict[str, list[str]]) -> Json:
    """Return what a form has ticked as the JSON it stands for: each is ``<action> <target>``."""
    pairs = [choice.partition(" ") for choice in fields.get("undo", [])]
    return {
        "actions": list(dict.fromkeys(action for action, _space, _target in pairs)),
        "targets": list(dict.fromkeys(target for _action, _space, target in pairs)),
    }
