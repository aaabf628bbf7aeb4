"""Taking a decision, whatever the channel it comes by: the first valid one wins."""

import logging
from datetime import UTC, datetime

import azure.durable_functions as df
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrators.names import Event
from shared.bootstrap import get_providers
from shared.errors import TourniquetError
from shared.models.plan import ActionName, Decision
from shared.playbook.intake.fields import FieldError, InvalidBody

_log = logging.getLogger("tourniquet.triggers")
_ALONE = {ActionName.MONITOR_ONLY, ActionName.NO_ACTION}


class DecisionBody(BaseModel):
    """What is posted as a decision. Who decided is never in it."""

    model_config = ConfigDict(extra="forbid")

    actions: list[ActionName] = Field(min_length=1, max_length=len(ActionName))
    comment: str = Field(default="", max_length=2000)


def parse_decision(body: object) -> DecisionBody:
    """Return a valid choice.

    Raises:
        InvalidBody: every wrong field, with the reason.
    """
    try:
        decision = DecisionBody.model_validate(body)
    except ValidationError as error:
        raise InvalidBody(field_errors(error)) from error
    if len(decision.actions) > 1 and _ALONE.intersection(decision.actions):
        reason = "MonitorOnly and NoAction stand alone"
        raise InvalidBody([FieldError(field="actions", reason=reason)])
    return decision


async def send_decision(
    client: df.DurableFunctionsClient,
    case_id: str,
    body: DecisionBody,
    *,
    by: str,
    channel: str = "web",
    question: int = 1,
) -> Decision | None:
    """Send the decision to the case; ``None`` when somebody was faster.

    The first to claim the answer of this ``question`` counts. Its decision is sent again by every
    later one, in case the first was claimed and never arrived; the case hears only one.
    """
    decision = Decision(
        actions=body.actions,
        comment=body.comment,
        decided_by=by,
        decided_at=datetime.now(UTC),
        channel=channel,
    )
    answer = decision.to_json()
    name = "decision" if question == 1 else f"decision-{question}"
    try:
        earlier = await get_providers().require("cases").claim(case_id, name, answer)
    except TourniquetError as error:
        _log.warning("decision on %s is not claimed: %s", case_id, error.describe())
        earlier = None
    await client.raise_orchestration_event(case_id, str(Event.DECISION), data=earlier or answer)
    return decision if earlier is None else None


def field_errors(error: ValidationError) -> list[FieldError]:
    """Return a validation error as fields with reasons, without the values that were sent."""
    return [
        FieldError(field=".".join(str(part) for part in item["loc"]) or "body", reason=item["msg"])
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    ]
