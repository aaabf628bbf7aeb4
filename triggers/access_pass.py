"""A Temporary Access Pass for whoever lost the password by a case: who may ask, and that once.

It is made here and not by an orchestration, because everything that an orchestration sees stays in
its history. The pass is in the answer to whoever asked and nowhere else: the record says who asked,
when, why and how long it is good.
"""

import asyncio
import logging
from datetime import UTC, datetime
from typing import NamedTuple

import azure.durable_functions as df
import azure.functions as func
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.bootstrap import get_providers
from shared.case_links import Purpose
from shared.errors import NotConfigured, PermanentError, TourniquetError
from shared.models.access_pass import (
    LEAST_MINUTES,
    MOST_MINUTES,
    USUAL_MINUTES,
    AccessPass,
    NoPass,
    why_no_pass,
    why_not_for,
)
from shared.models.account_kind import AccountKind
from shared.models.base import Json, format_utc
from shared.models.case import CaseRecord
from shared.playbook.intake.fields import InvalidBody
from shared.playbook.planning.guard_rails import account_facts, classify_account
from shared.policy import get_policy, observes
from shared.settings import get_settings
from triggers.answers import json_answer, page, problem, problem_for_people
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
from triggers.noting import note
from triggers.pass_claims import claim_next, release
from triggers.sessions import is_form
from triggers.taking_back import for_two, link_alone

blueprint = df.Blueprint()

_log = logging.getLogger("tourniquet.triggers")
HAND_OVER = (
    "Tell it by telephone, at a number from the staff directory, or in person, after checking who "
    "it is. Never by mail, chat or text message: the attacker may read them."
)


class PassBody(BaseModel):
    """What is posted to get a pass. Who asks is never in it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    comment: str = Field(min_length=1, max_length=2000)
    minutes: int = Field(default=USUAL_MINUTES, ge=LEAST_MINUTES, le=MOST_MINUTES)


class Issued(NamedTuple):
    """A pass, and which of the case's it is."""

    number: int
    made: AccessPass


@blueprint.route(
    route="cases/{case_id}/access-pass", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS
)
@blueprint.durable_client_input(client_name="client")
@guarded
@limited
async def issue_access_pass(
    req: func.HttpRequest, client: df.DurableFunctionsClient
) -> func.HttpResponse:
    """Issue a Temporary Access Pass: ``{"comment": "why", "minutes": 60}``.

    An approver who is signed in may, and the automation; a link or its session is not enough. 201
    with the pass, once; 409 when this case or account gets none; 503 when none could be made, or
    its answer was lost.
    """
    case_id, settings = req.route_params["case_id"], get_settings()
    caller = find_caller(req, settings, case_id, Purpose.UNDO)
    if isinstance(caller, Refusal):
        return caller.answer(req)
    if refusal := check_origin(req, settings) or link_alone(caller):
        return refusal.answer(req)
    try:
        record = await find_record(client, case_id)
    except TourniquetError as error:
        return _sorry(req, 503, "The case store did not answer", error)
    if record is None:
        return problem_for_people(req, 404, "There is no such case", detail="")
    if refusal := own_account(caller, record):
        return refusal.answer(req)
    try:
        fields = read_form(req) if is_form(req) else {}
        if is_form(req) and (refusal := check_form(caller, "".join(fields.get("csrf", [])))):
            return refusal.answer(req)
        body = _parse(_typed(fields) if is_form(req) else read_json(req))
    except InvalidBody as error:
        return _wrong(req, error)
    return await _answer(req, record, body, caller, "".join(fields.get("form", []))[:64])


async def _answer(
    req: func.HttpRequest, record: Json, body: PassBody, caller: Caller, form: str
) -> func.HttpResponse:
    try:
        issued = await _issue(record, body, caller, form)
    except TourniquetError as error:
        return _sorry(req, 503, "No pass was issued", error)
    if isinstance(issued, NoPass):
        return problem_for_people(req, 409, issued.title, detail=issued.detail)
    value = issued.made.value.get_secret_value()
    until = format_utc(issued.made.valid_until)
    if is_form(req) or "text/html" in req.headers.get("accept", ""):
        from shared.pages.access_pass import render_access_pass

        return page(render_access_pass(record, issued.made, hand_over=HAND_OVER), 201)
    given = {"case_id": record["case_id"], "number": issued.number, "access_pass": value}
    return json_answer(given | {"valid_until": until, "one_use": True, "hand_over": HAND_OVER}, 201)


