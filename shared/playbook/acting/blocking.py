"""What an address's block came to on several firewalls, in one outcome."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from shared.models.base import Json
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName


def block_outcome(
    address: str, states: Sequence[Json], cannot: Mapping[str, str], at: datetime
) -> ActionOutcome:
    """Return the one outcome of a block on several firewalls.

    It succeeded if every firewall that can take the address took it; it is verified if each of
    them says that the block is in force. ``undo`` names the firewalls on which the block is ours,
    also when another one failed: there it has to be lifted again.

    Args:
        address: what was blocked.
        states: what ``align_firewall`` returned, one for each firewall that can take the address.
        cannot: firewalls that can never take it, and why.
        at: when.
    """
    refused = [one for one in states if one["refused"]]
    failed = bool(refused)
    read = [_verified(one) for one in states if not one["refused"]]
    verified = None
    if read and not failed:
        verified = False if False in read else None if None in read else True
    elif any(_broken(one) for one in states):
        verified = False
    ours = [one for one in states if one["ours"] and not one["refused"]]
    # Where every answer was lost a block may be there all the same: it has to be lifted in time.
    ours = ours or [one for one in states if one["ours"] and one.get("unsure")]
    lines = [f"{one['firewall']}: {_said(one)}" for one in states]
    lines += [f"{name}: not possible, {why}" for name, why in cannot.items()]
    return ActionOutcome(
        action=ActionName.BLOCK_IP,
        target=address,
        status=ActionStatus.FAILED if failed else ActionStatus.SUCCEEDED,
        verified=verified,
        detail="; ".join(lines),
        at=at,
        undo={
            "rule_id": ours[0]["rule_id"],
            "firewalls": [one["firewall"] for one in ours],
        }
        if ours
        else None,
        elsewhere=failed and all(one.get("forbidden") for one in refused),
    )


def pending_block(outcome: Json) -> Json:
    """Return the outcome of a block that is to be tried again: an undo of it ends the tries."""
    return outcome | {"undo": outcome["undo"] or {"rule_id": None, "firewalls": []}}


def is_somewhere(outcome: Json) -> bool:
    """Return whether the block is ours on any firewall, rather than nowhere or only tried."""
    return bool((outcome["undo"] or {}).get("firewalls"))


def made_good(outcome: Json) -> Json:
    """Return what completes the block ``Conditional_Firewall_IP_Block`` after a late success."""
    word = "succeeded, verified" if outcome["verified"] else "succeeded"
    undo = outcome["undo"] or {}
    return {
        "outputs": {"ip_block_status": word, "firewall_rule_id": undo.get("rule_id")},
        "resolved_notes": [f"{outcome['action']} on {outcome['target']} {ActionStatus.FAILED}"],
    }


def lift_result(left: Json, states: Sequence[Json], case_id: str) -> Json:
    """Return ``{"status", "verified", "detail"}`` of ending a case's hold of an address.

    Args:
        left: what the address's entity knows after the hold ended, and if a firewall was to block
            the address again meanwhile (``wanted``), what it knows since then.
        states: what ``align_firewall`` returned for each firewall that had the block.
        case_id: whose hold ended.
    """
    if left["cases"] and case_id not in left["cases"]:
        others = ", ".join(left["cases"])
        detail = f"stays blocked until {left['until']}: also held by {others}"
        return {"status": ActionStatus.SUCCEEDED, "verified": True, "detail": detail}
    if not states:
        detail = "was not blocked any more"
        return {"status": ActionStatus.SUCCEEDED, "verified": True, "detail": detail}
    detail = "; ".join(f"{one['firewall']}: {_said(one)}" for one in states)
    if any(one["refused"] for one in states):
        denied = False if any(_broken(one) for one in states) else None
        return {"status": ActionStatus.FAILED, "verified": denied, "detail": detail}
    if any(one["wanted"] for one in states):
        again = f"not lifted, it was to be blocked again meanwhile: {detail}"
        return {"status": ActionStatus.FAILED, "verified": False, "detail": again}
    read = [_verified(one) for one in states]
    if False in read:
        return {"status": ActionStatus.FAILED, "verified": False, "detail": detail}
    return {
        "status": ActionStatus.SUCCEEDED,
        "verified": None if None in read else True,
        "detail": detail,
    }


def _verified(one: Json) -> bool | None:
    state = one["state"]
    if state is None:
        return None
    if state["present"] is not one["wanted"]:
        return False
    return True if state["provisioned"] else None


def _broken(one: Json) -> bool:
    """Return whether the firewall says itself that the change did not get through."""
    return bool(one["state"] and one["state"].get("broken"))


def _said(one: Json) -> str:
    if one.get("forbidden"):
        return f"not asked, {one['refused']}"
    if one["refused"]:
        return f"failed, {one['refused']}"
    state = one["state"]
    if state is None:
        return f"accepted, could not be read back: {one['error'] or 'no answer'}"
    word = "blocked" if one["wanted"] else "lifted"
    if state["present"] is not one["wanted"]:
        there = "is still there" if state["present"] else "is not there"
        return f"accepted, but the address {there}"
    if not one["ours"]:
        word = "blocked before this case by somebody else"
    force = "in force" if state["provisioned"] else "accepted, not yet in force"
    return f"{word}, {force}" + (f" ({state['detail']})" if state["detail"] else "")
