"""What kinds of account it is by now: listed since it was judged, or made an administrator."""

import asyncio

from shared.bootstrap import get_providers
from shared.errors import TourniquetError
from shared.models.account_kind import AccountKind
from shared.models.base import Json
from shared.models.directory import ENTRA
from shared.playbook.planning.guard_rails import AccountFacts, classify_account
from shared.playbook.planning.silence import needs_two
from shared.policy import get_policy
from triggers.principal import names_of

ROLE_SECONDS = 10.0
"""How long a person waits for the directory to tell the roles; then nobody knows them."""
SLACK_SECONDS = 1.0
"""The same in Slack, which shows a failure after 3 seconds in all, whatever counted."""


def listed_now(account: Json | None, *, is_admin: bool = False) -> set[AccountKind]:
    """Return the kinds that today's policy lists the account as, by all its names."""
    accounts = get_policy().accounts
    kinds = classify_account(
        AccountFacts(identifiers=sorted(names_of(account)), known=True, is_admin_role=is_admin),
        break_glass=accounts.break_glass,
        vip=accounts.vip,
        service=accounts.service,
    )
    return kinds - {AccountKind.ORDINARY}


async def became_one_for_two(account: Json, seconds: float = ROLE_SECONDS) -> bool:
    """Return whether the account is by now one that two people decide about, as by a new role."""
    asking = get_policy().asking
    if not asking.two_persons:
        return False
    kinds = await kinds_now(account, seconds)
    return bool(kinds) and needs_two(asking, kinds)


async def kinds_now(account: Json, seconds: float = ROLE_SECONDS) -> set[AccountKind]:
    """Return what the lists and the account's roles make it, in every directory that it is in.

    ``UNKNOWN`` is among them while a role cannot be read within ``seconds``: it may have one by
    now.
    """
    places = [account, *(account.get("also_in") or [])]
    try:
        async with asyncio.timeout(seconds):
            found = (_has_role(one) for one in places if one.get("object_id"))
            roles = await asyncio.gather(*found)
    except (TourniquetError, TimeoutError):
        return listed_now(account) | {AccountKind.UNKNOWN}
    return listed_now(account, is_admin=any(roles))


async def _has_role(place: Json) -> bool:
    directory = get_providers().directory_of(str(place.get("directory") or ENTRA))
    found = str(place["object_id"])
    held, eligible = await asyncio.gather(
        directory.get_memberships(found), directory.get_eligible_roles(found)
    )
    return bool(held.roles or eligible)
