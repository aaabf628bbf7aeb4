"""Nothing is done twice, however often it was delivered."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

from lab.chaos.effects import Effect, effects
from lab.chaos.invariants.found import Found
from lab.chaos.models import PlannedCase
from lab.chaos.observed import Observed
from shared.models.outcome import ActionStatus
from shared.models.plan import ActionName

WITHOUT_A_CLAIM = frozenset({ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS})
"""What is done at each delivery while storage is away, so that the account is contained at all.

docs/architecture.md, "While storage is away": twice is as contained as once.
"""
_CLAIM_SECONDS = 15
"""How long before its effect an action may have tried in vain to claim it."""


def no_effect_twice(observed: Observed) -> Iterator[Found]:
    """Yield actions that were done more than once to one thing, and tickets opened twice."""
    for same in _alike(effects(observed)):
        allowed = 1 + len(cases_apart(same[0], observed))
        if len(same) > allowed and not without_a_claim(same, observed):
            yield Found(same[0].case, f"{len(same)} times: {', '.join(map(str, same))}")
    for case in observed.planned.cases:
        known = {record["case_id"] for record in observed.records_of(case)}
        for key, opened in _tickets(case, observed).items():
            if len(opened) > 1:
                yield Found(case, f"{len(opened)} tickets of {key}: ledger lines {opened}")
            if key not in known:
                yield Found(case, f"a ticket of {key}, which is no case: ledger lines {opened}")


def _tickets(case: PlannedCase, observed: Observed) -> dict[str, list[int]]:
    """Return the ledger lines of an account's tickets by the case that each says it is of."""
    opened: dict[str, list[int]] = defaultdict(list)
    for line in observed.ledger:
        if line["operation"] == "incident.post" and line["effect"]:
            body = line["body"]
            if case.name in str(body):
                opened[str(body.get("correlation_id", ""))].append(line["seq"])
    return opened


def without_a_claim(same: list[Effect], observed: Observed) -> bool:
    """Tell whether it was done again because there was no storage to claim it in."""
    if same[0].action not in WITHOUT_A_CLAIM:
        return False
    first, last = same[0].at - timedelta(seconds=_CLAIM_SECONDS), same[-1].at
    away = any(begin <= last and end >= first for begin, end in observed.storage_away)
    return away or any(
        one.action == same[0].action
        and one.case_id in observed.case_ids[same[0].case.number]
        and first <= one.at <= last
        for one in observed.unclaimed
    )


def cases_apart(effect: Effect, observed: Observed) -> list[str]:
    """Return the account's cases of which storage did not say that there was another one.

    Each does what its own verdict, or whoever it asks, wants; only those that say they did count.
    """
    return [
        record["case_id"]
        for record in observed.records_of(effect.case)
        if record["case_id"] in observed.apart
        and any(
            one["action"] == effect.action and one["status"] == ActionStatus.SUCCEEDED
            for one in record["actions"]
        )
    ]


def _alike(found: list[Effect]) -> list[list[Effect]]:
    """Group effects that do the same to the same thing.

    What was taken back may be done again.
    """
    groups: dict[tuple[int, ActionName, str, int], list[Effect]] = defaultdict(list)
    turn: dict[tuple[int, ActionName, str], tuple[bool, int]] = {}
    for effect in found:
        thing = (effect.case.number, effect.action, effect.item)
        undoes, number = turn.get(thing, (effect.undoes, 0))
        number += effect.undoes is not undoes
        turn[thing] = (effect.undoes, number)
        groups[(*thing, number)].append(effect)
    return list(groups.values())