async def _issue(record: Json, body: PassBody, caller: Caller, form: str) -> Issued | NoPass:
    """Issue a pass once for a request; nothing is issued that is not in the record.

    Raises:
        TourniquetError: nobody can tell whether it may be issued, or it could not be.
    """
    case = CaseRecord.model_validate(record)
    if refused := why_no_pass(case) or _only_observes() or for_two(record):
        return refused
    object_id = str((case.account or {})["object_id"])
    kinds = await _kinds_now(object_id)
    if refused := why_not_for(kinds) or for_two(record, kinds):
        return refused
    asked = {
        "requested_by": caller.name,
        "requested_at": format_utc(datetime.now(UTC)),
        "comment": body.comment,
        "minutes": body.minutes,
        "form": form,
    }
    number = await claim_next(case.case_id, case.run, asked)
    if isinstance(number, NoPass):
        return number
    try:
        made = await _make(case.case_id, object_id, number, body, caller)
    finally:
        await release(case.case_id, case.run, number)
    return made if isinstance(made, NoPass) else Issued(number, made)


async def _make(
    case_id: str, object_id: str, number: int, body: PassBody, caller: Caller
) -> AccessPass | NoPass:
    passes = get_providers().access_passes
    if passes is None:
        raise NotConfigured("nobody serves access passes", vendor="entra")
    asked = f'asked for by {caller.name}: "{body.comment}"'
    try:
        made = await passes.issue(object_id, minutes=body.minutes)
    except TourniquetError as error:
        await _note_failure(case_id, f"Temporary Access Pass {number} not issued, {asked}", error)
        if isinstance(error, PermanentError):
            return NoPass("The directory issues no pass for this account", error.describe())
        raise
    until = format_utc(made.valid_until)
    event = f"Temporary Access Pass {number} issued, for one use until {until}, {asked}"
    try:
        await note(case_id, event)
    except TourniquetError:
        _log.warning("access pass %s of %s is withdrawn: not recorded", number, case_id)
        await passes.withdraw(object_id, made.id)
        raise
    return made


async def _note_failure(case_id: str, event: str, error: TourniquetError) -> None:
    """Record that none was issued; if even that fails, the claim and the log still say it."""
    try:
        await note(case_id, f"{event}: {error.describe()}")
    except TourniquetError as unwritten:
        _log.warning("%s of %s is not recorded: %s", event, case_id, unwritten.describe())


def _only_observes() -> NoPass | None:
    if not observes(get_settings()):
        return None
    return NoPass("The app only observes", "It changes nothing: the help desk issues it in Entra.")


async def _kinds_now(object_id: str) -> set[AccountKind]:
    """Return what the account is now: an attacker may have made it an administrator since."""
    directory = get_providers().require("directory")
    user, memberships, eligible = await asyncio.gather(
        directory.get_user(object_id),
        directory.get_memberships(object_id),
        directory.get_eligible_roles(object_id),
    )
    roles, accounts = [*memberships.roles, *eligible], get_policy().accounts
    return classify_account(
        account_facts(None, user, is_admin_role=bool(roles), roles=roles),
        break_glass=accounts.break_glass,
        vip=accounts.vip,
        service=accounts.service,
    )


def _typed(fields: dict[str, list[str]]) -> Json:
    """Return a form as the JSON it stands for; without the tick nobody has been checked."""
    if "".join(fields.get("checked", [])) != "yes":
        raise InvalidBody([])
    return {name: "".join(fields[name]) for name in ("comment", "minutes") if fields.get(name)}


def _parse(body: object) -> PassBody:
    try:
        return PassBody.model_validate(body)
    except ValidationError as error:
        raise InvalidBody(field_errors(error)) from error


def _wrong(req: func.HttpRequest, error: InvalidBody) -> func.HttpResponse:
    if not is_form(req):
        return problem(400, "The request is not valid", errors=error.errors)
    detail = (
        "Nothing was changed. Go back, tick that you have checked who asks, say why (up to 2,000 "
        f"characters), and choose {LEAST_MINUTES} to {MOST_MINUTES} minutes."
    )
    return problem_for_people(req, 400, "No pass was issued", detail=detail)


def _sorry(
    req: func.HttpRequest, status: int, title: str, error: TourniquetError
) -> func.HttpResponse:
    return problem_for_people(req, status, title, detail=f"{error.describe()}. Ask again.")
