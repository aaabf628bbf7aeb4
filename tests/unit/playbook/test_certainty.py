"""What is certain before every answer has come is what the full judgement says as well."""

from datetime import datetime
from itertools import chain, combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models.block import BlockName
from shared.models.case import OperatingMode
from shared.models.plan import ActionName
from shared.models.policy import Policy
from shared.models.signin import HuntFinding, MfaResult
from shared.models.verdict import Confidence
from shared.playbook.acting.containment import IDENTITY_ACTIONS
from shared.playbook.confidence import certainty
from shared.playbook.confidence.certainty import certain_verdict
from shared.playbook.confidence.reputation import AddressReputation, AddressVerdict
from shared.playbook.confidence.ruleset import load_ruleset
from shared.playbook.confidence.scoring import recommend, score
from shared.playbook.confidence.scoring_input import ScoringInput
from shared.playbook.confidence.signals import ACTIVITY
from shared.playbook.planning.plan import AddressFacts
from tests.unit.playbook.builders import (
    bad_address,
    brute_force,
    facts,
    finding,
    plain_address,
    stopped,
)
from tests.unit.playbook.test_plan_properties import (
    PATIENT,
    POLICY,
    SITUATION,
    TIMES,
    acts,
    planned,
)
from tests.unit.playbook.test_scoring_properties import INCRIMINATING, MFA_ORDER, given_facts

BOTH = frozenset({BlockName.ADDRESS, BlockName.ACTIVITY})
SUBSETS = [
    frozenset(some) for some in chain.from_iterable(combinations(sorted(BOTH), n) for n in (1, 2))
]
HUNTS = sorted(name.removeprefix(ACTIVITY) for name in load_ruleset().signals if ACTIVITY in name)
FLAG = st.sampled_from([True, False, None])
ADDRESS = st.none() | st.builds(
    AddressVerdict,
    ip_reputation_score=st.none() | st.integers(0, 100),
    reputation=st.sampled_from(AddressReputation),
    geo_country=st.sampled_from([None, "DE", "NG"]),
    is_vpn_proxy_service=FLAG,
    is_hosting=FLAG,
    is_tor=FLAG,
)
FINDING = st.builds(
    finding,
    st.sampled_from(HUNTS),
    st.sampled_from(["2026-11-20T01:00:00Z", "2026-11-21T23:00:00Z"]),
)
FINDINGS = st.none() | st.lists(FINDING, max_size=4, unique_by=lambda one: one.id)
KNOWN = st.builds(
    given_facts,
    st.fixed_dictionaries({name: st.booleans() for name in INCRIMINATING}),
    st.sampled_from([*MFA_ORDER, MfaResult.UNKNOWN]),
    st.booleans(),
    risk=st.booleans(),
    device=st.booleans(),
    thin=st.booleans(),
)


def told(known: ScoringInput, **answers: Any) -> ScoringInput:
    """Return what is known with these answers about the address and the activity."""
    address = answers.get("address", known.address)
    found = answers.get("findings", known.findings)
    return facts(
        known.analysis,
        address,
        findings=found,
        user_risk=known.user_risk,
        mfa_enabled=known.mfa_enabled,
        sign_in_log_complete=known.sign_in_log_complete,
    )


def without(known: ScoringInput, missing: frozenset[BlockName]) -> ScoringInput:
    """Return what is known while these have not answered."""
    names = {BlockName.ADDRESS: "address", BlockName.ACTIVITY: "findings"}
    return told(known, **{names[name]: None for name in missing})


