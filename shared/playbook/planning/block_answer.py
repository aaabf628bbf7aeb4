"""What an answer to block an address means: of the one that was shown, unless it is protected."""

from collections.abc import Sequence

from shared.models.asked import Asked
from shared.models.plan import ActionName, Decision, Disposition, PlannedAction
from shared.playbook.planning.decided import NOT_THE_ATTACKS, Decided

_FORBIDDEN = "neither the rules nor a configured firewall allow it"


def why_no_block(decided: Decided, address: str | None) -> str | None:
    """Return what a judgement knows against blocking an address, or ``None``.

    A newer judgement may be about another address; then it says only what the policy's list says.
    """
    if address is None or address == decided.blockable_address:
        return None
    asks = (line.action for line in decided.plan if line.disposition is Disposition.ASK)
    if address == decided.address and ActionName.BLOCK_IP in asks:
        return None
    why = decided.spared.get(address)
    if why is not None and why != NOT_THE_ATTACKS:
        return why
    return _FORBIDDEN if address == decided.address else None


def with_asked_address(plan: Sequence[PlannedAction], asked: Asked) -> list[PlannedAction]:
    """Return the plan, which says, too, that the address of a question is protected, if it is."""
    known = {line.target for line in plan if line.action is ActionName.BLOCK_IP}
    line = asked.protected()
    return [*plan] if line is None or line.target in known else [*plan, line]


def why_only_forbidden(answer: Decision, asked: Asked | None) -> str | None:
    """Return why an answer that can do nothing at all is refused, so that it is not used up."""
    if asked is None or not asked.why_no_block or set(answer.actions) != {ActionName.BLOCK_IP}:
        return None
    return (
        f"nothing would be done: {asked.address} must not be blocked ({asked.why_no_block}); "
        "choose something else"
    )
