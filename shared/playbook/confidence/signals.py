"""Named signals: what the facts say, as sentences that an analyst can check.

A check answers with the evidence when the signal is observed, ``False`` when it was looked for and
is not there, ``None`` when it could not be looked for. Titles, weights and techniques are in
``ruleset.toml``.
"""

from collections.abc import Callable
from datetime import datetime

from shared.models.base import Model, parse_utc
from shared.models.signin import HuntFinding, MfaResult
from shared.playbook.confidence import signals_of_session as session
from shared.playbook.confidence import signals_of_success as success
from shared.playbook.confidence.judgement import Situation
from shared.playbook.confidence.reputation import AddressReputation
from shared.playbook.confidence.ruleset import load_ruleset
from shared.playbook.confidence.scoring_input import ScoringInput, has_success, known_inputs
from shared.playbook.confidence.signals_of_address import (
    network_flag,
    of_address,
    ordinary,
    reputation_is,
    travel,
    travel_by_vpn,
)
from shared.playbook.confidence.signals_of_success import Answer, clock
from shared.playbook.sign_ins.models import SignInAnalysis, SuccessfulLogin

ACTIVITY = "activity_"
"""Signals of this beginning are hunts: a rule ``activity_<id>`` makes the hunt's finding count."""


class Signals(Model):
    """All signals of a case."""

    observed: dict[str, str]
    """Signal id to evidence."""
    absent: list[str]
    unknown: list[str]


def observe(facts: ScoringInput) -> Signals:
    """Run every check; the result is sorted by signal id."""
    answers = {name: CHECKS[name](facts) for name in sorted(CHECKS)}
    return Signals(
        observed={name: answer for name, answer in answers.items() if isinstance(answer, str)},
        absent=[name for name, answer in answers.items() if answer is False],
        unknown=[name for name, answer in answers.items() if answer is None],
    )


def situation_of(facts: ScoringInput, signals: Signals) -> Situation:
    """Return what the number depends on."""
    return Situation(
        observed=frozenset(signals.observed),
        known=frozenset(name for name, known in known_inputs(facts).items() if known),
        success=has_success(facts),
        thin_history=facts.analysis.thin_history if facts.analysis else True,
    )


def _of_success(
    check: Callable[[SignInAnalysis, SuccessfulLogin], Answer],
) -> Callable[[ScoringInput], Answer]:
    """Make a check of the suspicious success: absent without one, unknown without the log."""

    def run(facts: ScoringInput) -> Answer:
        if has_success(facts) is None or facts.analysis is None:
            return None
        login = facts.analysis.successful_login_details
        return check(facts.analysis, login) if login else False

    return run


def _mfa_is(wanted: MfaResult, words: str) -> Callable[[ScoringInput], Answer]:
    def check(analysis: SignInAnalysis, login: SuccessfulLogin) -> Answer:
        result = analysis.mfa_result_successful_login
        if result in (None, MfaResult.UNKNOWN):
            return None
        requirement = login.authentication_requirement or "requirement not named"
        return result is wanted and f"{words} at {clock(login.time)} ({requirement})."

    return _of_success(check)


def _without_mfa(facts: ScoringInput) -> Answer:
    """What the account has long done from this very address says nothing."""
    found = _mfa_is(MfaResult.NOT_REQUIRED, "No second factor was asked for")(facts)
    analysis = facts.analysis
    return found and not (analysis and analysis.usual_without_mfa) and found


def _by_claim(facts: ScoringInput) -> Answer:
    """As with a factor really used, it tells nothing of where a device code's token goes."""
    words = "A claim in the token counted as second factor"
    found = _mfa_is(MfaResult.SATISFIED_BY_CLAIM, words)(facts)
    analysis = facts.analysis
    return found and not (analysis and analysis.new_device_code) and found


def _password_spray(facts: ScoringInput) -> Answer:
    use = facts.analysis.address_use if facts.analysis else None
    if use is None or facts.analysis is None:
        return None
    if not facts.analysis.successful_login_details and not facts.analysis.password_known:
        return False
    return use.is_spray and (
        f"{facts.analysis.suspicious_address} guessed at {use.guessed_accounts} other accounts and "
        f"had the right password of {use.right_accounts}."
    )


def _shared_address(facts: ScoringInput) -> Answer:
    use = facts.analysis.address_use if facts.analysis else None
    if use is None or facts.analysis is None or not has_success(facts):
        return None if use is None else False
    return use.is_shared and (
        f"{use.regular_accounts} other accounts sign in from {facts.analysis.suspicious_address} "
        "on three days or more."
    )


def _no_mfa_registered(facts: ScoringInput) -> Answer:
    if facts.mfa_enabled is None:
        return None
    return not facts.mfa_enabled and "The directory lists no second factor for the account."


def _user_risk(level: str) -> Callable[[ScoringInput], Answer]:
    def check(facts: ScoringInput) -> Answer:
        risk = facts.user_risk
        if risk is None:
            return None
        return (
            risk.state == "atRisk"
            and risk.level == level
            and f"Identity Protection: level {risk.level}, state {risk.state}."
        )

    return check


