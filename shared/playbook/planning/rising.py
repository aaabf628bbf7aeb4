"""What new facts change about an open case: is there more to do, or more to ask?

A case that is judged anew acts again only for a reason: the verdict rose, the plan allows by
itself what it did not allow before, or the attacker came back after an action. Everything else is
a note.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from shared.models.base import Json, parse_utc
from shared.models.outcome import ActionStatus
from shared.models.plan import ActionName, Disposition, PlannedAction
from shared.models.verdict import Confidence
from shared.playbook.planning.decided import Decided

_RANK = {Confidence.LOW: 0, Confidence.MEDIUM: 1, Confidence.HIGH: 2}
_IDLE = frozenset({ActionName.MONITOR_ONLY, ActionName.NO_ACTION})
UNDECIDED = "none"
"""``ruleset`` of a verdict that could not be computed (``planning.decided.undecided``)."""


def rises(before: Decided, after: Decided) -> bool:
    """Return whether the verdict is a higher one; one that could not be computed is none."""
    if after.verdict.ruleset == UNDECIDED:
        return False
    known, now = before.verdict, after.verdict
    if known.ruleset == UNDECIDED:
        return now.compromise_confidence_score is Confidence.HIGH
    return _RANK[now.compromise_confidence_score] > _RANK[known.compromise_confidence_score]


def newly_automatic(
    before: Decided, after: Decided, outcomes: Sequence[Json]
) -> list[PlannedAction]:
    """Return what may now be done by itself and has not been, or not since the attacker came back.

    Args:
        before: what the case has been acting on.
        after: the new judgement.
        outcomes: what was done so far. What is still under way counts as allowed before.
    """
    allowed = {_what(line) for line in _automatic(before.plan)}
    if not rises(before, after):
        # What a person is asked, or has answered, is not done over their head.
        allowed |= {_what(line) for line in before.plan if line.disposition is Disposition.ASK}
    done = _done(outcomes)
    wanted = []
    for line in _automatic(after.plan):
        at = done.get(_what(line))
        fresh = at is None and _what(line) not in allowed
        if fresh or (at is not None and _came_back(line, at, after.attacked_at)):
            wanted.append(line)
    return wanted


def newly_asked(before: Decided, after: Decided, outcomes: Sequence[Json]) -> list[PlannedAction]:
    """Return what a person has to be asked about, because the verdict rose."""
    if not rises(before, after):
        return []
    done = _done(outcomes)
    asked = (line for line in after.plan if line.disposition is Disposition.ASK)
    return [line for line in asked if _what(line) not in done]


def _automatic(plan: Iterable[PlannedAction]) -> list[PlannedAction]:
    return [
        line
        for line in plan
        if line.disposition is Disposition.AUTOMATIC and line.action not in _IDLE
    ]


def _what(line: PlannedAction) -> tuple[str, str]:
    """Return what a line does: addresses are several, the account is one whatever it is called."""
    return _key(line.action, line.target)


def _done(outcomes: Iterable[Json]) -> dict[tuple[str, str], datetime]:
    """Return what succeeded, and when."""
    return {
        _key(item["action"], item["target"]): parse_utc(item["at"])
        for item in outcomes
        if item["status"] == ActionStatus.SUCCEEDED
    }


def _came_back(line: PlannedAction, done_at: datetime, attacked_at: datetime | None) -> bool:
    """Return whether the attacker signed in after the action; a block is still in force."""
    if line.action is ActionName.BLOCK_IP or attacked_at is None:
        return False
    return attacked_at > done_at


def _key(action: str, target: str) -> tuple[str, str]:
    return (str(action), target if action == ActionName.BLOCK_IP else "")
