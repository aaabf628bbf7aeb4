"""Answers given in Slack: a pressed button is a decision, in the name of who pressed it.

Accepted only when Slack signed the request, the button carries the signed token that the question
was sent with, and the policy names the person. Refusals are told in the message's thread, where
everybody sees them. Slack wants an answer within 3 seconds and shows nothing of it
(https://docs.slack.dev/interactivity/handling-user-interaction).
"""

import asyncio
import json
import logging
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import azure.durable_functions as df
import azure.functions as func
from pydantic import Field

from shared.bootstrap import get_providers
from shared.case_links import Claims, Purpose, read_token
from shared.errors import TourniquetError
from shared.models.base import Json, VendorModel
from shared.playbook.intake.fields import InvalidBody
from shared.playbook.planning.answers import SLACK
from shared.policy import get_policy
from shared.settings import Settings, get_settings
from triggers.answers import json_answer, problem
from triggers.body import MAX_BODY_BYTES
from triggers.cases import find_record
from triggers.deciding import Answerer, parse_decision, send_decision
from triggers.guard import guarded
from triggers.identity import taken_too
from triggers.principal import is_nick_of

if TYPE_CHECKING:
    from shared.providers.slack import Slack

blueprint = df.Blueprint()

MAIL_SECONDS = 1.5
"""How long looking up who pressed may take."""
_TRY_AGAIN = "nothing was done: the case store does not answer; try again in a minute"
_log = logging.getLogger("tourniquet.triggers")


class Person(VendorModel):
    """Who pressed the button."""

    id: str = Field(pattern=r"^[UW][A-Z0-9]{2,30}$")
    username: str = Field(default="", max_length=200)
    name: str = Field(default="", max_length=200)


class Pressed(VendorModel):
    """One element that was used; only buttons have a value."""

    action_id: str
    value: str = ""


class Place(VendorModel):
    """The channel, or the message, where it happened."""

    id: str = ""
    name: str = ""
    ts: str = ""


class Option(VendorModel):
    """One ticked box."""

    value: str = ""


class Element(VendorModel):
    """An element of the message, with what is chosen in it."""

    selected_options: list[Option] = Field(default_factory=list)


class State(VendorModel):
    """What the message's elements hold, by block and element."""

    values: dict[str, dict[str, Element]] = Field(default_factory=dict)


class Interaction(VendorModel):
    """The parts of a ``block_actions`` payload that are used."""

    type: str
    user: Person
    actions: list[Pressed] = Field(default_factory=list)
    channel: Place = Place()
    message: Place = Place()
    state: State = State()

    def pressed(self, name: str) -> Pressed | None:
        """Return the button of that name, or ``None`` when something else was used, as a box."""
        ours = (one for one in self.actions if one.action_id.partition(":")[0] == name)
        return next(ours, None)

    @property
    def ticked(self) -> list[str]:
        """What is ticked, in the order shown."""
        elements = [one for block in self.state.values.values() for one in block.values()]
        return [option.value for element in elements for option in element.selected_options]


