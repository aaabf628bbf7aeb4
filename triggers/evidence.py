"""Checking the evidence of a case: on the report page, or by a program."""

import asyncio

import azure.durable_functions as df
import azure.functions as func

from shared.bootstrap import get_providers
from shared.case_links import Purpose
from shared.errors import TourniquetError
from shared.evidence_check import anchor_of, check_evidence
from shared.settings import get_settings
from triggers.answers import json_answer, page, problem
from triggers.cases import find_record
from triggers.guard import guarded, limited
from triggers.identity import Refusal, find_caller, own_account

blueprint = df.Blueprint()

CHECK_SECONDS = 100.0
"""How long a check may take here; a proxy gives up after 230. Larger evidence is checked by
``make verify-evidence``, which has no limit."""


@blueprint.route(
    route="cases/{case_id}/evidence", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS
)
@blueprint.durable_client_input(client_name="client")
@guarded
@limited
async def get_evidence(
    req: func.HttpRequest, client: df.DurableFunctionsClient
) -> func.HttpResponse:
    """Read all evidence of a case again and say what is altered, missing or added.

    A page for a browser, JSON for everybody else. Whoever may read the report may ask.
    """
    case_id = req.route_params["case_id"]
    caller = find_caller(req, get_settings(), case_id, Purpose.REPORT)
    if isinstance(caller, Refusal):
        return caller.answer(req)
    try:
        record = await find_record(client, case_id)
        if not record:
            return problem(404, "There is no such case")
        if refusal := own_account(caller, record):
            return refusal.answer(req)
        store = get_providers().require("evidence")
        async with asyncio.timeout(CHECK_SECONDS):
            found = await check_evidence(store, case_id, anchor_of(record))
    except TourniquetError as error:
        return problem(503, "The evidence could not be read", detail=error.describe())
    except TimeoutError:
        detail = f"Run: make verify-evidence CASE={case_id}"
        return problem(503, "There is too much evidence to check it here", detail=detail)
    if "text/html" not in req.headers.get("accept", ""):
        return json_answer(found.to_json() | {"sound": found.is_sound})
    from shared.pages import render_evidence

    return page(render_evidence(record, found))
