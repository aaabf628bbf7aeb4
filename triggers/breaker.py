"""The blast-radius breaker: how it stands, and closing it again."""

import logging
from datetime import UTC, datetime
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import grpc
from durabletask.entities import EntityInstanceId
from pydantic import Field, ValidationError

from orchestrators.names import BREAKER_KEY, Entity
from shared.bootstrap import get_providers
from shared.errors import NotFound, TourniquetError
from shared.models.base import format_utc
from shared.models.measurement import Measurement, Metric
from shared.playbook.intake.fields import InvalidBody, one_line
from shared.playbook.planning.blast_radius import Breaker, as_of
from shared.settings import get_settings
from shared.telemetry import measure
from triggers.answers import json_answer, problem
from triggers.body import read_json
from triggers.deciding import field_errors
from triggers.guard import guarded
from triggers.identity import Caller, Refusal, check_origin, own_account
from triggers.named import NamedBody, by_person, name_caller
from triggers.noting import note

blueprint = df.Blueprint()

_log = logging.getLogger("tourniquet.triggers")
BREAKER = EntityInstanceId(str(Entity.BREAKER), BREAKER_KEY)


class ResetBody(NamedBody):
    """What is posted to close the breaker again."""

    comment: str = Field(min_length=3, max_length=2000)


@blueprint.route(route="breaker/reset", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@blueprint.durable_client_input(client_name="client")
@guarded
async def reset_breaker(
    req: func.HttpRequest, client: df.DurableFunctionsClient
) -> func.HttpResponse:
    """Let the app contain by itself again: ``{"comment": "why", "by": "who"}``.

    Who did it, when and why is written into the record of the case that tripped it before anything
    changes, so that it outlives the engine's state, and its chain of events shows if it is altered;
    where no record is left, the breaker's state and the log have to do.
    Where people sign in it takes an approver, whose own account is not in that case; elsewhere
    ``by`` is needed (``triggers.named``).
    """
    caller = by_person(req, get_settings())
    if isinstance(caller, Refusal):
        return caller.answer(req)
    if refusal := check_origin(req, get_settings()):
        return refusal.answer(req)
    try:
        body = ResetBody.model_validate(read_json(req))
        name = name_caller(caller, body)
    except ValidationError as error:
        return problem(400, "The body is not valid", errors=field_errors(error))
    except InvalidBody as error:
        return problem(400, "The body is not valid", errors=error.errors)
    try:
        breaker = await _read(client)
        if refusal := await _own_case(caller, breaker):
            return refusal.answer(req)
        case_id = await _record_reset(breaker, name, body.comment)
    except (grpc.RpcError, TourniquetError) as error:
        why = error.describe() if isinstance(error, TourniquetError) else "the engine is away"
        detail = f"Who resets it has to be on record first. Nothing was changed; try again: {why}"
        return problem(503, "The reset could not be recorded", detail=detail)
    given = {
        "at": format_utc(datetime.now(UTC)),
        "by": name,
        "comment": body.comment,
        "recorded_in": case_id,
    }
    await client.signal_entity(BREAKER, "reset", given)
    measure(Measurement(Metric.BREAKER_CHANGES, 1.0, {"change": "reset"}))
    return json_answer({"accepted": True, "by": name, "recorded_in": case_id}, 202)


async def _own_case(caller: Caller, breaker: Breaker) -> Refusal | None:
    """Refuse whoever is the account that tripped it: it may be the attacker who asks for more."""
    if caller.person is None or breaker.tripped is None:
        return None
    found = await get_providers().require("cases").load(breaker.tripped.case_id)
    return own_account(caller, found[0]) if found is not None else None


async def _record_reset(breaker: Breaker, by: str, comment: str) -> str | None:
    """Note the reset in the case that tripped the breaker, else the last one that it counted.

    Returns that case's id; ``None`` when there was nothing to reset, or none of them has a record:
    a breaker that nobody can close again would be no safer.
    """
    counted = [one.case_id for one in reversed(breaker.recent)]
    tripped = breaker.tripped
    was = (
        f"which paused automatic containment at {format_utc(tripped.at)} (limits.{tripped.which}, "
        f"{breaker.held} cases held)"
        if tripped
        else f"which was not open (counted in the last hour: {len(counted)})"
    )
    event = f"breaker reset by {by}, {was}: {one_line(comment, 2000)}"
    concerned = dict.fromkeys([*([tripped.case_id] if tripped else []), *counted])
    for case_id in concerned:
        try:
            await note(case_id, event)
        except NotFound:
            continue
        return case_id
    if concerned:
        _log.warning("%s; none of the %d cases has a record", event, len(concerned))
    return None


async def _read(client: df.DurableFunctionsClient) -> Breaker:
    found = await client.get_entity(BREAKER)
    state = (found.get_typed_state(dict) if found is not None else None) or {}
    return as_of(Breaker.model_validate(state), datetime.now(UTC))


async def read_breaker(client: df.DurableFunctionsClient) -> Any:
    """Return how the breaker stands, for approvers; ``None`` when the engine does not answer."""
    try:
        breaker = await _read(client)
    except grpc.RpcError:
        return None
    tripped, last_reset = breaker.tripped, breaker.last_reset
    return {
        "paused_since": format_utc(tripped.at) if tripped else None,
        "limit": tripped.which if tripped else None,
        "tripped_by": tripped.case_id if tripped else None,
        "held": breaker.held,
        "in_the_last_hour": len(breaker.recent),
        "privileged_in_the_last_hour": sum(one.privileged for one in breaker.recent),
        "in_the_last_day": breaker.within_a_day(),
        "privileged_in_the_last_day": breaker.privileged_within_a_day(),
        "last_reset": last_reset.to_json() if last_reset else None,
    }