@blueprint.route(route="slack/interactions", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@blueprint.durable_client_input(client_name="client")
@guarded
async def slack_interaction(
    req: func.HttpRequest, client: df.DurableFunctionsClient
) -> func.HttpResponse:
    """Take what somebody did with a message of ours; Slack's signature is the authentication."""
    from shared.providers.slack.question import DECIDE
    from shared.providers.slack.signature import is_genuine

    settings = get_settings()
    if settings.slack_signing_secret is None:
        return problem(404, "Decisions in Slack are switched off")
    raw = req.get_body()
    if len(raw) > MAX_BODY_BYTES:
        return problem(413, "The body is too large")
    if not is_genuine(
        settings.slack_signing_secret.get_secret_value(),
        req.headers.get("x-slack-request-timestamp", ""),
        req.headers.get("x-slack-signature", ""),
        raw,
        now=time.time(),
    ):
        _log.warning("a Slack interaction without a valid signature was refused")
        return problem(401, "The signature is not Slack's, or too old")
    try:
        interaction = _read(raw)
    except (ValueError, RecursionError):
        return problem(400, "This is not an interaction as Slack sends it")
    pressed = interaction.pressed(DECIDE) if interaction.type == "block_actions" else None
    if pressed is not None:
        refusal = await _decide(client, settings, interaction, pressed)
        if refusal:
            _log.warning("a decision in Slack was refused: %s", refusal)
            await _tell(interaction, refusal)
    return json_answer({})


def _read(raw: bytes) -> Interaction:
    fields = parse_qs(raw.decode("utf-8"), max_num_fields=10)
    return Interaction.model_validate(json.loads(fields.get("payload", ["null"])[0]))


async def _decide(
    client: df.DurableFunctionsClient,
    settings: Settings,
    interaction: Interaction,
    pressed: Pressed,
) -> str | None:
    """Send the decision to the case, or return why it was not taken."""
    case_id, _space, token = pressed.value.partition(" ")
    key = settings.link_signing_key
    claims = (
        read_token(key.get_secret_value(), token, case_id, Purpose.DECISION, now=time.time())
        if key is not None
        else "no key is configured"
    )
    if not isinstance(claims, Claims):
        _log.warning("a button in Slack was refused: its token is %s", claims)
        return "this question has expired; the case is in the ticket"
    who = interaction.user
    approvers = get_policy().asking.approvers.slack
    if who.id not in approvers:
        return "you are not among those who may decide (the policy's asking.approvers.slack)"
    alone = pressed.action_id.partition(":")[2]
    try:
        chosen = {"actions": [alone] if alone else interaction.ticked}
        body = parse_decision(chosen | {"question": claims.question})
    except InvalidBody:
        return "nothing was done: tick at least one action, or press one of the other buttons"
    try:
        record = await find_record(client, case_id)
    except TourniquetError:
        return _TRY_AGAIN
    if record is None:
        return "there is no such case any more"
    if refusal := await _why_not_this_person(who, record):
        return refusal
    by = Answerer(
        f"{who.username or who.id} (Slack {who.id})",
        "slack",
        f"{SLACK}:{who.id}",
        claims.question,
        claims.run,
    )
    try:
        decision = await send_decision(client, record, body, by)
    except TourniquetError:
        return _TRY_AGAIN
    return decision if isinstance(decision, str) else None


async def _why_not_this_person(who: Person, record: Json) -> str | None:
    """Refuse whoever has the case's account, or one in the same attacker's hands.

    A short name in Slack can be changed and proves nothing, so who has none of these accounts is
    known by the mail address alone. Slack waits for 3 seconds in all.
    """
    account = record["account"]
    if not account:
        return None
    mail = await _mail_of(who)
    nicks = (who.username, who.name, mail or "", (mail or "").partition("@")[0])
    if is_nick_of(nicks, account):
        return "this case is about your own account; somebody else has to decide"
    if any(is_nick_of(nicks, {"user_principal_name": name}) for name in taken_too(record)):
        return "your own account was hit by the same attack; somebody else has to decide"
    if mail is None:
        page = str((record.get("links") or {}).get("decision", "")).partition("?")[0]
        return (
            "nothing was done: Slack does not tell the app your mail address, so nobody can see "
            "whether this case is about your own account; decide on the page instead, by the link "
            f"in the message or in the ticket {page}".rstrip()
        )
    return None


async def _mail_of(who: Person) -> str | None:
    """Return the mail address; ``None`` when Slack does not tell it in time."""
    slack = _slack()
    if slack is None:
        return None
    try:
        async with asyncio.timeout(MAIL_SECONDS):
            return await slack.mail_of(who.id) or None
    except (TourniquetError, TimeoutError) as error:
        why = error.describe() if isinstance(error, TourniquetError) else "no answer in time"
        _log.warning("whose account a Slack user has is not known: %s", why)
        return None


def _slack() -> "Slack | None":
    from shared.providers.slack import Slack

    return next((one for one in get_providers().notifiers if isinstance(one, Slack)), None)


async def _tell(interaction: Interaction, text: str) -> None:
    slack = _slack()
    if slack is None:
        return
    try:
        await slack.reply(
            channel=interaction.channel.id,
            ts=interaction.message.ts,
            user=interaction.user.id,
            text=text,
        )
    except TourniquetError as error:
        _log.warning("Slack did not take the answer: %s", error.describe())