def _user_risk_state(state: str) -> Callable[[ScoringInput], Answer]:
    def check(facts: ScoringInput) -> Answer:
        risk = facts.user_risk
        return None if risk is None else risk.state == state and f"Identity Protection: {state}."

    return check


def _confirmed_safe(facts: ScoringInput) -> Answer:
    login = facts.analysis.successful_login_details if facts.analysis else None
    if login and (login.risk_state or "").lower() == "confirmedsafe":
        return f"Identity Protection: sign-in {login.id} confirmed safe."
    return _user_risk_state("confirmedSafe")(facts)


def _no_success(facts: ScoringInput) -> Answer:
    succeeded = has_success(facts)
    if succeeded is None or facts.analysis is None:
        return None
    where = facts.analysis.suspicious_address or "the incident's addresses"
    return not succeeded and f"None from {where} among {facts.analysis.attempts} sign-ins read."


def _password_known(facts: ScoringInput) -> Answer:
    """A stranger's right password; the account's own known address is its owner's business."""
    succeeded = has_success(facts)
    if succeeded is None or facts.analysis is None:
        return None
    analysis = facts.analysis
    if succeeded or not analysis.password_known or analysis.first_seen_address is False:
        return False
    return (
        f"{analysis.suspicious_address} gave the right password; sign-ins stopped by "
        f"multifactor authentication: {analysis.stopped_by_mfa}, by conditional access: "
        f"{analysis.stopped_by_policy}."
    )


def _activity(hunt_id: str) -> Callable[[ScoringInput], Answer]:
    """Make a check of a hunt's finding; what happened before the suspicious success is not its."""

    def check(facts: ScoringInput) -> Answer:
        if facts.findings is None:
            return None
        finding = next((item for item in facts.findings if item.id == hunt_id), None)
        if finding is None:
            return False
        login = facts.analysis.successful_login_details if facts.analysis else None
        latest = _latest(finding)
        if login and latest and latest < login.time:
            return False
        return finding.summary

    return check


def _latest(finding: HuntFinding) -> datetime | None:
    times = [row.get("TimeGenerated") for row in finding.rows]
    return max((parse_utc(time) for time in times if time), default=None)


CHECKS: dict[str, Callable[[ScoringInput], Answer]] = {
    "brute_force_success": _of_success(success.brute_force),
    "many_failures_before_success": _of_success(success.many_failures),
    "slow_guessing_success": _of_success(success.slow_guessing),
    "failures_from_new_address": _of_success(success.failures_from_new_address),
    "distributed_guessing": _of_success(success.distributed_guessing),
    "password_spray": _password_spray,
    "mfa_fatigue": _of_success(success.mfa_fatigue),
    "success_without_mfa": _without_mfa,
    "mfa_satisfied_by_claim": _by_claim,
    "mfa_satisfied": _of_success(success.mfa_really_used),
    "mfa_phishing_resistant": _of_success(success.mfa_phishing_resistant),
    "no_mfa_registered": _no_mfa_registered,
    "malicious_address": reputation_is(AddressReputation.MALICIOUS),
    "suspicious_address": reputation_is(AddressReputation.SUSPICIOUS),
    "ordinary_address": of_address(ordinary),
    "anonymiser": network_flag("is_vpn_proxy_service", "a VPN, proxy or Tor service"),
    "hosting_network": network_flag("is_hosting", "a hosting network"),
    "impossible_travel": travel,
    "impossible_travel_by_vpn": travel_by_vpn,
    "new_country": _of_success(success.new_country),
    "far_from_usual": _of_success(success.far_from_usual),
    "usual_country": _of_success(success.usual_country),
    "usual_place": _of_success(success.usual_place),
    "trusted_location": _of_success(success.trusted_location),
    "usual_network": _of_success(success.usual_network),
    "shared_address": _shared_address,
    "known_address": _of_success(success.known_address),
    "first_seen_address": _of_success(success.first_seen_address),
    "new_network": _of_success(success.new_network),
    "new_device": _of_success(success.new_device),
    "known_device": _of_success(success.known_device),
    "known_compliant_device": _of_success(success.known_compliant_device),
    "new_app": _of_success(success.new_app),
    "device_code": _of_success(session.device_code),
    "session_elsewhere": _of_success(session.session_elsewhere),
    "stolen_token": _of_success(session.stolen_token),
    "refresh_without_sign_in": _of_success(session.refresh_without_sign_in),
    "platform_sweep": _of_success(session.platform_sweep),
    "unusual_hour": _of_success(success.unusual_hour),
    "legacy_protocol": _of_success(success.legacy_protocol),
    "sign_in_risk_high": _of_success(success.sign_in_risk("high")),
    "sign_in_risk_medium": _of_success(success.sign_in_risk("medium")),
    "user_risk_high": _user_risk("high"),
    "user_risk_medium": _user_risk("medium"),
    "confirmed_compromised": _user_risk_state("confirmedCompromised"),
    "confirmed_safe": _confirmed_safe,
    "no_success": _no_success,
    "password_known": _password_known,
    **{
        name: _activity(name.removeprefix(ACTIVITY))
        for name in load_ruleset().signals
        if name.startswith(ACTIVITY)
    },
}
"""Every signal the playbook can observe; the ruleset has a weight for each (tested)."""
