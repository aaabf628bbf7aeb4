from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.models.directory import UserRisk
from shared.models.signin import MfaResult
from shared.playbook.confidence.scoring import score
from shared.playbook.sign_ins.models import SignInAnalysis
from tests.unit.playbook.builders import (
    bad_address,
    brute_force,
    facts,
    finding,
    plain_address,
    stopped,
)

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


@settings(deadline=None)
@given(st.permutations(["inbox_rules", "oauth_consent", "mass_download", "lateral_movement"]))
def test_order_of_findings_does_not_matter(order: list[str]) -> None:
    found = [finding(name, "2026-11-20T12:20:00Z") for name in order]
    verdict = score(facts(stopped(), bad_address(), findings=found))
    expected = score(facts(stopped(), bad_address(), findings=sorted(found, key=lambda f: f.id)))
    assert verdict.model_dump_json() == expected.model_dump_json()
