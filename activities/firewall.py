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


async def list_firewalls(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Return which configured firewalls can take an address, and why the others never can.

    Input: ``{"case_id", "address"}``; output: ``{"firewalls": [names], "cannot": {name: why}}``.
    None takes one that the policy in force now forbids to block, whoever wanted it before. It is an
    activity so that its result is history: a changed setting never changes a block that is under
    way.

    Effect: none.
    Idempotency: the same settings give the same result.
    Permission: none.
    """
    address = payload["address"]
    never = why_never_block(address, get_policy().never_block.addresses)
    why = f"the policy forbids it: {never}" if never else None
    reasons = {one.name: why or one.why_not(address) for one in get_providers().firewalls}
    return {
        "firewalls": [name for name, why in reasons.items() if why is None],
        "cannot": {name: why for name, why in reasons.items() if why is not None},
    }


async def read_block(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Return whether an address is on a firewall and in force.

    Input: ``{"case_id", "firewall", "address", "before"}``; output: a ``BlockState``. ``before``
    (default false): it is about to be written, and ``{"refused": why}`` answers what no second
    try would read.

    Effect: none, reads only.
    Idempotency: a read.
    Permission: Microsoft.Network/ipGroups/read; Policy.Read.All for the named location; an API
        key of PAN-OS; Storage Blob Data Contributor for the hosted list.
    """
    try:
        state = await _firewall(payload["firewall"]).get_block(payload["address"])
    except PermanentError as error:
        if not payload.get("before"):
            raise
        return {"refused": explain(error)}
    return state.to_json()


async def change_firewall(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Block and lift addresses on one firewall in one go; returns before it is in force.

    Input: ``{"case_id", "firewall", "block": [WantedBlock], "lift": [addresses]}``; output:
    ``{"answers": {address: BlockAnswer}, "apart"}``, one for each. The addresses are of several
    cases: ``case_id`` is the one that happens to write for all. ``apart``: what was asked for was
    refused as a whole, perhaps for one address only, so that its parts are worth a try.

    Effect: the addresses are on, or no longer on, the firewall's block list.
    Idempotency: nothing is written when the firewall has it so already.
    Permission: Microsoft.Network/ipGroups/read and Microsoft.Network/ipGroups/write on that IP
        group only; Policy.Read.All with Policy.ReadWrite.ConditionalAccess for the named location;
        an API key of PAN-OS; Storage Blob Data Contributor for the hosted list.
    """
    block = [WantedBlock.model_validate(item) for item in payload["block"]]
    lift = list(payload["lift"])
    apart = False
    try:
        answers = await _firewall(payload["firewall"]).change(block, lift)
    except PermanentError as error:
        # A missing permission or setting, or a target that is not there, is so for every part.
        apart = type(error) is PermanentError and len(block) + len(lift) > 1
        refused = BlockAnswer(refused=explain(error))
        answers = dict.fromkeys([*(one.address for one in block), *lift], refused)
    told = {address: answer.to_json() for address, answer in answers.items()}
    return {"answers": told, "apart": apart}
