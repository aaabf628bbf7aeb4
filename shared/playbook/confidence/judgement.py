"""From observed signals to a number: weights, groups, prior, what is held back and why.

Nothing here knows where a signal comes from, so the same arithmetic answers "what is it" and "what
would it be if".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, fsum
from typing import NamedTuple

from shared.models.verdict import Confidence
from shared.playbook.confidence.ruleset import Rule, Ruleset


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the number depends on."""

    observed: frozenset[str]
    """Signals that are there."""
    known: frozenset[str]
    """Critical inputs that are known."""
    success: bool | None
    """Whether there was a success; ``None`` when the log could not be read."""
    thin_history: bool


class Judgement(NamedTuple):
    """What a situation comes to."""

    score: int
    confidence: Confidence
    computed: int
    """The score before it was held."""
    held: str | None
    """``critical_inputs_missing``, ``never_high_without_success`` or ``None``."""
    completeness: float


class Weighed(NamedTuple):
    """What one signal counts."""

    weight: float
    stronger: str | None
    """The signal of its group that counts in its place."""
    halved: bool
    """Whether thin history made it count for less."""


def judge(situation: Situation, rules: Ruleset) -> Judgement:
    """Return what a situation comes to."""
    weighed = weigh(situation.observed, rules, thin_history=situation.thin_history)
    computed = to_score(rules.prior, (one.weight for one in weighed.values()))
    completeness = len(situation.known.intersection(rules.critical)) / len(rules.critical)
    points, held = computed, None
    if completeness < rules.minimum_completeness or not situation.known.issuperset(rules.required):
        points = min(max(computed, rules.low_below), rules.high_from - 1)
        held = "critical_inputs_missing"
    elif situation.success is False and computed >= rules.high_from:
        points = rules.high_from - 1
        held = "never_high_without_success"
    return Judgement(points, confidence_of(points, rules), computed, held, completeness)


def weigh(names: Iterable[str], rules: Ruleset, *, thin_history: bool) -> dict[str, Weighed]:
    """Return what each signal counts: of a group, the strongest for and the strongest against."""
    full = {name: _full_weight(rules.signals[name], rules, thin_history) for name in names}
    counted: dict[tuple[str, bool], str] = {}
    found: dict[str, Weighed] = {}
    for name in sorted(full, key=lambda one: (-abs(full[one]), one)):
        rule = rules.signals[name]
        stronger = counted.setdefault((rule.group or name, rule.weight > 0), name)
        own = stronger == name
        found[name] = Weighed(
            full[name] if own else 0.0, None if own else stronger, full[name] != rule.weight
        )
    return found


def to_score(prior: float, weights: Iterable[float]) -> int:
    """Return the score 0 to 100 of a prior and weights; their order does not matter."""
    return round(100 / (1 + exp(-fsum([prior, *weights]))))


def confidence_of(points: int, rules: Ruleset) -> Confidence:
    """Return High, Medium or Low."""
    if points >= rules.high_from:
        return Confidence.HIGH
    return Confidence.LOW if points < rules.low_below else Confidence.MEDIUM


def _full_weight(rule: Rule, rules: Ruleset, thin_history: bool) -> float:
    return rule.weight * (rules.thin_history_factor if thin_history and rule.needs_history else 1)
