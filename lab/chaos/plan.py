"""Makes a plan from a seed. No clock and no other source of chance is asked."""

import ipaddress
import uuid
from collections.abc import Iterator
from itertools import count
from random import Random

from lab.chaos.models import (
    AimedKill,
    Answer,
    CaseKind,
    ChaosPlan,
    Kill,
    Outage,
    Pause,
    PlannedCase,
    Round,
)
from lab.chaos.troubles import case_faults, weather
from shared.models.plan import ActionName

CASES_IN_A_ROUND = 20
TROUBLE_LASTS = 40.0
"""Seconds of a round in which things break; its incidents are sent in the first half."""

NEVER_BLOCKED = ipaddress.IPv6Network("2001:db8:c::/48")
"""Attackers' addresses that the policy of a chaos run never blocks (RFC 3849)."""
_BLOCKABLE = [
    f"{network}.{last}" for network in ("203.0.113", "192.0.2", "198.51.100")
    for last in range(100, 255) if (network, last) not in
    (("203.0.113", 180), ("198.51.100", 131))
]  # fmt: skip
"""Documentation addresses (RFC 5737) of three digits, so that none is the beginning of another.

Those of the scenarios are left out.
"""
_KINDS = {
    CaseKind.ATTACKED: 50,
    CaseKind.UNSURE: 24,
    CaseKind.PUSHED: 10,
    CaseKind.VIP: 7,
    CaseKind.PRIVILEGED: 5,
    CaseKind.BREAK_GLASS: 4,
}
_AIMS = {
    CaseKind.ATTACKED: (
        ("entra", "users.patch"),
        ("entra", "revokeSignInSessions"),
        ("entra", "messageRules.patch"),
        ("servicenow", "incident.post"),
    ),
    CaseKind.PUSHED: (
        ("entra", "users.patch"),
        ("entra", "authentication.methods.delete"),
        ("servicenow", "incident.post"),
    ),
}
_DISABLE = (ActionName.DISABLE_ACCOUNT, ActionName.REVOKE_SESSIONS, ActionName.BLOCK_IP)
_RESET = (ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS)


class _Chance(Random):
    """A round's source of chance, and for how many seconds things break in it."""

    def __init__(self, seed: str, lasts: float) -> None:
        super().__init__(seed)
        self.lasts = lasts

    def some(self, low: int, high: int) -> int:
        """Return how many of something a round has; less of it when it is over sooner."""
        return max(1, round(self.randint(low, high) * self.lasts / TROUBLE_LASTS))


def make_plan(seed: int, cases: int, *, lasts: float = TROUBLE_LASTS) -> ChaosPlan:
    """Return the plan of a run: rounds of at most 20 cases, numbered through.

    ``lasts``: for how many seconds of a round things break.
    """
    blockable = iter(_BLOCKABLE)
    numbers = count(1)
    rounds: list[Round] = []
    while cases > 0:
        size = min(CASES_IN_A_ROUND, cases)
        cases -= size
        number = len(rounds) + 1
        # A round of its own source: it is the same in a longer run.
        rounds.append(
            _round(_Chance(f"{seed}/{number}", lasts), seed, number, size, numbers, blockable)
        )
    return ChaosPlan(seed=seed, rounds=tuple(rounds))


def _round(
    random: _Chance, seed: int, number: int, size: int, numbers: "count[int]", free: Iterator[str]
) -> Round:
    cases = tuple(_case(random, seed, next(numbers), free) for _ in range(size))
    troubles = [fault for case in cases for fault in case_faults(random, case)]
    return Round(
        number=number,
        cases=cases,
        # What is about one case comes first: the first fault that strikes is played.
        faults=(*troubles, *weather(random, random.some(5, 9), random.lasts)),
        kills=tuple(
            Kill(at=_moment(random), worker=random.randrange(8), all=random.random() < 0.25)
            for _ in range(random.some(4, 8))
        ),
        pauses=tuple(
            Pause(at=_moment(random), lasts=_between(random, 0.5, 4), worker=random.randrange(8))
            for _ in range(random.randint(0, 3))
        ),
        blob=_outages(random, chance=0.6, longest=8),
        hub=_outages(random, chance=0.5, longest=6),
        directory_skew=random.choice((0.0, 0.0, 1.0, -1.0, 40.0, -40.0)),
    )


def _case(random: _Chance, seed: int, number: int, free: Iterator[str]) -> PlannedCase:
    kind = random.choices(list(_KINDS), list(_KINDS.values()))[0]
    identity = uuid.uuid5(uuid.NAMESPACE_OID, f"chaos/{seed}/{number}")
    address = next(free, None) if random.random() < 0.4 else None
    first = _between(random, 0, random.lasts / 2)
    again = [
        round(first + random.choice((0.0, random.uniform(0.05, 10))), 2)
        for _ in range(random.choice((0, 0, 0, 1, 1, 2)))
    ]
    further = round(max(0.0, first + random.uniform(-1, 8)), 2) if random.random() < 0.15 else None
    return PlannedCase(
        number=number,
        kind=kind,
        name=f"user-{number:05}",
        object_id=str(identity),
        incident=str(uuid.uuid5(identity, "incident")),
        second_incident=str(uuid.uuid5(identity, "second incident")),
        address=address or str(NEVER_BLOCKED[number]),
        blockable=address is not None,
        clock_skew=random.choice((0.0, 0.0, 0.0, 45.0, -45.0)),
        deliveries=tuple(sorted((first, *again))),
        further=further,
        answer=_answer(random, kind),
        aimed_kill=_aimed(random, kind),
    )


def _aimed(random: Random, kind: CaseKind) -> AimedKill | None:
    aims = _AIMS.get(kind)
    if not aims or random.random() >= 0.3:
        return None
    vendor, operation = random.choice(aims)
    return AimedKill(vendor=vendor, operation=operation, when=random.choice(("before", "after")))


def _answer(random: Random, kind: CaseKind) -> Answer | None:
    """What is answered if something is asked: troubles make certain cases ask, too."""
    after = _between(random, 0, 4)
    if kind is CaseKind.BREAK_GLASS or random.random() < 0.2:
        return None
    if random.random() < 0.2:
        return Answer(actions=(ActionName.MONITOR_ONLY,), after=after)
    disabled = random.random() < 0.5
    actions: tuple[ActionName, ...] = _DISABLE if disabled else _RESET
    if kind is CaseKind.PRIVILEGED:
        return Answer(actions=(ActionName.REVOKE_SESSIONS,), after=after)
    if kind is CaseKind.PUSHED:
        actions = (*actions, ActionName.REMOVE_AUTHENTICATION_METHODS)
    return Answer(actions=actions, after=after, undone=disabled and random.random() < 0.5)


def _outages(random: _Chance, *, chance: float, longest: float) -> tuple[Outage, ...]:
    if random.random() >= chance:
        return ()
    lasts = _between(random, 0.5, longest)
    return (Outage(at=_moment(random), lasts=lasts, hangs=random.random() < 0.3),)


def _moment(random: _Chance) -> float:
    return _between(random, 1, random.lasts)


def _between(random: Random, low: float, high: float) -> float:
    return round(random.uniform(low, high), 2)
