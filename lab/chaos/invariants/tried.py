"""What was planned or chosen did not vanish."""

import re
from collections.abc import Iterator

from lab.chaos.invariants.found import Found
from lab.chaos.observed import BROKE_OFF, Observed, events_of, has_event, is_finished
from shared.models.base import Json
from shared.models.plan import ActionName, Disposition
from shared.playbook.planning.plan import NOTHING_TO_DO

_REPLACED = re.compile(r"joined \(.*\): the verdict stays \(")
"""A timeline entry about a plan that took another one's place though the verdict did not rise."""
_TO_DO = re.compile(r"to do without asking: (.*)$")
_DECIDED = "decided by "


def every_planned_action_was_tried(observed: Observed) -> Iterator[Found]:
    """Yield what a finished record says is automatic, or was chosen, and has no outcome there.

    Any outcome will do: done, failed, left out, done by another case. What the breaker held is
    asked in the record's own plan. A response that broke off is found elsewhere.
    """
    for case in observed.planned.cases:
        for record in observed.records_of(case):
            if is_finished(record) and not has_event(record, BROKE_OFF):
                for what in _untried(record):
                    yield Found(case, f"{record['case_id']}: {what} and has no outcome")


def _untried(record: Json) -> Iterator[str]:
    tried = {_key(one["action"], one["target"]) for one in record["actions"]}
    spared = _not_done_over_an_answer(record)
    for line in record["plan"]:
        automatic = line["disposition"] == Disposition.AUTOMATIC
        if not automatic or line["action"] in {*NOTHING_TO_DO, *spared}:
            continue
        if _key(line["action"], line["target"]) not in tried:
            yield f"{line['action']} on {line['target']} is automatic"
    decision = record["decision"] or {"actions": []}
    if set(decision["actions"]) & set(NOTHING_TO_DO):
        return
    # A decision names no target: an address that must not be blocked may stand for the action.
    names = {name for name, _ in tried} | spared
    for action in decision["actions"]:
        if action not in names:
            yield f"{action} was chosen by {decision['decided_by']}"


def _key(action: str, target: str) -> tuple[str, str]:
    """Return what an action does: the account is one, whatever it is called."""
    return (action, target if action == ActionName.BLOCK_IP else "")


def _not_done_over_an_answer(record: Json) -> frozenset[str]:
    """Return the actions that a later plan may call automatic and that were not started for it.

    Somebody was asked about them and has answered; then a judgement that is not higher replaced
    the plan for the sake of something else, which the timeline names (``planning.rising``).
    """
    replaced = [event for event in events_of(record) if _REPLACED.search(event)]
    if not replaced or not has_event(record, _DECIDED):
        return frozenset()
    said = [found[1] for event in replaced if (found := _TO_DO.search(event))]
    started = {name for names in said for name in names.split(", ")}
    return frozenset(map(str, ActionName)) - started
