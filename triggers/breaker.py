"""The blast-radius breaker: how it stands, and closing it again."""

from datetime import UTC, datetime
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import grpc
from durabletask.entities import EntityInstanceId
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrators.names import BREAKER_KEY, Entity
from shared.models.base import format_utc
from shared.playbook.intake.fields import InvalidBody
from shared.playbook.planning.blast_radius import Breaker, as_of
from shared.settings import get_settings
from triggers.answers import json_answer, problem
from triggers.body import read_json
from triggers.deciding import field_errors
from triggers.identity import Refusal, by_function_key, check_origin

blueprint = df.Blueprint()

BREAKER = EntityInstanceId(str(Entity.BREAKER), BREAKER_KEY)


class ResetBody(BaseModel):
    """What is posted to close the breaker again."""

    model_config = ConfigDict(extra="forbid")

    comment: str = Field(min_length=3, max_length=2000)


@blueprint.route(route="breaker/reset", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@blueprint.durable_client_input(client_name="client")
async def reset_breaker(
    req: func.HttpRequest, client: df.DurableFunctionsClient
) -> func.HttpResponse:
    """Let the app contain by itself again; who did it and why is kept. ``{"comment": "why"}``."""
    caller = by_function_key(req)
    if isinstance(caller, Refusal):
        return caller.answer(req)
    if refusal := check_origin(req, get_settings()):
        return refusal.answer(req)
    try:
        body = ResetBody.model_validate(read_json(req))
    except ValidationError as error:
        return problem(400, "The body is not valid", errors=field_errors(error))
    except InvalidBody as error:
        return problem(400, "The body is not valid", errors=error.errors)
    given = {"at": format_utc(datetime.now(UTC)), "by": caller.name, "comment": body.comment}
    await client.signal_entity(BREAKER, "reset", given)
    return json_answer({"accepted": True, "by": caller.name}, 202)


async def read_breaker(client: df.DurableFunctionsClient) -> Any:
    """Return what may be told of the breaker; ``None`` when the engine does not answer."""
    try:
        found = await client.get_entity(BREAKER)
    except grpc.RpcError:
        return None
    state = (found.get_typed_state(dict) if found is not None else None) or {}
    breaker = as_of(Breaker.model_validate(state), datetime.now(UTC))
    tripped, last_reset = breaker.tripped, breaker.last_reset
    return {
        "paused_since": format_utc(tripped.at) if tripped else None,
        "limit": tripped.which if tripped else None,
        "held": breaker.held,
        "in_the_last_hour": len(breaker.recent),
        "privileged_in_the_last_hour": sum(one.privileged for one in breaker.recent),
        "in_the_last_day": breaker.within_a_day(),
        "last_reset": format_utc(last_reset.at) if last_reset else None,
    }
