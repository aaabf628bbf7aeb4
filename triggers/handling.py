"""Taking and closing a case by a button on its page."""

import azure.durable_functions as df
import azure.functions as func

from shared.errors import RetryableError, TourniquetError
from shared.models.base import Json
from shared.playbook.intake.fields import FieldError, InvalidBody
from shared.settings import get_settings
from triggers.answers import page, problem
from triggers.body import read_form
from triggers.cases import find_record
from triggers.guard import guarded, limited
from triggers.identity import Caller, Refusal, check_form, check_origin, own_account
from triggers.looking_after import (
    Doing,
    NoteBody,
    find_handler,
    may_not,
    parse_note,
    send_note,
    why_not,
)

blueprint = df.Blueprint()


@blueprint.route(
    route="cases/{case_id}/handling", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS
)
@blueprint.durable_client_input(client_name="client")
@guarded
@limited
async def handle_case(
    req: func.HttpRequest, client: df.DurableFunctionsClient
) -> func.HttpResponse:
    """Take the page's form ``do=acknowledge`` or ``do=close``, with a comment; answer a page."""
    case_id, settings = req.route_params["case_id"], get_settings()
    caller = find_handler(req, settings, case_id)
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
    if refusal := own_account(caller, record):
        return refusal.answer(req)
    try:
        fields = {name: "".join(values) for name, values in read_form(req).items()}
        doing = _doing(fields)
        note = parse_note({"comment": fields.get("comment", "")})
    except InvalidBody as error:
        return problem(400, "The form is not valid", errors=error.errors)
    if refusal := check_form(caller, fields.get("csrf", "")):
        return refusal.answer(req)
    if refusal := may_not(caller, doing):
        return refusal.answer(req)
    return await _handle(client, record, doing, caller, note)


async def _handle(
    client: df.DurableFunctionsClient, record: Json, doing: Doing, caller: Caller, note: NoteBody
) -> func.HttpResponse:
    from shared.pages.handling import render_handled

    try:
        why = why_not(record, doing) or await send_note(
            client, record, doing, by=caller.name, comment=note.comment
        )
    except RetryableError as error:
        title, detail = "Nothing was changed", f"{error.describe()}. Try again in a minute."
        return page(render_handled(record, title=title, detail=detail, good=False), 503)
    if why is not None:
        title, detail = why
        return page(render_handled(record, title=title, detail=detail, good=False), 409)
    title = "You have taken the case" if doing == "acknowledge" else "The case is being closed"
    detail = f"Recorded for {caller.name}. The page shows it in a moment."
    return page(render_handled(record, title=title, detail=detail, good=True), 202)


def _doing(fields: dict[str, str]) -> Doing:
    if fields.get("do") == "acknowledge":
        return "acknowledge"
    if fields.get("do") == "close":
        return "close"
    raise InvalidBody([FieldError(field="do", reason="it is acknowledge or close")])
