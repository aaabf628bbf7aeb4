"""What the registry of routes does not say of each: who gets in, what is sent and answered."""

from dataclasses import dataclass

from pydantic import BaseModel

from shared.models.query import CasePage
from triggers.access_pass import PassBody
from triggers.blocks import OrderBody
from triggers.breaker import ResetBody
from triggers.deciding import DecisionBody
from triggers.looking_after import NoteBody
from triggers.slack import Interaction
from triggers.undo import UndoBody

JSON, FORM, HTML, TEXT = (
    "application/json",
    "application/x-www-form-urlencoded",
    "text/html",
    "text/plain",
)
PROBLEM = "application/problem+json"

MODELS: tuple[type[BaseModel], ...] = (
    *(DecisionBody, NoteBody, UndoBody, PassBody, OrderBody, ResetBody),
    *(Interaction, CasePage),
)

type Way = dict[str, list[str]]
"""Names of security schemes, all of which are needed."""
FUNCTION_KEY: tuple[Way, ...] = {"functionKey": []}, {"functionKeyInQuery": []}
AUTOMATION: Way = {"automationKey": []}
LINK: Way = {"signedLink": []}
SESSION: Way = {"session": []}
PERSON: Way = {"easyAuth": []}
PERSON_WITH_LINK: Way = {"easyAuth": [], "signedLink": []}


@dataclass(frozen=True)
class Operation:
    """One route: schemas by name, of ``tools.openapi.schemas``."""

    security: tuple[Way, ...] = ()
    """What lets in, one of them; none: nothing is needed."""
    body: dict[str, str] | None = None
    """The schema of each media type that is taken."""
    answers: dict[int, dict[str, str]] | None = None
    """By status, the schema of each media type; an empty one has no body. Problems are added."""
    problems: tuple[int, ...] = (400, 401, 403, 404, 409, 503)
    """Statuses of refusals besides 415 and 500: a problem to programs, a page to browsers."""


_PAGE = {HTML: "Page"}
_ACCEPTED = {202: {JSON: "Accepted"}}
_READS = (AUTOMATION, LINK, SESSION, PERSON)
_GIVES_BACK = (AUTOMATION, PERSON)
_LIMITED = (400, 401, 403, 404, 409, 429, 503)

OPERATIONS: dict[str, Operation] = {
    "POST /api/incidents": Operation(
        FUNCTION_KEY, {JSON: "SentinelTrigger"}, {202: {JSON: "Started"}}, (400, 401, 503)
    ),
    "POST /api/cases": Operation(
        FUNCTION_KEY, {JSON: "ManualCase"}, {202: {JSON: "Started"}}, (400, 401, 503)
    ),
    "GET /api/cases": Operation(FUNCTION_KEY, None, {200: {JSON: "CasePage"}}, (400, 401, 503)),
    "GET /api/cases/{case_id}": Operation(
        FUNCTION_KEY, None, {200: {JSON: "CaseRecord"}}, (401, 404, 503)
    ),
    "GET /api/cases/{case_id}/report": Operation(
        _READS, None, {200: _PAGE, 303: {}}, (401, 403, 404, 429, 503)
    ),
    "GET /api/cases/{case_id}/evidence": Operation(
        _READS, None, {200: {JSON: "EvidenceCheck"} | _PAGE}, (401, 403, 404, 429, 503)
    ),
    "GET /api/cases/{case_id}/decision": Operation(
        (AUTOMATION, LINK, SESSION, PERSON_WITH_LINK),
        None,
        {200: _PAGE, 303: {}},
        (401, 403, 404, 429, 503),
    ),
    "POST /api/cases/{case_id}/decision": Operation(
        (AUTOMATION, LINK, SESSION, PERSON_WITH_LINK),
        {JSON: "DecisionBody", FORM: "DecisionForm"},
        {202: {JSON: "Accepted"} | _PAGE},
        _LIMITED,
    ),
    "POST /api/cases/{case_id}/acknowledge": Operation(FUNCTION_KEY, {JSON: "NoteBody"}, _ACCEPTED),
    "POST /api/cases/{case_id}/close": Operation(FUNCTION_KEY, {JSON: "NoteBody"}, _ACCEPTED),
    "POST /api/cases/{case_id}/handling": Operation(
        _READS, {FORM: "HandlingForm"}, {202: _PAGE}, _LIMITED
    ),
    "POST /api/cases/{case_id}/undo": Operation(
        (*_GIVES_BACK, SESSION),
        {JSON: "UndoBody", FORM: "UndoForm"},
        {202: {JSON: "Accepted"} | _PAGE},
        _LIMITED,
    ),
    "POST /api/cases/{case_id}/access-pass": Operation(
        _GIVES_BACK,
        {JSON: "PassBody", FORM: "PassForm"},
        {201: {JSON: "IssuedPass"} | _PAGE},
        _LIMITED,
    ),
    "POST /api/cases/{case_id}/blocks": Operation(
        (*_GIVES_BACK, SESSION), {JSON: "OrderBody"}, _ACCEPTED, _LIMITED
    ),
    "GET /api/block-list": Operation(
        FUNCTION_KEY, None, {200: {TEXT: "BlockList"}, 304: {}}, (401, 404, 503)
    ),
    "POST /api/breaker/reset": Operation(
        FUNCTION_KEY, {JSON: "ResetBody"}, {202: {JSON: "ResetAccepted"}}, (400, 401, 403, 503)
    ),
    "POST /api/slack/interactions": Operation(
        ({"slackSignature": []},),
        {FORM: "SlackForm"},
        {200: {JSON: "Nothing"}},
        (400, 401, 404, 413, 503),
    ),
    "GET /api/health": Operation((), None, {200: {JSON: "Health"}}, (503,)),
}
