"""Whether silence may still do what it was to do when the question was put.

Switching the mode down, and taking something out of the policy, is how people stop the app. What
was asked before must not happen after it just because nobody answered.
"""

from collections.abc import Collection, Sequence

from shared.models.account_kind import AccountKind
from shared.models.business_hours import lower
from shared.models.case import OperatingMode
from shared.models.plan import ActionName
from shared.models.policy import Policy
from shared.playbook.addresses import why_never_block
from shared.playbook.planning.decided import Decided
from shared.playbook.planning.permission import ModeNow
from shared.playbook.planning.silence import permitted_on_silence


def still_permitted(
    actions: Sequence[ActionName],
    decided: Decided,
    policy: Policy,
    now: ModeNow,
    kinds: Collection[AccountKind],
) -> tuple[list[ActionName], str]:
    """Return which actions silence may still do, and why it may not do the others.

    Args:
        actions: what silence was to do.
        decided: the judgement by which people were asked.
        policy: the policy in force now.
        now: the mode in force now, business hours included.
        kinds: what the account is, by what is known and listed now.
    """
    if now.mode is OperatingMode.OBSERVE:
        return [], f"{now.name}: nothing is done"
    if decided.mode is not None and lower(now.mode, decided.mode) is not decided.mode:
        return [], f"{now.name}, and it was {decided.mode} mode when people were asked"
    confidence = decided.verdict.compromise_confidence_score
    silent = permitted_on_silence(policy.asking, kinds, confidence)
    withdrawn = [
        action
        for action in actions
        if action in decided.alone
        and not all(policy.allows(action, kind, confidence) for kind in kinds)
    ]
    left = [action for action in actions if action in silent and action not in withdrawn]
    gone = [action for action in actions if action not in left]
    why = [f"the policy in force now does not allow it without an answer: {', '.join(gone)}"]
    never = why_never_block(decided.address or "", policy.never_block.addresses)
    if ActionName.BLOCK_IP in left and never:
        left.remove(ActionName.BLOCK_IP)
        why.append(f"{decided.address} is never blocked: {never}")
    return left, "; ".join(why if gone else why[1:])
