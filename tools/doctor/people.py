"""Who may decide, and the accounts that are never touched: gaps that only show when it matters."""

import os
from collections.abc import Iterator

from shared.bootstrap import Providers
from shared.errors import NotFound, TourniquetError
from shared.models.check import Checked, CheckStatus
from shared.models.directory import DirectoryUser
from shared.models.policy import Approvers, Asking
from shared.policy import decides_in_slack, policy_in_force
from shared.settings import Settings

DECIDING, BREAK_GLASS = "Who may decide", "Break-glass accounts"
_SIGN_IN = "WEBSITE_AUTH_ENABLED"
_UNSEEN = f"(Easy Auth is seen by {_SIGN_IN}=true in these settings, which App Service sets)"


def check_deciding(settings: Settings) -> list[Checked]:
    """Return a line for each way to decide, and for what the policy asks of nobody."""
    asking = policy_in_force(settings).asking
    signs_in = os.environ.get(_SIGN_IN, "").lower() == "true"
    return [
        _page(asking.approvers, signs_in=signs_in),
        *_slack(settings, asking.approvers),
        *_two(settings, asking, signs_in=signs_in),
    ]


def _page(approvers: Approvers, *, signs_in: bool) -> Checked:
    named = [*approvers.people, *(f"role {role}" for role in approvers.roles)]
    if not named:
        detail = "asking.approvers names neither people nor roles: nobody who signs in may decide"
        return _line("the page", CheckStatus.WARNING, detail)
    if not signs_in:
        detail = f"whoever holds the link, unless people sign in {_UNSEEN}"
        return _line("the page", CheckStatus.OK, detail)
    return _line("the page", CheckStatus.OK, ", ".join(named))


def _slack(settings: Settings, approvers: Approvers) -> Iterator[Checked]:
    if settings.slack_bot_token is None:
        return
    if decides_in_slack(settings):
        yield _line("Slack", CheckStatus.OK, ", ".join(approvers.slack))
        return
    gaps = [
        "asking.approvers.slack is empty" if not approvers.slack else "",
        "TOURNIQUET_SLACK_SIGNING_SECRET is not set" if not settings.slack_signing_secret else "",
        "TOURNIQUET_LINK_SIGNING_KEY is not set" if not settings.link_signing_key else "",
    ]
    why = ", ".join(gap for gap in gaps if gap)
    detail = f"nobody decides there, its messages bring the link only: {why}"
    # Who set one half of it wanted decisions there; who set neither did not.
    wanted = bool(approvers.slack or settings.slack_signing_secret)
    yield _line("Slack", CheckStatus.WARNING if wanted else CheckStatus.OFF, detail)


def _two(settings: Settings, asking: Asking, *, signs_in: bool) -> Iterator[Checked]:
    if not asking.two_persons:
        return
    kinds = ", ".join(asking.two_persons)
    in_slack = len(asking.approvers.slack) if decides_in_slack(settings) else 0
    if signs_in or in_slack > 1:
        yield _line("two people", CheckStatus.OK, kinds)
        return
    detail = (
        "without Easy Auth, and without two users in asking.approvers.slack, one holder of a link "
        f"cannot be told from another: nobody can contain these accounts here: {kinds} {_UNSEEN}"
    )
    yield _line("two people", CheckStatus.WARNING, detail)


async def check_break_glass(settings: Settings, providers: Providers) -> list[Checked]:
    """Return a line for each listed account: is it there, and listed by name and object id?

    An incident may bring the one or the other, and an account must be known by either.
    """
    listed = policy_in_force(settings).accounts.break_glass
    folded = {one.casefold() for one in listed}
    lines: dict[str, Checked] = {}
    for one in listed:
        try:
            user = await _find(providers, one)
        except TourniquetError as error:
            detail = f"cannot be looked up: {error.describe()}"
            lines[one] = _listed(one, CheckStatus.WARNING, detail)
            continue
        if user is None:
            detail = "no directory has it under this name: is it misspelt, or renamed?"
            lines[one] = _listed(one, CheckStatus.WARNING, detail)
        else:
            lines[user.object_id] = _complete(user, folded)
    return list(lines.values())


async def _find(providers: Providers, name: str) -> DirectoryUser | None:
    named = [providers.directory, *providers.directories.values()]
    for directory in dict.fromkeys(one for one in named if one is not None):
        try:
            return await directory.get_user(name)
        except NotFound:
            continue
    return None


def _complete(user: DirectoryUser, folded: set[str]) -> Checked:
    name, object_id = user.user_principal_name, user.object_id
    missing = [one for one in (name, object_id) if one.casefold() not in folded]
    if not missing:
        return _listed(name, CheckStatus.OK, f"listed by name and object id {object_id}")
    what = "object id" if missing[0] == object_id else "name"
    detail = f"list its {what} as well, it may be all that an incident brings: {missing[0]}"
    return _listed(name, CheckStatus.WARNING, detail)


def _listed(what: str, status: CheckStatus, detail: str) -> Checked:
    return Checked(area=BREAK_GLASS, what=what, status=status, detail=detail)


def _line(what: str, status: CheckStatus, detail: str) -> Checked:
    return Checked(area=DECIDING, what=what, status=status, detail=detail)
