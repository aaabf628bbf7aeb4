"""Taking a decision, whatever the channel it comes by: the first valid one wins."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

import azure.durable_functions as df
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrators.names import Event
from shared.bootstrap import get_providers
from shared.models.asked import Asked
from shared.models.base import Json
from shared.models.case import CaseStatus
from shared.models.plan import ActionName, Decision
from shared.playbook.intake.fields import FieldError, InvalidBody
from shared.playbook.planning.answers import (
    DEADLINE,
    SIGNED_IN,
    SLACK,
    answer_claim,
    is_a_persons,
    leaves_it,
    why_refused,
    why_too_late,
)
from shared.playbook.planning.block_answer import why_only_forbidden
from triggers.kinds_now import ROLE_SECONDS, SLACK_SECONDS, became_one_for_two
from triggers.principal import can_tell_owner, is_sign_in_on

_log = logging.getLogger("tourniquet.triggers")
_NO_MORE = "this case does not wait for a decision any more"
_ALONE = {ActionName.MONITOR_ONLY, ActionName.NO_ACTION}
_CONTAINING = {
    ActionName.DISABLE_ACCOUNT,
    ActionName.FORCE_PASSWORD_RESET,
    ActionName.REVOKE_SESSIONS,
}
"""What takes the account from whoever uses it."""


class DecisionBody(BaseModel):
    """What is posted as a decision. Who decided is never in it."""

    model_config = ConfigDict(extra="forbid")

    actions: list[ActionName] = Field(min_length=1, max_length=len(ActionName))
    comment: str = Field(default="", max_length=2000)
    question: int = Field(default=1, ge=1)
    """Which of the case's questions is answered; the record's ``question`` says which is open."""


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


@dataclass(frozen=True)
class Answerer:
    """Who answers, and by what way."""

    name: str
    """What the record says about who it was."""
    channel: str = "web"
    identity: str = ""
    """``<system>:<id>`` where a system proves who it is (``answers.py``)."""
    question: int | None = None
    """Which question the link was made for by which the answer comes; ``None``: by no link."""
    run: str = ""
    """Of which run of the case that question is."""


async def send_decision(
    client: df.DurableFunctionsClient, record: Json, body: DecisionBody, by: Answerer
) -> Decision | str:
    """Send the answer to the case, or return why it is refused, for whoever gave it.

    The first to claim the answer of a question counts; the case claims it, too, when the deadline
    has passed or it asks anew. A person's is sent again by every later one, in case the first was
    claimed and never arrived; the case hears only one. What kind of account it is, is read again:
    one person's answer does not do for what has become an administrator's since it was asked.

    Raises:
        TourniquetError: it could not be claimed; nobody can tell whether it is the first.
    """
    case_id, run = record["case_id"], record.get("run", "")
    question = record.get("question", 1)
    if record["status"] != CaseStatus.AWAITING_DECISION:
        return _state(record)
    decision = Decision(
        actions=body.actions,
        comment=body.comment,
        decided_by=by.name,
        decided_at=datetime.now(UTC),
        channel=by.channel,
        question=min(body.question, by.question or body.question),
        identity=by.identity,
        run=run if by.question is None else by.run,
    )
    found = record.get("asked")
    asked = Asked.model_validate(found) if found else None
    if asked is not None and not asked.two_persons and not leaves_it(decision):
        seconds = SLACK_SECONDS if by.channel == SLACK else ROLE_SECONDS
        since = await became_one_for_two(record["account"] or {}, seconds)
        decision = decision.model_copy(update={"two_persons": since})
    reason = why_refused(decision, run=run, question=question, asked=asked)
    reason = reason or why_only_forbidden(decision, asked)
    if reason := reason or _why_perhaps_own(record["account"], decision):
        _log.warning("an answer on %s by %s was refused: %s", case_id, by.channel, reason)
        return reason
    answer = decision.to_json()
    store = get_providers().require("cases")
    earlier = await store.claim(case_id, answer_claim(run, question), answer)
    first = Decision.model_validate(earlier or answer)
    if is_a_persons(first):
        await client.raise_orchestration_event(case_id, str(Event.DECISION), data=earlier or answer)
    return decision if earlier is None else why_too_late(first)


def _why_perhaps_own(account: Json | None, answer: Decision) -> str | None:
    """Return why somebody, who may be the suspect, cannot let an account go whose owner is unknown.

    Only people who are known by name can be told from the owner; who holds a link or key cannot.
    """
    system, _colon, who = answer.identity.partition(":")
    if not system or _CONTAINING.intersection(answer.actions):
        return None
    if can_tell_owner(account, by_object_id=system == SIGNED_IN and "@" not in who):
        return None
    page = can_tell_owner(account, by_object_id=True) or not is_sign_in_on()
    instead = (
        "decide on the page instead, by the link in the message or in the ticket"
        if system == SLACK and page
        else "choose what contains it, or leave it: without an answer it is only monitored"
    )
    return (
        "no directory has told whose account this is, so nobody can see that it is not your own, "
        f"and nothing is taken that leaves the account in use; {instead}"
    )


def _state(record: Json) -> str:
    decision = record.get("decision")
    if decision and decision.get("channel") == DEADLINE:
        return why_too_late(Decision.model_validate(decision))
    if not decision:
        return f"{_NO_MORE}: its status is {record['status']}"
    return f"{_NO_MORE}: {decision['decided_by']} decided at {decision['decided_at']}"


def field_errors(error: ValidationError) -> list[FieldError]:
    """Return a validation error as fields with reasons, without the values that were sent."""
    return [
        FieldError(field=".".join(str(part) for part in item["loc"]) or "body", reason=item["msg"])
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    ]
