"""What would change a verdict: single observations that move it across a threshold.

For the person who decides: what to find out first, and which reason carries the answer. Every
sentence is computed by the same arithmetic as the verdict, with one thing changed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from shared.models.signin import MfaResult
from shared.playbook.addresses import normalise_address
from shared.playbook.confidence.judgement import Judgement, Situation, judge, weigh
from shared.playbook.confidence.ruleset import Ruleset, load_ruleset
from shared.playbook.confidence.scoring_input import ScoringInput
from shared.playbook.confidence.signals import observe, situation_of
from shared.playbook.sign_ins.models import SuccessfulLogin

MOST = 6
"""Sentences; more are not read."""
MOST_OF_A_KIND = 3
NOTHING = "No single observation would change this verdict."
_EXCLUDE_EACH_OTHER: tuple[frozenset[str], ...] = (
    frozenset(
        {
            "success_without_mfa",
            "mfa_satisfied_by_claim",
            "mfa_satisfied",
            "mfa_phishing_resistant",
            "mfa_fatigue",
        }
    ),
    frozenset({"malicious_address", "suspicious_address", "ordinary_address"}),
    frozenset({"ordinary_address", "hosting_network"}),
    frozenset({"ordinary_address", "anonymiser"}),
    frozenset({"first_seen_address", "known_address"}),
    frozenset({"new_network", "known_address", "usual_network"}),
    frozenset({"new_country", "usual_country"}),
    frozenset({"new_country", "usual_place"}),
    frozenset({"far_from_usual", "usual_place"}),
    frozenset({"new_device", "known_device"}),
    frozenset({"new_device", "known_compliant_device"}),
    frozenset({"impossible_travel", "impossible_travel_by_vpn", "usual_place"}),
    frozenset({"user_risk_high", "user_risk_medium", "confirmed_compromised", "confirmed_safe"}),
    frozenset({"sign_in_risk_high", "sign_in_risk_medium", "confirmed_safe"}),
)
"""Signals of which at most one can be true: supposing one drops the others."""
_MAKES_KNOWN = {
    "mfa": "mfa_result",
    "reputation": "address_reputation",
    "place": "location",
    "familiar": "location",
}
"""Critical input that is known once a signal of the group is."""
_CAN_STILL_COME = ("activity_", "confirmed_", "user_risk_", "malicious_", "suspicious_")
"""Beginnings of signals that may be absent now and there tomorrow; the sign-in stays as it was."""
_CAN_BE_EXPLAINED_AWAY = frozenset({"no_success", "password_known"})
"""Not supposed to be wrong one by one: a found success says it better."""


class _Change(NamedTuple):
    words: str
    situation: Situation
    size: float
    """How little it takes: the least comes first."""


def what_would_change(facts: ScoringInput) -> list[str]:
    """Return sentences, what is unknown first; never empty; the same facts give the same list."""
    rules = load_ruleset()
    signals = observe(facts)
    base = situation_of(facts, signals)
    now = judge(base, rules)
    sentences: list[str] = []
    for kind in (
        _if_known(base, now, rules),
        _if_success(facts, base),
        _if_true(signals.unknown, base, rules, "which is not known yet"),
        _if_not(base, rules),
        _if_true(_still_to_come(signals.absent), base, rules, "which may still show"),
    ):
        sentences += list(_crossings(kind, now, rules))[:MOST_OF_A_KIND]
    return sentences[:MOST] or [NOTHING]


def _crossings(changes: Iterable[_Change], now: Judgement, rules: Ruleset) -> Iterator[str]:
    for change in sorted(changes, key=lambda one: (one.size, one.words)):
        then = judge(change.situation, rules)
        if then.confidence is not now.confidence:
            yield f"{then.confidence.value} ({then.score}) {change.words}."


def _if_known(base: Situation, now: Judgement, rules: Ruleset) -> Iterator[_Change]:
    missing = [name for name in rules.critical if name not in base.known]
    if now.held != "critical_inputs_missing" or "sign_ins" in missing:
        return
    names = ", ".join(missing).replace("_", " ")
    known = replace(base, known=frozenset(rules.critical))
    yield _Change(f"once this is known and brings nothing new: {names}", known, 0)


def _if_success(facts: ScoringInput, base: Situation) -> Iterator[_Change]:
    """Suppose that the address got in after all, without a second factor."""
    analysis = facts.analysis
    address = normalise_address(analysis.suspicious_address) if analysis else None
    if base.success is not False or analysis is None or address is None:
        return
    last = analysis.failed_login_details.last_at or analysis.last_known_logon_time
    if last is None:
        return
    login = SuccessfulLogin.supposed(address, last)
    supposed = analysis.model_copy(
        update={
            "successful_login_details": login,
            "mfa_result_successful_login": MfaResult.NOT_REQUIRED,
        }
    )
    then = facts.model_copy(
        update={"analysis": supposed, "mfa_result_successful_login": MfaResult.NOT_REQUIRED}
    )
    yield _Change(
        f"if {address} turns out to have signed in without a second factor",
        situation_of(then, observe(then)),
        0,
    )


def _if_true(names: Iterable[str], base: Situation, rules: Ruleset, why: str) -> Iterator[_Change]:
    for name in names:
        rule = rules.signals[name]
        gone = {other for group in _EXCLUDE_EACH_OTHER if name in group for other in group - {name}}
        known = base.known | {_MAKES_KNOWN.get(rule.group or "", "")}
        then = replace(base, observed=(base.observed - gone) | {name}, known=known)
        yield _Change(f"if this is so, {why}: {rule.title}", then, abs(rule.weight))


def _if_not(base: Situation, rules: Ruleset) -> Iterator[_Change]:
    weighed = weigh(base.observed, rules, thin_history=base.thin_history)
    for name, one in weighed.items():
        if one.weight and name not in _CAN_BE_EXPLAINED_AWAY:
            same = {other for other in base.observed if _tells_the_same(name, other, rules)}
            then = replace(base, observed=base.observed - same)
            title = rules.signals[name].title
            yield _Change(f"if this turns out not to be so: {title}", then, abs(one.weight))


def _tells_the_same(name: str, other: str, rules: Ruleset) -> bool:
    """Whether what explains one signal explains the other: one group, one direction."""
    one, two = rules.signals[name], rules.signals[other]
    together = one.group is not None and one.group == two.group
    return name == other or (together and (one.weight > 0) == (two.weight > 0))


def _still_to_come(names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(_CAN_STILL_COME)]
