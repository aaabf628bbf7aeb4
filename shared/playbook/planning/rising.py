"""What new facts change about an open case: is there more to do, or more to ask?

A case that is judged anew acts again only for a reason: the verdict rose, the plan allows by
itself what it did not allow before, or the attacker came back after an action. Everything else is
a note. What a person took back is not done again over their head: it is asked, and the undo named.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from shared.models.base import Json, format_utc, parse_utc
from shared.models.outcome import ActionStatus
from shared.models.plan import ActionName, Disposition, PlannedAction
from shared.models.undo import EXPIRY, TakenBack
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


def ask_about_undone(after: Decided, taken: Sequence[TakenBack]) -> Decided:
    """Return a judgement whose plan asks about what a person took back, and names the undo."""
    by_people = {_key(one.action, one.target): one for one in taken if one.by != EXPIRY}
    plan = [
        _asked(line, by_people[_what(line)])
        if line.disposition is Disposition.AUTOMATIC and _what(line) in by_people
        else line
        for line in after.plan
    ]
    return after.model_copy(update={"plan": plan})


def newly_automatic(
    before: Decided, after: Decided, outcomes: Sequence[Json], taken: Sequence[TakenBack] = ()
) -> list[PlannedAction]:
    """Return what may now be done by itself and has not been, or not since the attacker came back.

    Args:
        before: what the case has been acting on.
        after: the new judgement, in which what people took back is asked.
        outcomes: what was done so far. What is still under way counts as allowed before.
        taken: what was taken back; a block that expired is no longer in force.
    """
    allowed = {_what(line) for line in _automatic(before.plan)}
    if not rises(before, after):
        # What a person is asked, or has answered, is not done over their head.
        allowed |= {_what(line) for line in before.plan if line.disposition is Disposition.ASK}
    done = _done(outcomes)
    over = {_key(one.action, one.target): one.at for one in taken if one.by == EXPIRY}
    wanted = []
    for line in _automatic(after.plan):
        what = _what(line)
        at = over.get(what) if line.action is ActionName.BLOCK_IP else done.get(what)
        # What the case knows of already it has answered, or asks: it is not asked at each look.
        back = _is_after(after.attacked_at, at) and not _is_after(before.attacked_at, at)
        if back or (what not in done and what not in allowed):
            wanted.append(line)
    return wanted


def keep_asking(before: Decided, after: Decided, started: Sequence[PlannedAction]) -> Decided:
    """Return a judgement that asks on about what a person is being asked, unless it is started.

    Without it a line that the new judgement would have allowed was neither asked nor done.
    """
    asked = {_what(line) for line in before.plan if line.disposition is Disposition.ASK}
    asked -= {_what(line) for line in started}
    plan = [
        line.model_copy(update={"disposition": Disposition.ASK, "why": f"asked before; {line.why}"})
        if line.disposition is Disposition.AUTOMATIC and _what(line) in asked
        else line
        for line in after.plan
    ]
    return after.model_copy(update={"plan": plan})


def newly_asked(
    before: Decided, after: Decided, outcomes: Sequence[Json], taken: Sequence[TakenBack] = ()
) -> list[PlannedAction]:
    """Return what a person has to be asked about.

    That is because the verdict rose, or because the attacker signed in after an undo: once for
    each undo.

    Args:
        before: what the case has been acting on.
        after: the new judgement, in which what people took back is asked.
        outcomes: what was done so far.
        taken: what was taken back; that is no longer in force.
    """
    undone = {_key(one.action, one.target): one for one in taken}
    done = _done(outcomes).keys() - undone.keys()
    open_lines = (line for line in after.plan if line.disposition is Disposition.ASK)
    wanted = [line for line in open_lines if _what(line) not in done]
    if rises(before, after):
        return wanted
    seen = after.attacked_at
    return [
        line
        for line in wanted
        if (undo := undone.get(_what(line))) is not None
        and line.why.startswith(_named(undo))
        and (seen is not None and seen > undo.at)
        and not any(known.why.startswith(_named(undo)) for known in before.plan)
    ]


def _is_after(attacked_at: datetime | None, at: datetime | None) -> bool:
    return attacked_at is not None and at is not None and attacked_at > at


def _asked(line: PlannedAction, undo: TakenBack) -> PlannedAction:
    why = f"{_named(undo)}: a person decides whether it is done again; {line.why}"
    return line.model_copy(update={"disposition": Disposition.ASK, "why": why})


def _named(undo: TakenBack) -> str:
    who = f"{undo.action} was taken back by {undo.by} at {format_utc(undo.at)}"
    return f"{who} ({undo.comment or 'no comment'})"


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


def _key(action: str, target: str) -> tuple[str, str]:
    return (str(action), target if action == ActionName.BLOCK_IP else "")
