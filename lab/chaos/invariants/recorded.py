"""What happened is in the case record."""

from collections.abc import Iterator

from lab.chaos.effects import Effect, effects
from lab.chaos.invariants.found import Found
from lab.chaos.observed import Observed
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.outcome import ActionStatus
from shared.models.plan import ActionName

PERHAPS = "it may have been done all the same"
"""What a record says of an action whose answer was lost and which could not be read back."""


def every_effect_is_recorded(observed: Observed) -> Iterator[Found]:
    """Yield effects of which no record of the account tells, and tickets no record names."""
    for effect in effects(observed):
        records = observed.records_of(effect.case)
        actions = [one for record in records for one in record["actions"]]
        if not any(_tells(one, effect) for one in actions):
            said = "; ".join(f"{one['action']} {one['status']}" for one in actions) or "nothing"
            yield Found(effect.case, f"{effect} is not recorded: {said}")
    numbers = {one["correlation_id"]: one["number"] for one in observed.after["tickets"]}
    for case in observed.planned.cases:
        for record in observed.records_of(case):
            number = numbers.get(record["case_id"])
            if number and _ticket(record) != number:
                yield Found(case, f"ticket {number} is not recorded: {_ticket(record)}")


def _tells(outcome: Json, effect: Effect) -> bool:
    if outcome["action"] != effect.action:
        return False
    if effect.action is ActionName.BLOCK_IP and outcome["target"] != effect.case.address:
        return False
    if effect.undoes:
        return outcome["undone"] is not None
    perhaps = outcome["status"] == ActionStatus.FAILED and PERHAPS in outcome["detail"]
    partly = outcome["status"] == ActionStatus.FAILED and outcome["undo"] is not None
    return outcome["status"] == ActionStatus.SUCCEEDED or perhaps or partly


def _ticket(record: Json) -> str | None:
    block = record["blocks"].get(BlockName.NOTIFICATION) or {}
    number = (block.get("outputs") or {}).get("incident_ticket_id")
    return str(number) if number else None
