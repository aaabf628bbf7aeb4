"""Which directory: the one a payload names, and the one that serves a case.

The directory that the alert points to is asked first, then Entra, then the others. The first that
does not say that it has no such account serves the case: one that cannot be asked may have it, and
to contain the account elsewhere instead would be a guess.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from activities.support import explain, gather_parts
from shared.bootstrap import ENTRA, get_providers
from shared.errors import NotConfigured, NotFound, PermanentError, TourniquetError
from shared.models.base import Json
from shared.models.case import Account
from shared.models.directory import DirectoryUser
from shared.ports import Directory


def directory_of(payload: Mapping[str, Any]) -> Directory:
    """Return the directory that an activity's payload names; none named means Entra.

    Raises:
        NotConfigured: it is not configured.
    """
    return get_providers().directory_of(payload.get("directory") or ENTRA)


@dataclass(frozen=True)
class Found:
    """Which directory serves an account.

    Attributes:
        name: the directory.
        user: the account there, ``None`` when it could not be read.
        others: directories that were not asked yet.
        notes: why the account could not be read.
    """

    name: str
    user: DirectoryUser | None = None
    others: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


async def names_in_log(account: Account) -> tuple[str | None, str]:
    """Return object id and principal name by which sign-in logs know the account.

    An incident may tell a SID or a bare name alone, which no sign-in log has: asked for it, they
    answer "nothing", which must not be taken for "nothing happened".

    Raises:
        PermanentError: neither incident nor directory tells them.
    """
    if account.object_id or account.user_principal_name:
        return account.object_id, account.user_principal_name or account.user_id
    found = await find_account(account)
    if found.user is None:
        why = "; ".join(found.notes)
        raise PermanentError(f"the account's object id and principal name are not known ({why})")
    return found.user.object_id, found.user.user_principal_name


async def find_account(account: Account) -> Found:
    """Return the directory that serves the account; see the module."""
    known = get_providers().all_directories()
    first = [account.directory] if account.directory in known else []
    order = list(dict.fromkeys([*first, *known]))
    if not order:
        return Found(ENTRA, notes=[f"profile: {NotConfigured('no directory is configured')}"])
    missing: list[str] = []
    for index, name in enumerate(order):
        try:
            user = await known[name].get_user(_name_in(name, account))
        except NotFound as error:
            missing.append(f"profile: {explain(error)}")
        except TourniquetError as error:
            return Found(name, notes=[*missing, f"profile: {explain(error)}"])
        else:
            return Found(name, user, others=order[index + 1 :] + order[:index])
    return Found(order[0], notes=missing)


async def also_in(found: Found, user: DirectoryUser) -> tuple[list[Json], list[str]]:
    """Return the same account in other directories, and notes about those that did not answer.

    The same principal name is the same person: organisations give it out once.
    """
    known = get_providers().all_directories()
    calls = {name: known[name].get_user(user.user_principal_name) for name in found.others}
    parts = await gather_parts({name: _or_nobody(call) for name, call in calls.items()})
    twins = [
        {
            "directory": name,
            "object_id": twin.object_id,
            "user_principal_name": twin.user_principal_name,
            "mail_addresses": twin.mail_addresses,
            "account_enabled": twin.account_enabled,
        }
        for name, twin in parts.results.items()
        if twin is not None
    ]
    roles = await gather_parts(
        {
            str(twin["directory"]): all_roles(known[str(twin["directory"])], str(twin["object_id"]))
            for twin in twins
        }
    )
    for twin in twins:
        twin["roles"] = roles[str(twin["directory"])]
    notes = [*parts.notes, *(f"{note} (roles)" for note in roles.notes)]
    return twins, [f"the same account in {note}" for note in notes]


async def all_roles(directory: Directory, object_id: str) -> list[str]:
    """Return the roles that an account holds, and those that it is eligible for, as such."""
    held, eligible = await asyncio.gather(
        directory.get_memberships(object_id), directory.get_eligible_roles(object_id)
    )
    return held.roles + [f"{role} (eligible)" for role in eligible]


async def _or_nobody(call: Any) -> DirectoryUser | None:
    try:
        user: DirectoryUser = await call
    except NotFound:
        return None
    return user


def _name_in(directory: str, account: Account) -> str:
    """An object id means something to Entra only."""
    if directory == ENTRA:
        return account.user_id
    return account.user_principal_name or account.user_id
