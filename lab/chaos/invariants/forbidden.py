"""Nothing happens that neither the policy nor a person allowed."""

from collections.abc import Iterator

from lab.chaos.effects import Effect, effects
from lab.chaos.invariants.found import Found
from lab.chaos.models import CaseKind
from lab.chaos.observed import Observed
from shared.models.plan import ActionName
from shared.models.verdict import Confidence

_ORDINARY = frozenset({CaseKind.ATTACKED, CaseKind.UNSURE, CaseKind.PUSHED})


def no_effect_that_the_policy_forbids(observed: Observed) -> Iterator[Found]:
    """Yield effects that were not allowed.

    Allowed is what the policy lets happen without asking, to an ordinary account at High
    confidence; and what a person answered before it happened. Never: a break-glass account, and
    an address that the policy never blocks.
    """
    for effect in effects(observed):
        if why := _why_forbidden(effect, observed):
            yield Found(effect.case, f"{effect}: {why}")


def _why_forbidden(effect: Effect, observed: Observed) -> str | None:
    case = effect.case
    if case.kind is CaseKind.BREAK_GLASS and effect.action is not ActionName.BLOCK_IP:
        return "a break-glass account is never touched"
    if effect.action is ActionName.BLOCK_IP and not case.blockable:
        return f"{case.address} is never blocked"
    answers = [one for one in observed.answers if one.number == case.number and one.at <= effect.at]
    if effect.undoes:
        return None if any(one.undo for one in answers) else "nobody asked to take it back"
    if any(effect.action in one.actions for one in answers):
        return None
    certain = any(
        (record.get("verdict") or {}).get("compromise_confidence_score") == Confidence.HIGH
        for record in observed.records_of(case)
    )
    if case.kind in _ORDINARY and certain and effect.action in observed.automatic:
        return None
    return "neither the policy nor a person allowed it"
