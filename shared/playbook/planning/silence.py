"""What silence means: the policy's list, of what is asked; never for a break-glass account."""

from collections.abc import Collection

from shared.models.account_kind import AccountKind
from shared.models.plan import ActionName, Disposition
from shared.models.policy import MAY_BE_AUTOMATIC, Asking
from shared.models.verdict import Confidence
from shared.playbook.planning.decided import Decided


def needs_two(asking: Asking, kinds: Collection[AccountKind]) -> bool:
    """Return whether containing such an account takes two different people.

    One whose kind could not be established may be of a kind that does.
    """
    unknown = not kinds or AccountKind.UNKNOWN in kinds
    return bool(asking.two_persons) and (unknown or any(one in kinds for one in asking.two_persons))


def permitted_on_silence(
    asking: Asking, kinds: Collection[AccountKind], confidence: Confidence
) -> list[ActionName]:
    """Return what the policy lets happen when nobody answers; empty: nothing.

    Nothing to a break-glass account, to one whose kind could not be established (it may be one),
    and to one for which two people have to agree: silence is nobody.
    """
    untouched = {AccountKind.BREAK_GLASS, AccountKind.UNKNOWN}
    if not kinds or untouched.intersection(kinds) or needs_two(asking, kinds):
        return []
    return [action for action in asking.silence(confidence) if action in MAY_BE_AUTOMATIC]


def on_silence(decided: Decided) -> list[ActionName]:
    """Return what the deadline of this question decides: what is permitted of what is asked."""
    asked = {line.action for line in decided.plan if line.disposition is Disposition.ASK}
    done = [action for action in decided.on_silence if action in asked]
    return done or [ActionName.MONITOR_ONLY]
