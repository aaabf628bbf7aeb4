"""How large the organisation is, which the breaker's share of the directory is of."""

from typing import Any

from durabletask import task

from shared.bootstrap import get_providers


async def count_users(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Count the enabled users of Entra ID.

    Input: ``{"case_id"}``. Returns ``{"users": number}``; ``None`` when the directory cannot tell
    now, or is not configured: Okta has no such count, so an organisation that has only Okta is
    held by the hour's limits alone. Never fails.

    Effect: none, reads only; the provider remembers the answer for hours.
    Idempotency: a read.
    Permission: User.Read.All (Microsoft Graph application permission).
    """
    directory = get_providers().directory
    return {"users": None if directory is None else await directory.count_users()}
