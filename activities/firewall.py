"""Blocks on the configured firewalls: which can take an address, change several, read one back."""

from typing import Any

from durabletask import task

from activities.support import explain
from shared.bootstrap import get_providers
from shared.errors import NotConfigured, PermanentError
from shared.models.firewall import BlockAnswer, WantedBlock
from shared.playbook.addresses import why_never_block
from shared.policy import get_policy
from shared.ports import Firewall


def _firewall(name: str) -> Firewall:
    for one in get_providers().firewalls:
        if one.name == name:
            return one
    raise NotConfigured("this firewall is not configured", vendor=name, operation="block")


def _why_forbidden(address: str) -> str | None:
    """Return why the policy in force now forbids to block an address, whoever wanted it before."""
    never = why_never_block(address, get_policy().never_block.addresses)
    return f"the policy forbids it: {never}" if never else None


async def list_firewalls(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Return which configured firewalls can take an address, and why the others never can.

    Input: ``{"case_id", "address"}``; output: ``{"firewalls": [names], "cannot": {name: why},
    "forbidden": why the policy lets none take it, or None}``. It is an activity so that its result
    is history: a changed setting never changes a block that is under way.

    Effect: none.
    Idempotency: the same settings give the same result.
    Permission: none.
    """
    address = payload["address"]
    forbidden = _why_forbidden(address)
    reasons = {one.name: forbidden or one.why_not(address) for one in get_providers().firewalls}
    return {
        "firewalls": [name for name, why in reasons.items() if why is None],
        "cannot": {name: why for name, why in reasons.items() if why is not None},
        "forbidden": forbidden,
    }


async def read_block(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Return whether an address is on a firewall and in force.

    Input: ``{"case_id", "firewall", "address", "before"}``; output: a ``BlockState``. ``before``
    (default false): it is about to be written, and ``{"refused": why, "forbidden": by the policy}``
    answers what no second try would read, and what must not be written.

    Effect: none, reads only.
    Idempotency: a read.
    Permission: Microsoft.Network/ipGroups/read; Policy.Read.All for the named location; an API
        key of PAN-OS; Storage Blob Data Contributor for the hosted list.
    """
    before = bool(payload.get("before"))
    if before and (why := _why_forbidden(payload["address"])):
        return {"refused": why, "forbidden": True}
    try:
        state = await _firewall(payload["firewall"]).get_block(payload["address"])
    except PermanentError as error:
        if not before:
            raise
        return {"refused": explain(error), "forbidden": False}
    return state.to_json()


async def change_firewall(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Block and lift addresses on one firewall in one go; returns before it is in force.

    Input: ``{"case_id", "firewall", "block": [WantedBlock], "lift": [addresses]}``; output:
    ``{"answers": {address: BlockAnswer}, "apart"}``, one for each. The addresses are of several
    cases: ``case_id`` is the one that happens to write for all. ``apart``: what was asked for was
    refused as a whole, perhaps for one address only, so that its parts are worth a try. What the
    policy in force now forbids is answered and not written, however long ago it was wanted; to lift
    it is never refused.

    Effect: the addresses are on, or no longer on, the firewall's block list.
    Idempotency: nothing is written when the firewall has it so already.
    Permission: Microsoft.Network/ipGroups/read and Microsoft.Network/ipGroups/write on that IP
        group only; Policy.Read.All with Policy.ReadWrite.ConditionalAccess for the named location;
        an API key of PAN-OS; Storage Blob Data Contributor for the hosted list.
    """
    wanted = [WantedBlock.model_validate(item) for item in payload["block"]]
    forbidden = {
        one.address: BlockAnswer(refused=why, forbidden=True)
        for one in wanted
        if (why := _why_forbidden(one.address))
    }
    block = [one for one in wanted if one.address not in forbidden]
    lift = list(payload["lift"])
    apart, answers = False, dict[str, BlockAnswer]()
    try:
        if block or lift:
            answers = await _firewall(payload["firewall"]).change(block, lift)
    except PermanentError as error:
        # A missing permission or setting, or a target that is not there, is so for every part.
        apart = type(error) is PermanentError and len(block) + len(lift) > 1
        refused = BlockAnswer(refused=explain(error))
        answers = dict.fromkeys([*(one.address for one in block), *lift], refused)
    told = {address: answer.to_json() for address, answer in (answers | forbidden).items()}
    return {"answers": told, "apart": apart}
