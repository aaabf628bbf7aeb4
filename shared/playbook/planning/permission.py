"""Permission: what the policy lets the app do without a person, for this account and at this time.

Guard rails come before it: what must never be done (``why_never``) no policy allows.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from shared.models.account_kind import AccountKind
from shared.models.business_hours import lower
from shared.models.case import OperatingMode
from shared.models.plan import ActionName
from shared.models.policy import SEED_AUTOMATIC, Policy
from shared.models.verdict import Confidence
from shared.playbook.planning.guard_rails import why_ask
from shared.playbook.planning.silence import needs_two


class ModeNow(NamedTuple):
    """The operating mode at a moment, and what it is called in a plan."""

    mode: OperatingMode
    name: str


def mode_at(mode: OperatingMode, policy: Policy, at: datetime) -> ModeNow:
    """Return the mode of a case at a moment: the most careful of all that are asked for.

    Its own, which it keeps from its beginning; the policy's, so that switching down reaches cases
    that have not decided yet; and that of the hour. None of them raises another.
    """
    switched = lower(mode, policy.mode)
    hours = policy.business_hours
    if hours is not None and lower(switched, hours.ceiling(at)) is not switched:
        when = "in" if hours.contain(at) else "outside"
        return ModeNow(hours.ceiling(at), f"{hours.ceiling(at)} mode {when} business hours")
    since = "" if switched is mode else " since the case began"
    return ModeNow(switched, f"{switched} mode{since}")


def why_not_alone(
    action: ActionName,
    now: ModeNow,
    confidence: Confidence,
    kinds: Collection[AccountKind],
    policy: Policy,
) -> list[str]:
    """Return every reason why a person must be asked; none means that it may be done now.

    An account of several kinds needs the permission of each; of one whose kind is not known nobody
    can say what is permitted. What two people have to want is not done by none.
    """
    refusing = {kind for kind in kinds if not policy.allows(action, kind, confidence)}
    reasons = why_ask(refusing) if refusing or not kinds else []
    if refusing and confidence is not Confidence.HIGH:
        reasons.append(f"confidence is {confidence}")
    elif AccountKind.ORDINARY in refusing:
        playbook = action in SEED_AUTOMATIC
        who = "the policy wants a person for this" if playbook else _NOT_BY_ITSELF
        reasons.append(who)
    elif refusing and action not in SEED_AUTOMATIC:
        reasons.append(_NOT_BY_ITSELF)
    if not refusing and needs_two(policy.asking, kinds):
        reasons.append("the policy wants two people for this kind of account")
    if now.mode is OperatingMode.APPROVE:
        reasons.append(f"{now.name}: a person decides")
    return reasons


def why_alone(action: ActionName, confidence: Confidence, kinds: Collection[AccountKind]) -> str:
    """Return the words for an action that is done without asking."""
    if action is ActionName.BLOCK_IP:
        return f"{confidence} confidence, malicious or highly unusual address"
    if set(kinds) == {AccountKind.ORDINARY}:
        return f"{confidence} confidence, ordinary account"
    named = ", ".join(sorted(kind.replace("_", "-") for kind in kinds))
    return f"{confidence} confidence; the policy allows it for this account ({named})"


_NOT_BY_ITSELF = "the playbook does not do this by itself"
