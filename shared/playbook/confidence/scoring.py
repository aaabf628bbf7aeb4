"""How likely it is that the account is compromised, and what to do about it.

Confidence is the logistic function of a sum of signed log-odds (``ruleset.toml``). What is not
known adds nothing and lowers completeness; with a required input missing, or too many unknown, the
answer is Medium, never High or Low by guess (seed 004). Without a successful sign-in the answer is
never High, because High contains the account without asking. Impact never changes confidence.
"""

from shared.models.plan import ActionName
from shared.models.verdict import Confidence, Reason, Verdict
from shared.playbook.confidence.judgement import Judgement, Situation, judge, to_score, weigh
from shared.playbook.confidence.reputation import AddressReputation
from shared.playbook.confidence.ruleset import Ruleset, load_ruleset
from shared.playbook.confidence.scoring_input import ScoringInput, has_success
from shared.playbook.confidence.signals import Signals, observe, situation_of
from shared.playbook.confidence.signals_of_success import clock
from shared.playbook.sign_ins.models import SignInAnalysis

_CONTAIN_ACCOUNT = [ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS]
_WAYS_BACK = (
    ("activity_mfa_method_changes", ActionName.REMOVE_AUTHENTICATION_METHODS),
    ("activity_inbox_rules", ActionName.DISABLE_INBOX_RULES),
    ("activity_oauth_consent", ActionName.REVOKE_OAUTH_GRANTS),
)
"""Reasons that show how somebody means to come back, and what takes that away."""
_UNUSUAL_ADDRESS = frozenset({"hosting_network", "anonymiser", "new_country"})
"""What makes an address "highly unusual" (seed 004, step 6) when it also brute-forced."""


def score(facts: ScoringInput) -> Verdict:
    """Return the verdict; the same facts give the same bytes."""
    rules = load_ruleset()
    signals = observe(facts)
    situation = situation_of(facts, signals)
    judged = judge(situation, rules)
    reasons = _reasons(signals, situation, rules)
    if facts.analysis is not None and facts.analysis.success_only_reported:
        reasons.append(_only_reported(facts.analysis))
    if judged.held:
        missing = [name for name in rules.critical if name not in situation.known]
        reasons.append(_held(judged, missing))
    return Verdict(
        compromise_confidence_score=judged.confidence,
        score=judged.score,
        reasons=reasons,
        completeness=round(judged.completeness, 2),
        ruleset=rules.version,
    )


def log_odds_to_score(prior: float, reasons: list[Reason]) -> int:
    """Return the score 0 to 100 of a prior and weighted reasons; their order does not matter."""
    return to_score(prior, (reason.weight for reason in reasons))


def recommend(facts: ScoringInput, verdict: Verdict) -> list[ActionName]:
    """Return the recommended containment actions; the plan decides what becomes of them.

    High contains the account (seed 004, step 5) and blocks the address when its reputation or
    nature warrants it (step 6). Medium proposes the same containment to a person. Suspicious
    commands are a reason to scan the account's devices; isolating them is never recommended, only
    offered. What the hunts found of ways to come back is a reason to take those away. Without a
    success the account itself is left alone: a password known to a stranger is to be replaced,
    that is all.
    """
    confidence = verdict.compromise_confidence_score
    reasons = {reason.id for reason in verdict.reasons}
    if has_success(facts) is False:
        replace = confidence is Confidence.MEDIUM and "password_known" in reasons
        return [ActionName.FORCE_PASSWORD_RESET if replace else ActionName.MONITOR_ONLY]
    scan = [ActionName.SCAN_DEVICE] if _deserves_scan(facts) else []
    more = [*(action for reason, action in _WAYS_BACK if reason in reasons), *scan]
    if confidence is Confidence.HIGH:
        block = [ActionName.BLOCK_IP] if _deserves_block(facts, reasons) else []
        return [*_CONTAIN_ACCOUNT, *block, *more]
    if confidence is Confidence.MEDIUM:
        return [*_CONTAIN_ACCOUNT, *more]
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


def _reasons(signals: Signals, situation: Situation, rules: Ruleset) -> list[Reason]:
    """Turn observed signals into reasons, the heaviest first."""
    weighed = weigh(situation.observed, rules, thin_history=situation.thin_history)
    reasons = []
    for name, one in weighed.items():
        evidence = signals.observed[name]
        if one.stronger:
            evidence += f" Counted with {one.stronger}."
        elif one.halved:
            evidence += " Counts for less: the account has little history."
        reasons.append(
            Reason(
                id=name,
                title=rules.signals[name].title,
                weight=round(one.weight, 2),
                evidence=evidence,
                technique=rules.signals[name].technique,
            )
        )
    return sorted(reasons, key=lambda reason: (-abs(reason.weight), reason.id))


def _held(judged: Judgement, missing: list[str]) -> Reason:
    name = judged.held or ""
    without_success = name == "never_high_without_success"
    why = "No successful sign-in" if without_success else f"Unknown: {', '.join(missing)}"
    return Reason(
        id=name,
        title="Held at Medium at most" if without_success else "Held at Medium",
        weight=0.0,
        evidence=(
            f"{why}; what is known alone would score {judged.computed}. A person has to judge."
        ),
    )


def _only_reported(analysis: SignInAnalysis) -> Reason:
    login = analysis.successful_login_details
    at = f" at {clock(login.time)}" if login else ""
    return Reason(
        id="success_only_reported",
        title="The success is known from the alert alone",
        weight=0.0,
        evidence=f"The alert reports a success{at}; the sign-in log does not show it.",
    )


def _deserves_block(facts: ScoringInput, reasons: set[str]) -> bool:
    """Whether the address is malicious, or brute-forced and is not where people sit.

    An address that a source knows as a common business service is never proposed.
    """
    reputation = facts.address.reputation if facts.address else AddressReputation.UNKNOWN
    if reputation is AddressReputation.BENIGN:
        return False
    unusual = "brute_force_success" in reasons and bool(reasons & _UNUSUAL_ADDRESS)
    return reputation is AddressReputation.MALICIOUS or unusual


def _deserves_scan(facts: ScoringInput) -> bool:
    return any(finding.id == "suspicious_commands" for finding in facts.findings or ())
