"""How large the organisation is, which the breaker's shares are of."""

import asyncio
from typing import Any

from durabletask import task

from shared.bootstrap import get_providers
from shared.models.account_kind import AccountKind
from shared.models.plan import ActionName
from shared.models.policy import Policy
from shared.policy import get_policy


async def count_users(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Count the enabled users of Entra ID, and those who are privileged.

    Input: ``{"case_id"}``. Returns ``{"users": number, "privileged": number}``; ``None`` for what
    the directory cannot tell now, or when it is not configured: Okta has no such count, so an
    organisation that has only Okta is held by the hour's limits alone. Who is privileged is not
    counted, either, under a policy that touches none of them without a person. Never fails.

    Effect: none, reads only; the provider remembers the answers for hours.
    Idempotency: a read.
    Permission: User.Read.All, RoleManagement.Read.Directory and
    RoleEligibilitySchedule.Read.Directory (Microsoft Graph application permissions).
    """
    directory = get_providers().directory
    if directory is None:
        return {"users": None, "privileged": None}
    if not touches_privileged(get_policy()):
        return {"users": await directory.count_users(), "privileged": None}
    users, privileged = await asyncio.gather(directory.count_users(), directory.count_privileged())
    return {"users": users, "privileged": privileged}


def touches_privileged(policy: Policy) -> bool:
    """Return whether a privileged account may be contained without a person deciding it."""
    silent = {one for actions in policy.asking.on_silence.values() for one in actions}
    return AccountKind.PRIVILEGED in policy.automatic or bool(silent - {ActionName.MONITOR_ONLY})
