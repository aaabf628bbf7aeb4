from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.models.directory import UserRisk
from shared.models.signin import MfaResult, SignIn
from shared.playbook.confidence.scoring import score
from shared.playbook.confidence.scoring_input import ScoringInput
from shared.playbook.confidence.what_would_change import MOST, what_would_change
from shared.playbook.sign_ins.models import SignInAnalysis
from tests.unit.playbook.builders import (
    ABROAD,
    ATTACKER,
    EIGHT_MINUTES,
    SUCCESS_AT,
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

# What each fact becomes when it incriminates; the opposite value mitigates or is neutral.
INCRIMINATING: dict[str, list[Any]] = {
    "login_location_variance": [0.0, 600.0],
    "failed_logins_count": [3, 12],
    "first_seen_address": [False, True],
    "new_country": [False, True],
    "new_network": [False, True],
    "new_app": [False, True],
    "new_device_code": [False, True],
    "refresh_without_sign_in": [False, True],
    "everything_new": [False, True],
    "platforms": [["windows"], ["android", "linux", "macos", "windows"]],
    "guessing_countries": [["US"], ["AR", "IT", "JP"]],
    "usual_client": [True, False],
    "usual_without_mfa": [True, False],
    "guesses": [0, 30],
    "new_device": [False, True],
    "unusual_hour": [False, True],
    "legacy_protocol": [False, True],
    "mfa_refusals": [0, 9],
    "travel_km_per_hour": [50.0, 5000.0],
}
MFA_ORDER = [MfaResult.SATISFIED, MfaResult.SATISFIED_BY_CLAIM, MfaResult.NOT_REQUIRED]


def given_facts(
    worse: dict[str, bool],
    mfa: MfaResult,
    bad: bool,
    *,
    risk: bool,
    device: bool,
    thin: bool = False,
) -> ScoringInput:
    base = brute_force(device_id="phone-9" if device else None)
    changes = {name: values[worse[name]] for name, values in INCRIMINATING.items()}
    changes |= {"brute_force": None, "mfa_result_successful_login": mfa, "thin_history": thin}
    analysis = SignInAnalysis.model_validate(base.model_dump() | changes)
    user_risk = UserRisk(level="high" if risk else "none", state="atRisk" if risk else "none")
    address = bad_address() if bad else plain_address()
    return facts(analysis, address, user_risk=user_risk)


def scored(worse: dict[str, bool], mfa: MfaResult, bad: bool, risk: bool, device: bool) -> int:
    return score(given_facts(worse, mfa, bad, risk=risk, device=device)).score


@settings(deadline=None)
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


@settings(deadline=None)
@given(st.fixed_dictionaries({name: st.booleans() for name in INCRIMINATING}), st.booleans())
def test_a_better_second_factor_never_raises_the_score(worse: dict[str, bool], bad: bool) -> None:
    worse["mfa_refusals"] = False
    scores = [scored(worse, mfa, bad, False, False) for mfa in MFA_ORDER]
    assert scores == sorted(scores)


EVENTS = [
    *history(),
    *failures(25, over=EIGHT_MINUTES, **ABROAD),
    sign_in(SUCCESS_AT, id="success", **ABROAD | WITHOUT_MFA),
]


@settings(deadline=None, max_examples=25)
@given(st.permutations(EVENTS))
def test_order_of_log_rows_does_not_matter(events: list[SignIn]) -> None:
    assert (
        analyse(events, ATTACKER).model_dump_json() == analyse(EVENTS, ATTACKER).model_dump_json()
    )


@settings(deadline=None)
@given(
    st.fixed_dictionaries({name: st.booleans() for name in INCRIMINATING}),
    st.sampled_from([*MFA_ORDER, MfaResult.UNKNOWN]),
    st.booleans(),
    st.booleans(),
)
def test_whatever_would_change_the_verdict_is_said_and_changes_it(
    worse: dict[str, bool], mfa: MfaResult, bad: bool, thin: bool
) -> None:
    known = given_facts(worse, mfa, bad, risk=False, device=True, thin=thin)
    verdict, lines = score(known), what_would_change(known)
    assert lines == what_would_change(known)
    own = f"{verdict.compromise_confidence_score.value} ("
    assert not [line for line in lines if line.startswith(own)]
    assert 1 <= len(lines) <= MOST


@settings(deadline=None)
@given(st.permutations(["inbox_rules", "oauth_consent", "mass_download", "lateral_movement"]))
def test_order_of_findings_does_not_matter(order: list[str]) -> None:
    found = [finding(name, "2026-11-20T12:20:00Z") for name in order]
    verdict = score(facts(stopped(), bad_address(), findings=found))
    expected = score(facts(stopped(), bad_address(), findings=sorted(found, key=lambda f: f.id)))
    assert verdict.model_dump_json() == expected.model_dump_json()