@PATIENT
@given(
    known=KNOWN,
    missing=st.sampled_from(SUBSETS),
    address=ADDRESS,
    found=FINDINGS,
    situation=SITUATION,
    policy=POLICY,
    at=TIMES,
)
def test_what_is_certain_is_planned_whatever_the_answers_say(
    known: ScoringInput,
    missing: frozenset[BlockName],
    address: AddressVerdict | None,
    found: list[HuntFinding] | None,
    situation: dict[str, Any],
    policy: Policy,
    at: datetime,
) -> None:
    early = without(known, missing)
    verdict = certain_verdict(early, missing)
    if verdict is None:
        return
    late = told(
        known,
        **{"address": address} if BlockName.ADDRESS in missing else {},
        **{"findings": found} if BlockName.ACTIVITY in missing else {},
    )
    full = score(late)
    assert full.compromise_confidence_score is Confidence.HIGH
    assert verdict.compromise_confidence_score is Confidence.HIGH
    begun = _lines(situation, recommend(early, verdict), [], policy, at)
    every = _lines(situation, recommend(late, full), situation["addresses"], policy, at)
    assert [line for line in begun if line not in every] == []


def _lines(
    situation: dict[str, Any],
    recommended: list[ActionName],
    addresses: list[AddressFacts],
    policy: Policy,
    at: datetime,
) -> list[Any]:
    judged = {"confidence": Confidence.HIGH, "recommended": recommended, "addresses": addresses}
    lines = planned(situation | judged, policy, OperatingMode.AUTOMATIC, at)
    return [line for line in lines if acts(line) and line.action in IDENTITY_ACTIONS]


@pytest.mark.parametrize("missing", SUBSETS)
def test_an_ordinary_brute_force_is_certain_without_them(missing: frozenset[BlockName]) -> None:
    known = without(facts(brute_force(), bad_address()), missing)
    assert certain_verdict(known, missing) is not None


@PATIENT
@given(known=KNOWN, missing=st.sampled_from(SUBSETS))
def test_what_an_answer_could_still_change_is_not_certain(
    known: ScoringInput, missing: frozenset[BlockName]
) -> None:
    """The other way round: where nothing is certain, the worst answers really are not High."""
    early = without(known, missing)
    if certain_verdict(early, missing) is not None:
        return
    answers: list[AddressVerdict | None] = [known.address]
    if BlockName.ADDRESS in missing:
        answers = [None, plain_address(), *certainty._answers()]
    worst = [score(told(early, address=answer)) for answer in answers]
    assert any(one.compromise_confidence_score is not Confidence.HIGH for one in worst)


def test_an_ordinary_address_may_still_explain_it() -> None:
    """High by a hair: a quiet address of an access network would make it Medium."""
    analysis = brute_force().model_copy(
        update={"brute_force": None, "failed_logins_count": 6, "guesses": 0}
    )
    early = facts(analysis, None)
    assert score(early).compromise_confidence_score is Confidence.HIGH
    assert score(facts(analysis, plain_address())).compromise_confidence_score is Confidence.MEDIUM
    assert certain_verdict(early, {BlockName.ADDRESS}) is None
    assert certain_verdict(early, {BlockName.ACTIVITY}) is not None


@pytest.mark.parametrize("missing", [{BlockName.USER}, {BlockName.SIGN_INS, BlockName.ACTIVITY}])
def test_nothing_is_certain_without_the_account_and_its_sign_ins(missing: set[BlockName]) -> None:
    assert certain_verdict(facts(brute_force(), bad_address()), missing) is None


def test_nothing_is_certain_without_a_success() -> None:
    assert certain_verdict(facts(stopped("50126"), bad_address()), BOTH) is None
    assert certain_verdict(facts(None, bad_address()), BOTH) is None


def test_a_rule_by_which_a_finding_exonerates_makes_hunts_worth_waiting_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rules = load_ruleset()
    name = f"{ACTIVITY}{HUNTS[0]}"
    milder = rules.signals[name].model_copy(update={"weight": -0.1})
    changed = rules.model_copy(update={"signals": rules.signals | {name: milder}})
    known = facts(brute_force(), bad_address(), findings=None)
    assert certain_verdict(known, {BlockName.ACTIVITY}) is not None
    monkeypatch.setattr(certainty, "load_ruleset", lambda: changed)
    assert certain_verdict(known, {BlockName.ACTIVITY}) is None
    assert certain_verdict(known, {BlockName.ADDRESS}) is not None
