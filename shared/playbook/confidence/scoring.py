"""How likely it is that the account is compromised, and what to do about it.

Confidence is the logistic function of a sum of signed log-odds (``ruleset.toml``). What is not
known adds nothing and lowers completeness; with a required input missing, or too many unknown, the
answer is Medium, never High or Low by guess (seed 004). Without a successful sign-in the answer is
never High, because High contains the account without asking. Impact never changes confidence.
"""

from math import exp, fsum

from shared.models.plan import ActionName
from shared.models.verdict import Confidence, Reason, Verdict
from shared.playbook.confidence.reputation import AddressReputation
from shared.playbook.confidence.ruleset import Ruleset, load_ruleset
from shared.playbook.confidence.scoring_input import ScoringInput, has_success, known_inputs
from shared.playbook.confidence.signals import Signals, observe

_CONTAIN_ACCOUNT = [ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS]
_UNUSUAL_ADDRESS = frozenset({"hosting_network", "anonymiser", "new_country"})
"""What makes an address "highly unusual" (seed 004, step 6) when it also brute-forced."""


def score(facts: ScoringInput) -> Verdict:
    """Return the verdict; the same facts give the same bytes."""
    rules = load_ruleset()
    reasons = _weigh(observe(facts), rules)
    known = known_inputs(facts)
    completeness = sum(known[name] for name in rules.critical) / len(rules.critical)
    computed = log_odds_to_score(rules.prior, reasons)
    points = computed
    if completeness < rules.minimum_completeness or not all(known[n] for n in rules.required):
        points = min(max(computed, rules.low_below), rules.high_from - 1)
        missing = [name for name in rules.critical if not known[name]]
        reasons.append(_held("critical_inputs_missing", f"Unknown: {', '.join(missing)}", computed))
    elif has_success(facts) is False and computed >= rules.high_from:
        points = rules.high_from - 1
        reasons.append(_held("never_high_without_success", "No successful sign-in", computed))
    return Verdict(
        compromise_confidence_score=_confidence(points, rules),
        score=points,
        reasons=reasons,
        completeness=round(completeness, 2),
        ruleset=rules.version,
    )


def log_odds_to_score(prior: float, reasons: list[Reason]) -> int:
    """Return the score 0 to 100 of a prior and weighted reasons; their order does not matter."""
    return round(100 / (1 + exp(-fsum([prior, *(reason.weight for reason in reasons)]))))


def recommend(facts: ScoringInput, verdict: Verdict) -> list[ActionName]:
    """Return the recommended containment actions; the plan decides what becomes of them.

    High contains the account (seed 004, step 5) and blocks the address when its reputation or
    nature warrants it (step 6). Medium proposes the same containment to a person. Without a success
    the account itself is left alone: a password known to a stranger is to be replaced, that is all.
    """
    confidence = verdict.compromise_confidence_score
    reasons = {reason.id for reason in verdict.reasons}
    if has_success(facts) is False:
        replace = confidence is Confidence.MEDIUM and "password_known" in reasons
        return [ActionName.FORCE_PASSWORD_RESET if replace else ActionName.MONITOR_ONLY]
    if confidence is Confidence.HIGH:
        block = [ActionName.BLOCK_IP] if _deserves_block(facts, reasons) else []
        return [*_CONTAIN_ACCOUNT, *block]
    if confidence is Confidence.MEDIUM:
        return list(_CONTAIN_ACCOUNT)
    incriminating = any(reason.weight > 0 for reason in verdict.reasons)
    return [ActionName.MONITOR_ONLY if incriminating else ActionName.NO_ACTION]


def justification(verdict: Verdict) -> str:
    """Return the seed's ``justification_for_score``: the verdict and every reason, as text."""
    lines = [
        f"{verdict.compromise_confidence_score.value} confidence, score {verdict.score} of 100, "
        f"{verdict.completeness:.0%} of the critical inputs known, ruleset {verdict.ruleset}."
    ]
    for reason in verdict.reasons:
        technique = f" [{reason.technique}]" if reason.technique else ""
        lines.append(f"({reason.weight:+.1f}) {reason.title}{technique}: {reason.evidence}")
    return "\n".join(lines)


def _weigh(signals: Signals, rules: Ruleset) -> list[Reason]:
    """Turn observed signals into reasons, the heaviest first."""
    reasons: list[Reason] = []
    counted: dict[tuple[str, bool], str] = {}
    for name in sorted(signals.observed, key=lambda n: (-abs(rules.signals[n].weight), n)):
        rule = rules.signals[name]
        direction = (rule.group or name, rule.weight > 0)
        stronger = counted.setdefault(direction, name)
        note = "" if stronger == name else f" Counted with {stronger}."
        reasons.append(
            Reason(
                id=name,
                title=rule.title,
                weight=rule.weight if stronger == name else 0.0,
                evidence=signals.observed[name] + note,
                technique=rule.technique,
            )
        )
    return sorted(reasons, key=lambda reason: (-abs(reason.weight), reason.id))


def _held(name: str, why: str, computed: int) -> Reason:
    return Reason(
        id=name,
        title="Held at Medium at most" if name.startswith("never") else "Held at Medium",
        weight=0.0,
        evidence=f"{why}; what is known alone would score {computed}. A person has to judge.",
    )


def _confidence(points: int, rules: Ruleset) -> Confidence:
    if points >= rules.high_from:
        return Confidence.HIGH
    return Confidence.LOW if points < rules.low_below else Confidence.MEDIUM


def _deserves_block(facts: ScoringInput, reasons: set[str]) -> bool:
    """Whether the address is malicious, or brute-forced and is not where people sit.

    An address that a source knows as a common business service is never proposed.
    """
    reputation = facts.address.reputation if facts.address else AddressReputation.UNKNOWN
    if reputation is AddressReputation.BENIGN:
        return False
    unusual = "brute_force_success" in reasons and bool(reasons & _UNUSUAL_ADDRESS)
    return reputation is AddressReputation.MALICIOUS or unusual
