"""Intake: Sentinel incidents, manual calls, Event Grid events."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from shared.models.case import CaseRequest
from shared.playbook.intake import parse_manual_case, parse_security_event, parse_sentinel_incident
from shared.playbook.intake.fields import InvalidBody
from shared.policy import get_policy
from shared.settings import get_settings
from triggers.answers import json_answer, problem
from triggers.body import check_shape, read_json
from triggers.guard import guarded
from triggers.starter import start_cases

blueprint = df.Blueprint()


@blueprint.route(route="incidents", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@blueprint.durable_client_input(client_name="client")
@guarded
async def post_incident(
    req: func.HttpRequest, client: df.DurableFunctionsClient
) -> func.HttpResponse:
    """Accept a Sentinel incident as the Logic App sends it; 202 with one case per account."""
    return await _accept(req, client, parse_sentinel_incident)


@blueprint.route(route="cases", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@blueprint.durable_client_input(client_name="client")
@guarded
async def post_case(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    """Accept a manual call with the runbook's inputs (seed 000); 202 with the case."""
    return await _accept(req, client, lambda *body, **given: [parse_manual_case(*body, **given)])


@blueprint.event_grid_trigger(arg_name="event")
@blueprint.durable_client_input(client_name="client")
async def on_security_event(event: func.EventGridEvent, client: df.DurableFunctionsClient) -> None:
    """Accept an event (either schema) whose data is a Sentinel incident or a manual call.

    A wrong event raises: Event Grid then retries and dead-letters it, so that it is never lost
    in silence.
    """
    settings = get_settings()
    # The binding makes a CloudEvent of the CloudEvents schema whatever the annotation says; the
    # data is all that both have in common.
    data: Any = event.get_json()
    check_shape(data)
    at, mode = datetime.now(UTC), get_policy().mode
    cases = parse_security_event({"data": data}, mode=mode, received_at=at)
    await start_cases(client, cases, data, settings)


async def _accept(
    req: func.HttpRequest,
    client: df.DurableFunctionsClient,
    parse: Callable[..., list[CaseRequest]],
) -> func.HttpResponse:
    settings = get_settings()
    try:
        body = read_json(req)
        cases = parse(body, mode=get_policy().mode, received_at=datetime.now(UTC))
    except InvalidBody as error:
        return problem(400, "The body is not valid", errors=error.errors)
    started = await start_cases(client, cases, body, settings)
    answer = {"cases": [one.to_json(settings) for one in started]}
    location = {"Location": answer["cases"][0]["status_url"], "Retry-After": "2"}
    return json_answer(answer, 202, location)
