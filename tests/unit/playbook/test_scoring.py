from datetime import timedelta

import pytest

from shared.models.directory import UserRisk
from shared.models.plan import ActionName as Action
from shared.models.signin import MfaResult
from shared.models.verdict import Confidence, Verdict
from shared.playbook.confidence.reputation import AddressReputation
from shared.playbook.confidence.ruleset import load_ruleset
from shared.playbook.confidence.scoring import justification, recommend, score
from shared.playbook.confidence.scoring_input import ScoringInput
from shared.playbook.confidence.signals import ACTIVITY, CHECKS
from shared.playbook.hunts import load_hunts
from tests.unit.playbook.builders import (
    ABROAD,
    AT_HOME,
    ATTACK_AT,
    ATTACKER,
    EIGHT_MINUTES,
    HOME,
    SUCCESS_AT,
    WITH_MFA,
    WITHOUT_MFA,
    analyse,
    bad_address,
    brute_force,
    facts,
    failures,
    finding,
    history,
    plain_address,
    sign_in,
    stopped,
)

CONTAIN = [Action.FORCE_PASSWORD_RESET, Action.REVOKE_SESSIONS]


def ids(verdict: Verdict) -> set[str]:
    return {reason.id for reason in verdict.reasons}


def test_brute_force_success_without_mfa_is_high_and_contained_and_blocked() -> None:
    known = facts(brute_force(), bad_address())
    verdict = score(known)
    assert verdict.compromise_confidence_score is Confidence.HIGH
    assert verdict.score >= 95
    assert verdict.completeness == 1
    assert recommend(known, verdict) == [*CONTAIN, Action.BLOCK_IP]


def test_brute_force_success_is_high_when_reputation_is_unknown() -> None:
    known = facts(brute_force(), None)
    verdict = score(known)
    assert verdict.compromise_confidence_score is Confidence.HIGH
    assert Action.BLOCK_IP in recommend(known, verdict)  # new country with brute force


def test_typos_then_success_at_home_with_mfa_is_low_and_nothing_is_done() -> None:
    events = [
        *history(),
        *failures(8, over=timedelta(minutes=3), **AT_HOME),
        sign_in(SUCCESS_AT, id="success", **AT_HOME, **WITH_MFA),
    ]
    known = facts(analyse(events, HOME), plain_address())
    verdict = score(known)
    assert verdict.compromise_confidence_score is Confidence.LOW
    assert verdict.score < 5
    assert recommend(known, verdict) == [Action.NO_ACTION]


def test_brute_force_without_success_is_low_and_monitored() -> None:
    known = facts(stopped(), bad_address())
    verdict = score(known)
    assert verdict.compromise_confidence_score is Confidence.LOW
    assert recommend(known, verdict) == [Action.MONITOR_ONLY]


@pytest.mark.parametrize("risk", [None, UserRisk(level="high", state="atRisk")])
def test_brute_force_stopped_by_mfa_asks_only_for_a_new_password(risk: UserRisk | None) -> None:
    known = facts(stopped("50076", "500121"), bad_address(), user_risk=risk)
    verdict = score(known)
    assert verdict.compromise_confidence_score is Confidence.MEDIUM
    assert "password_known" in ids(verdict)
    assert recommend(known, verdict) == [Action.FORCE_PASSWORD_RESET]


def test_never_high_without_a_success_whatever_else_is_known() -> None:
    risk = UserRisk(level="high", state="confirmedCompromised")
    verdict = score(facts(stopped("50076"), bad_address(), user_risk=risk))
    assert verdict.compromise_confidence_score is Confidence.MEDIUM
    assert "never_high_without_success" in ids(verdict)


def test_new_country_with_mfa_by_claim_and_some_failures_is_medium() -> None:
    claim = {"mfa_result": MfaResult.SATISFIED_BY_CLAIM}
    events = [
        *history(),
        *failures(12, over=EIGHT_MINUTES, **ABROAD),
        sign_in(SUCCESS_AT, id="success", **ABROAD | claim),
    ]
    known = facts(analyse(events, ATTACKER), plain_address("NG"))
    verdict = score(known)
    assert verdict.compromise_confidence_score is Confidence.MEDIUM
    assert recommend(known, verdict) == CONTAIN


def test_brute_force_from_an_ordinary_network_near_home_is_for_a_person() -> None:
    nearby = ABROAD | {"country": "DE", "city": "Leipzig", "latitude": 51.34, "longitude": 12.37}
    events = [
        *history(),
        *failures(22, over=EIGHT_MINUTES, **nearby),
        sign_in(SUCCESS_AT, id="success", **nearby, **WITHOUT_MFA),
    ]
    known = facts(analyse(events, ATTACKER), plain_address(), mfa_enabled=False)
    verdict = score(known)
    assert "brute_force_success" in ids(verdict)
    assert verdict.compromise_confidence_score is Confidence.MEDIUM
    assert recommend(known, verdict) == CONTAIN


def test_traveller_with_a_strong_second_factor_is_low() -> None:
    abroad = ABROAD | {"device_id": "laptop-1", "device_compliant": True}
    events = [*history(), sign_in(SUCCESS_AT, id="success", **abroad | WITH_MFA)]
    verdict = score(facts(analyse(events, ATTACKER), plain_address("NG")))
    assert verdict.compromise_confidence_score is Confidence.LOW
    assert {"new_country", "mfa_satisfied", "known_compliant_device"} <= ids(verdict)


