"""Who may give an account back: take actions back, lift a block, ask for an access pass."""

import secrets
from collections.abc import Collection

import azure.functions as func

from shared.case_links import Purpose
from shared.models.access_pass import NoPass, why_no_pass
from shared.models.account_kind import AccountKind
from shared.models.base import Json
from shared.models.case import CaseRecord
from shared.playbook.planning.silence import needs_two
from shared.policy import get_policy, observes
from shared.settings import Settings
from triggers.identity import AUTOMATION, Caller, Refusal, find_caller, own_account
from triggers.principal import is_sign_in_on
from triggers.undo_by_two import decided_by_two


def one_of_two(caller: Caller, record: Json) -> Refusal | None:
    """Refuse to give back, by a link's session alone, an account that two people decide about.

    One person held the link, whoever contained the account, and nothing proves who that was.
    """
    if caller.person is not None or caller.name == AUTOMATION:
        return None
    if not decided_by_two(record):
        return None
    return Refusal(
        403,
        "Two people decide about such an account",
        "Only an approver who is signed in takes anything of this case back, or the automation "
        "key; a link does not prove who asks. Nothing was changed.",
        "an undo by a link where two people decide",
        sign_in=is_sign_in_on(),
    )


def undo_mark(request: func.HttpRequest, settings: Settings, record: Json) -> str | None:
    """Return what the page's undo form must repeat; ``None``: whoever looks gets no such form."""
    caller = find_caller(request, settings, record["case_id"], Purpose.UNDO)
    if isinstance(caller, Refusal) or own_account(caller, record) or one_of_two(caller, record):
        return None
    return caller.csrf


def pass_form(request: func.HttpRequest, settings: Settings, record: Json) -> Json | None:
    """Return what the page's form for an access pass repeats; ``None``: there is no such form."""
    caller = find_caller(request, settings, record["case_id"], Purpose.UNDO)
    if isinstance(caller, Refusal) or link_alone(caller) or own_account(caller, record):
        return None
    if observes(settings) or for_two(record) or why_no_pass(CaseRecord.model_validate(record)):
        return None
    return {"csrf": caller.csrf, "form": secrets.token_urlsafe(12)}


def for_two(record: Json, kinds: Collection[AccountKind] = ()) -> NoPass | None:
    """Return why nobody gets a pass for an account that two people decide about.

    A pass gives the account to whoever asks for it, so one of the two could take it back alone.
    ``kinds``: what the account is now, where that was asked; it counts beside the record's.
    """
    if not (decided_by_two(record) or (kinds and needs_two(get_policy().asking, kinds))):
        return None
    return NoPass(
        "Two people decide about such an account",
        "A pass would give it to one of them alone: the help desk issues it in Entra.",
    )


def link_alone(caller: Caller) -> Refusal | None:
    """Refuse who came by a link or its session: what gives the account away needs a name."""
    if caller.person is not None or caller.name == AUTOMATION:
        return None
    return Refusal(
        403,
        "This needs a person who is signed in",
        "A pass opens the account. Only an approver who is signed in gets one, or the automation "
        "key; a link does not prove who asks. Nothing was changed.",
        "an access pass by a link",
        sign_in=is_sign_in_on(),
    )
