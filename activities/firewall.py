"""Blocking addresses: start, read back and lift, on the configured firewall."""

from typing import Any

from durabletask import task

from activities.support import explain, utc_now
from shared.bootstrap import get_providers
from shared.errors import NotConfigured, PermanentError
from shared.models.base import Json
from shared.models.message import BlockState
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName
from shared.ports import Firewall


def _firewall() -> Firewall:
    firewalls = get_providers().firewalls
    if not firewalls:
        raise NotConfigured("no firewall is configured", vendor="firewall", operation="block")
    return firewalls[0]


async def read_block(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Return whether an address is on the firewall and in force.

    Input: ``{"case_id", "address"}``; output: a ``BlockState``.

    Effect: none, reads only.
    Idempotency: a read.
    Permission: Microsoft.Network/ipGroups/read.
    """
    state = await _firewall().get_block(payload["address"])
    return state.to_json()


async def block_ip(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Ask the firewall to block an address; returns before the change is in force.

    Input: ``{"case_id", "address", "before": BlockState | None}``; output: an ``ActionOutcome``
    whose ``undo`` names the rule, or ``None`` when the address was blocked before this case.

    Effect: the address is in the firewall's block list.
    Idempotency: not done when the address is already there.
    Permission: Microsoft.Network/ipGroups/read and write on that IP group only.
    """
    address = payload["address"]
    before = BlockState.model_validate(payload["before"]) if payload.get("before") else None
    try:
        state = await _firewall().block(address)
    except PermanentError as error:
        return _outcome(address, ActionStatus.FAILED, explain(error))
    was_before = before is not None and before.present
    in_force = state.present and state.provisioned
    return _outcome(
        address,
        ActionStatus.SUCCEEDED,
        "was blocked before this case" if was_before else f"accepted: {state.rule_id}",
        verified=True if in_force else None,
        undo=None if was_before else {"rule_id": state.rule_id},
    )


async def unblock_ip(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Take an address off the firewall: expiry of a block, or its undo.

    Input: ``{"case_id", "address"}``; output: a ``BlockState`` with ``present`` false.

    Effect: the address is no longer in the firewall's block list.
    Idempotency: not done when the address is not there.
    Permission: Microsoft.Network/ipGroups/read and write on that IP group only.
    """
    state = await _firewall().unblock(payload["address"])
    return state.to_json()


def _outcome(
    address: str,
    status: ActionStatus,
    detail: str,
    *,
    verified: bool | None = None,
    undo: Json | None = None,
) -> Json:
    return ActionOutcome(
        action=ActionName.BLOCK_IP,
        target=address,
        status=status,
        verified=verified,
        detail=detail,
        at=utc_now(),
        undo=undo,
    ).to_json()
