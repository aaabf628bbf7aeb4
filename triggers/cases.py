"""Reading cases: the list, one record, its report page."""

import re

import azure.durable_functions as df
import azure.functions as func

from shared.bootstrap import get_providers
from shared.case_links import Purpose
from shared.errors import PermanentError, TourniquetError
from shared.models.base import Json
from shared.models.case import CaseRequest
from shared.playbook.reporting.record import initial_record
from shared.settings import get_settings
from triggers.answers import json_answer, page, problem
from triggers.guard import guarded, limited
from triggers.identity import Refusal, find_caller, own_account
from triggers.looking_after import handling_form
from triggers.sessions import came_from_elsewhere, land, onward
from triggers.taking_back import pass_form, undo_mark

blueprint = df.Blueprint()

PAGE_SIZE = 50
MAX_PAGE_SIZE = 200
_CASE_ID = re.compile(r"case-[0-9a-f]{24}", re.ASCII)
"""What intake makes; anything else names no case, and never reaches a store's paths."""


@blueprint.route(route="cases", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@guarded
async def list_cases(req: func.HttpRequest) -> func.HttpResponse:
    """List case summaries: ``?page_size=`` (up to 200) and ``?token=`` of the page before."""
    size = req.params.get("page_size", str(PAGE_SIZE))
    if not (re.fullmatch(r"[0-9]{1,3}", size) and 1 <= int(size) <= MAX_PAGE_SIZE):
        return problem(400, "page_size is a number from 1 to 200")
    token = req.params.get("token") or None
    try:
        store = get_providers().require("cases")
        found = await store.list_cases(page_size=int(size), token=token)
    except TourniquetError as error:
        if token and _is_about_the_token(error):
            return problem(400, "token is not the next_token of a page")
        return problem(503, "The case store did not answer", detail=error.describe())
    return json_answer(found.to_json())


def _is_about_the_token(error: TourniquetError) -> bool:
    """Return whether a page was refused for what was asked: by our store, or by Azure's (400)."""
    return type(error) is PermanentError and error.status in (None, 400)


@blueprint.route(route="cases/{case_id}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@blueprint.durable_client_input(client_name="client")
@guarded
async def get_case(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Return the case record; before its first write, what was accepted."""
    case_id = req.route_params["case_id"]
    try:
        record = await find_record(client, case_id)
    except TourniquetError as error:
        return problem(503, "The case store did not answer", detail=error.describe())
    return json_answer(record) if record else problem(404, "There is no such case")


@blueprint.route(
    route="cases/{case_id}/report", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS
)
@blueprint.durable_client_input(client_name="client")
@guarded
@limited
async def get_report(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Return the report page to an approver, a link's holder or the automation key.

    A link's token is taken out of the address first.
    """
    case_id, settings = req.route_params["case_id"], get_settings()
    if landed := land(req, settings, case_id, Purpose.REPORT):
        return landed
    caller = find_caller(req, settings, case_id, Purpose.REPORT)
    if isinstance(caller, Refusal):
        return onward(Purpose.REPORT) if came_from_elsewhere(req) else caller.answer(req)
    try:
        record = await find_record(client, case_id)
    except TourniquetError as error:
        return problem(503, "The case store did not answer", detail=error.describe())
    if not record:
        return problem(404, "There is no such case")
    if refusal := own_account(caller, record):
        return refusal.answer(req)
    from shared.pages import render_report

    mark, offer = undo_mark(req, settings, record), pass_form(req, settings, record)
    handling = handling_form(req, settings, record)
    return page(render_report(record, undo=mark, access_pass=offer, handling=handling))


async def find_record(client: df.DurableFunctionsClient, case_id: str) -> Json | None:
    """Return the stored record, or the first one of a case that was only just accepted."""
    if not _CASE_ID.fullmatch(case_id):
        return None
    found = await get_providers().require("cases").load(case_id)
    if found:
        return found[0]
    state = await client.get_orchestration_state(case_id)
    accepted = state.get_input(dict) if state is not None else None
    return initial_record(CaseRequest.model_validate(accepted)) if accepted else None
