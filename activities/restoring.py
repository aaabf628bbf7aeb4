"""Taking back what was taken away from an account: inbox rules and consents.

Input and output of these activities: see ``activities.undoing``.
"""

from collections.abc import Awaitable
from typing import Any

from durabletask import task

from activities.support import explain
from activities.undoing import undo_answer
from shared.bootstrap import get_providers
from shared.errors import Conflict, PermanentError
from shared.models.base import Json
from shared.models.directory import ENTRA
from shared.models.persistence import ConsentGrant
from shared.models.undo import UndoStatus


async def enable_inbox_rules(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Enable the inbox rules that were disabled: the undo of ``disable_inbox_rules``.

    Input and output: see ``activities.undoing``.

    Effect: exactly the rules in the outcome's ``undo`` are on again.
    Idempotency: a rule that is on is left alone.
    Permission: MailboxSettings.ReadWrite.
    """
    mailbox, object_id = get_providers().require("mailbox"), payload["object_id"]
    wanted = {rule["id"]: rule["name"] for rule in payload["outcome"]["undo"]["rules"]}
    refused: list[str] = []
    try:
        now = {one.id: one for one in await mailbox.list_rules(object_id) if one.id in wanted}
        off = [] if payload.get("read_back") else [one for one in now.values() if not one.enabled]
        for one in off:
            enable = mailbox.set_rule_enabled(object_id, one.id, enabled=True)
            refused += await _refusal(wanted[one.id], enable)
        if off:
            now = {one.id: one for one in await mailbox.list_rules(object_id)}
    except PermanentError as error:
        return undo_answer(UndoStatus.FAILED, None, explain(error))
    back = [name for key, name in wanted.items() if key in now and now[key].enabled]
    if refused:
        return _not_all(refused, back)
    if gone := [name for key, name in wanted.items() if key not in now]:
        return undo_answer(UndoStatus.FAILED, False, f"deleted meanwhile: {', '.join(gone)}")
    on = all(now[key].enabled for key in wanted)
    words = "enabled again" if on else "not shown as enabled yet"
    return undo_answer(UndoStatus.SUCCEEDED, on, f"{words}: {', '.join(wanted.values())}")


async def restore_oauth_grants(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Give the consents again that were revoked: the undo of ``revoke_oauth_grants``.

    Input and output: see ``activities.undoing``.

    Effect: each application has the same permissions for the account as before.
    Idempotency: a consent that is there is left alone; one for the same application with other
    permissions is not changed, which a person has to look at.
    Permission: DelegatedPermissionGrant.ReadWrite.All.
    """
    port = get_providers().grants_of(payload.get("directory") or ENTRA)
    object_id = payload["object_id"]
    wanted = [ConsentGrant.model_validate(one) for one in payload["outcome"]["undo"]["grants"]]
    refused: list[str] = []
    try:
        now = await port.list_grants(object_id)
        missing = [one for one in wanted if not any(_same(one, other) for other in now)]
        if missing and not payload.get("read_back"):
            for one in missing:
                refused += await _refusal(one.label, port.restore_grant(object_id, one))
            now = await port.list_grants(object_id)
    except PermanentError as error:
        return undo_answer(UndoStatus.FAILED, None, explain(error))
    if refused:
        back = [one.label for one in wanted if any(_same(one, other) for other in now)]
        return _not_all(refused, back)
    there = all(any(_same(one, other) for other in now) for one in wanted)
    words = "given again" if there else "not shown yet"
    labels = ", ".join(one.label for one in wanted)
    return undo_answer(UndoStatus.SUCCEEDED, there, f"{words}: {labels}")


async def _refusal(label: str, effect: Awaitable[None]) -> list[str]:
    """Restore one thing; return why it cannot be, so that the others have their turn."""
    try:
        await effect
    except Conflict as error:
        why = f"{explain(error)}; the user has consented anew with other permissions: compare"
        return [f"{label}: {why}"]
    except PermanentError as error:
        return [f"{label}: {explain(error)}"]
    return []


def _not_all(refused: list[str], back: list[str]) -> Json:
    also = [f"restored: {', '.join(back)}"] if back else []
    return undo_answer(UndoStatus.FAILED, None, "; ".join([*refused, *also]))


def _same(one: ConsentGrant, other: ConsentGrant) -> bool:
    """Whether the other allows the same application at least as much on the same interface."""
    mine, others = set(one.scope.split()), set(other.scope.split())
    pair = (one.client_id, one.resource_id)
    return pair == (other.client_id, other.resource_id) and mine <= others