def test_mfa_fatigue_turns_the_second_factor_against_the_account() -> None:
    refused = [
        sign_in(ATTACK_AT + timedelta(minutes=i), "500121", id=f"r{i}", **ABROAD) for i in range(6)
    ]
    events = [*history(), *refused, sign_in(SUCCESS_AT, id="success", **ABROAD, **WITH_MFA)]
    verdict = score(facts(analyse(events, ATTACKER), plain_address("NG")))
    assert "mfa_fatigue" in ids(verdict)
    assert "mfa_satisfied" not in ids(verdict)


@pytest.mark.parametrize(
    "known",
    [
        facts(None, bad_address()),
        facts(analyse([], ATTACKER), bad_address()),
        facts(brute_force(mfa_result=MfaResult.UNKNOWN), bad_address()),
        facts(brute_force(), None, mfa_enabled=None),
        facts(None, None, mfa_enabled=None, user_principal_name=None),
    ],
    ids=["log failed", "log empty", "mfa unknown", "two unknown", "nothing known"],
)
def test_missing_critical_inputs_are_medium_and_said(known: ScoringInput) -> None:
    verdict = score(known)
    assert verdict.compromise_confidence_score is Confidence.MEDIUM
    assert "critical_inputs_missing" in ids(verdict)
    assert verdict.completeness < 1
    assert recommend(known, verdict) == CONTAIN


@pytest.mark.parametrize("is_admin", [True, False, None])
def test_impact_never_changes_confidence(is_admin: bool | None) -> None:
    base = score(facts(brute_force(), bad_address()))
    assert score(facts(brute_force(), bad_address(), is_admin_role=is_admin)) == base


def test_common_business_service_is_never_proposed_for_blocking() -> None:
    benign = {"reputation": AddressReputation.BENIGN, "ip_reputation_score": 0}
    known = facts(brute_force(), bad_address().model_copy(update=benign))
    verdict = score(known)
    assert verdict.compromise_confidence_score is Confidence.HIGH
    assert recommend(known, verdict) == CONTAIN


def test_ordinary_address_is_not_blocked() -> None:
    events = [
        *history(),
        *failures(25, over=EIGHT_MINUTES, **AT_HOME | {"address": ATTACKER}),
        sign_in(SUCCESS_AT, id="success", address=ATTACKER, country="DE", **WITHOUT_MFA),
    ]
    risk = UserRisk(level="high", state="atRisk")
    known = facts(analyse(events, ATTACKER), plain_address(), user_risk=risk)
    verdict = score(known)
    assert verdict.compromise_confidence_score is Confidence.HIGH
    assert recommend(known, verdict) == CONTAIN


def test_activity_counts_only_after_the_success() -> None:
    before = finding("inbox_rules", "2026-11-20T11:00:00Z")
    after = finding("inbox_rules", "2026-11-20T12:20:00Z")
    assert "activity_inbox_rules" not in ids(score(facts(brute_force(), None, findings=[before])))
    assert "activity_inbox_rules" in ids(score(facts(brute_force(), None, findings=[after])))


@pytest.mark.parametrize(
    ("hunt", "action"),
    [
        ("mfa_method_changes", Action.REMOVE_AUTHENTICATION_METHODS),
        ("inbox_rules", Action.DISABLE_INBOX_RULES),
        ("oauth_consent", Action.REVOKE_OAUTH_GRANTS),
    ],
)
def test_ways_to_come_back_are_taken_away_when_they_came_with_the_success(
    hunt: str, action: Action
) -> None:
    for at, recommended in (("2026-11-20T11:00:00Z", False), ("2026-11-20T12:20:00Z", True)):
        known = facts(brute_force(), None, findings=[finding(hunt, at)])
        assert (action in recommend(known, score(known))) is recommended


def test_thin_history_neither_comforts_nor_hides_a_brute_force() -> None:
    events = [
        sign_in(ATTACK_AT - timedelta(days=3), id="old", **AT_HOME),
        *failures(25, over=EIGHT_MINUTES, **AT_HOME),
        sign_in(SUCCESS_AT, id="success", **AT_HOME, **WITHOUT_MFA),
    ]
    observed = ids(score(facts(analyse(events, HOME), plain_address())))
    assert "brute_force_success" in observed
    assert not observed & {"known_address", "known_device", "usual_place", "usual_country"}


def test_dismissed_risk_does_not_count() -> None:
    risk = UserRisk(level="high", state="dismissed")
    base = score(facts(brute_force(), bad_address()))
    assert score(facts(brute_force(), bad_address(), user_risk=risk)) == base


def test_reasons_carry_evidence_technique_and_weight() -> None:
    verdict = score(facts(brute_force(), bad_address()))
    first = verdict.reasons[0]
    assert first.id == "brute_force_success"
    assert first.technique == "T1110.001"
    assert first.weight == 2.5
    for part in ("25 failed attempts", ATTACKER, "2026-11-20T12:09:00Z", "sign-in success"):
        assert part in first.evidence
    text = justification(verdict)
    assert text.startswith("High confidence, score ")
    assert all(reason.evidence in text for reason in verdict.reasons)


def test_every_check_has_a_weight_with_a_source_and_none_is_idle() -> None:
    rules = load_ruleset()
    assert set(rules.signals) == set(CHECKS)
    assert all(rule.weight and rule.source for rule in rules.signals.values())
    assert set(rules.required) <= set(rules.critical)
    assert rules.low_below < rules.high_from


def test_every_activity_signal_is_a_hunt() -> None:
    named = {name.removeprefix(ACTIVITY) for name in CHECKS if name.startswith(ACTIVITY)}
    assert named
    assert named <= {hunt.id for hunt in load_hunts()}


def test_verdict_survives_the_durable_boundary() -> None:
    known = facts(brute_force(), bad_address())
    assert ScoringInput.model_validate(known.to_json()) == known
    assert Verdict.model_validate(score(known).to_json()) == score(known)
