from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models.directory import UserRisk
from shared.models.plan import ActionName as Action
from shared.models.signin import HuntFinding, MfaResult
from shared.models.verdict import Confidence, Verdict
from shared.playbook.reputation import AddressReputation
from shared.playbook.ruleset import load_ruleset
from shared.playbook.scoring import justification, recommend, score
from shared.playbook.scoring_input import ScoringInput
from shared.playbook.sign_in_models import SignInAnalysis
from shared.playbook.signals import CHECKS
from tests.unit.playbook.builders import (
    ABROAD,
    AT_HOME,
    ATTACK_AT,
    ATTACKER,
    HOME,
    WITH_MFA,
    WITHOUT_MFA,
    analyse,
    bad_address,
    facts,
    failures,
    history,
    plain_address,
    sign_in,
)

EIGHT_MINUTES = timedelta(minutes=8)
SUCCESS_AT = ATTACK_AT + timedelta(minutes=9)
CONTAIN = [Action.FORCE_PASSWORD_RESET, Action.REVOKE_SESSIONS]


def brute_force(**success: Any) -> SignInAnalysis:
    events = [
        *history(),
        *failures(25, over=EIGHT_MINUTES, **ABROAD),
        sign_in(SUCCESS_AT, id="success", **ABROAD | WITHOUT_MFA | success),
    ]
    return analyse(events, ATTACKER)


def stopped(*codes: str) -> SignInAnalysis:
    events = [*history(), *failures(25, over=EIGHT_MINUTES, **ABROAD)]
    events += [sign_in(SUCCESS_AT, code, id=code, **ABROAD) for code in codes]
    return analyse(events, ATTACKER)


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


def finding(hunt_id: str, at: str) -> HuntFinding:
    return HuntFinding(
        id=hunt_id, title=hunt_id, count=1, summary="s", rows=[{"TimeGenerated": at}]
    )


def test_activity_counts_only_after_the_success() -> None:
    before = finding("inbox_rules", "2026-11-20T11:00:00Z")
    after = finding("inbox_rules", "2026-11-20T12:20:00Z")
    assert "activity_inbox_rules" not in ids(score(facts(brute_force(), None, findings=[before])))
    assert "activity_inbox_rules" in ids(score(facts(brute_force(), None, findings=[after])))


def test_dismissed_risk_does_not_count() -> None:
    risk = UserRisk(level="high", state="dismissed")
    base = score(facts(brute_force(), bad_address()))
    assert score(facts(brute_force(), bad_address(), user_risk=risk)) == base


def test_reasons_carry_evidence_technique_and_weight() -> None:
    verdict = score(facts(brute_force(), bad_address()))
    first = verdict.reasons[0]
    assert first.id == "brute_force_success"
    assert first.technique == "T1110.001"
    assert first.weight == 3.0
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


# What each fact becomes when it incriminates; the opposite value mitigates or is neutral.
INCRIMINATING: dict[str, list[Any]] = {
    "login_location_variance": [0.0, 600.0],
    "failed_logins_count": [3, 12],
    "first_seen_address": [False, True],
    "new_country": [False, True],
    "new_device": [False, True],
    "unusual_hour": [False, True],
    "legacy_protocol": [False, True],
    "mfa_refusals": [0, 9],
    "travel_km_per_hour": [50.0, 5000.0],
}
MFA_ORDER = [MfaResult.SATISFIED, MfaResult.SATISFIED_BY_CLAIM, MfaResult.NOT_REQUIRED]


def scored(worse: dict[str, bool], mfa: MfaResult, bad: bool, risk: bool, device: bool) -> int:
    base = brute_force(device_id="phone-9" if device else None)
    changes = {name: values[worse[name]] for name, values in INCRIMINATING.items()}
    changes |= {"brute_force": None, "mfa_result_successful_login": mfa, "thin_history": False}
    analysis = SignInAnalysis.model_validate(base.model_dump() | changes)
    user_risk = UserRisk(level="high" if risk else "none", state="atRisk" if risk else "none")
    address = bad_address() if bad else plain_address()
    return score(facts(analysis, address, user_risk=user_risk)).score


@given(
    st.fixed_dictionaries({name: st.booleans() for name in INCRIMINATING}),
    st.sampled_from(MFA_ORDER),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from([*INCRIMINATING, "bad", "risk"]),
)
def test_worse_evidence_never_lowers_the_score(
    worse: dict[str, bool], mfa: MfaResult, bad: bool, risk: bool, device: bool, change: str
) -> None:
    low = scored(
        worse | {change: False} if change in worse else worse,
        mfa,
        bad and change != "bad",
        risk and change != "risk",
        device,
    )
    high = scored(
        worse | {change: True} if change in worse else worse,
        mfa,
        bad or change == "bad",
        risk or change == "risk",
        device,
    )
    assert 0 <= low <= high <= 100


@given(st.fixed_dictionaries({name: st.booleans() for name in INCRIMINATING}), st.booleans())
def test_a_better_second_factor_never_raises_the_score(worse: dict[str, bool], bad: bool) -> None:
    worse["mfa_refusals"] = False
    scores = [scored(worse, mfa, bad, False, False) for mfa in MFA_ORDER]
    assert scores == sorted(scores)


@given(st.permutations(["inbox_rules", "oauth_consent", "mass_download", "lateral_movement"]))
def test_order_of_findings_does_not_matter(order: list[str]) -> None:
    found = [finding(name, "2026-11-20T12:20:00Z") for name in order]
    verdict = score(facts(stopped(), bad_address(), findings=found))
    expected = score(facts(stopped(), bad_address(), findings=sorted(found, key=lambda f: f.id)))
    assert verdict.model_dump_json() == expected.model_dump_json()


def test_verdict_survives_the_durable_boundary() -> None:
    known = facts(brute_force(), bad_address())
    assert ScoringInput.model_validate(known.to_json()) == known
    assert Verdict.model_validate(score(known).to_json()) == score(known)
