"""The criteria of seed 004, section 9, on facts: each holds for its fact and for nothing else."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.models.base import Json
from shared.models.block import BlockName, BlockStatus
from shared.models.sla import Tier
from shared.playbook.hunts import load_hunts
from shared.playbook.reporting import escalation
from shared.playbook.reporting.escalation import (
    CRITERIA,
    Reason,
    reasons_to_escalate,
    to_call_now,
)
from tests.unit.playbook.records import AT, FINDING, action, changed_block, record

NOTHING_FOUND = changed_block(BlockName.ACTIVITY, BlockStatus.COMPLETE, [], findings=[])
MEMBER = {
    "case_id": "case-0123456789abcdef01234567",
    "account": "bob@contoso.com",
    "address": "203.0.113.7",
    "opened_at": AT,
    "confidence": "High",
}


def found(*techniques: str) -> Json:
    findings = [FINDING | {"technique": one, "title": f"hunt {one}"} for one in techniques]
    return changed_block(BlockName.ACTIVITY, BlockStatus.COMPLETE, [], findings=findings)


def verdict(confidence: str) -> Json:
    whole: Json = record()["verdict"]
    return whole | {"compromise_confidence_score": confidence}


FACTS: dict[str, Json] = {
    "containment_failed": {"actions": [action("RevokeSessions", "failed", detail="HTTP 403")]},
    "did_not_hold": {"recheck": {"at": AT, "held": False, "detail": "somebody signed in"}},
    "sensitive_account": {"account": {"user_principal_name": "ann@x.com", "kinds": ["vip"]}},
    "lateral_movement": {"blocks": found("T1021.001")},
    "persistence": {"blocks": found("T1098.003")},
    "exfiltration": {"blocks": found("T1048")},
    "destruction": {"blocks": found("T1485")},
    "widespread": {"campaign": [MEMBER], "campaign_count": 2},
}


def ids(given: Json) -> list[str]:
    return [one.criterion for one in reasons_to_escalate(given)]


def plain(**changes: Any) -> Json:
    return record(**({"blocks": NOTHING_FOUND} | changes))


def test_an_ordinary_case_that_was_contained_concerns_the_first_line() -> None:
    assert ids(plain()) == []


def test_every_criterion_is_tried_here() -> None:
    assert set(FACTS) == {one.id for one in CRITERIA}


@pytest.mark.parametrize("name", FACTS)
def test_each_criterion_holds_for_its_fact_alone(name: str) -> None:
    assert ids(plain(**FACTS[name])) == [name]


@pytest.mark.parametrize("criterion", CRITERIA, ids=lambda one: one.id)
def test_each_criterion_quotes_the_seed_or_says_that_it_is_ours(
    criterion: escalation.Criterion,
) -> None:
    function: Callable[..., str] = criterion.holds
    assert "seed" in (function.__doc__ or "").lower()
    assert criterion.tier in (Tier.L2, Tier.IRT)


def test_at_low_confidence_only_what_failed_counts() -> None:
    low = plain(verdict=verdict("Low"), **FACTS["sensitive_account"])
    assert ids(low) == []
    failed = plain(verdict=verdict("Low"), **FACTS["containment_failed"])
    assert ids(failed) == ["containment_failed"]
    assert ids(plain(verdict=None, **FACTS["sensitive_account"])) == []


def test_an_action_that_is_not_in_force_has_failed() -> None:
    broken = plain(actions=[action("RevokeSessions", verified=False)])
    [reason] = reasons_to_escalate(broken)
    assert reason.why == "containment failed (RevokeSessions)"
    unknown = plain(actions=[action("RevokeSessions", verified=None)])
    assert ids(unknown) == []


@pytest.mark.parametrize(("count", "holds"), [(0, False), (1, False), (2, True), (50, True)])
def test_widespread_is_three_accounts(count: int, holds: bool) -> None:
    whole = plain(campaign=[MEMBER][:count], campaign_count=count)
    assert (ids(whole) == ["widespread"]) is holds


@pytest.mark.parametrize("kind", ["privileged", "vip", "break_glass"])
def test_the_sensitive_kinds(kind: str) -> None:
    account = {"user_principal_name": "ann@contoso.com", "kinds": ["ordinary", kind]}
    [reason] = reasons_to_escalate(plain(account=account))
    assert reason.why == f"highly sensitive account ({kind.replace('_', '-')})"


def test_no_two_criteria_share_a_technique() -> None:
    groups = [
        escalation.LATERAL,
        escalation.PERSISTENCE,
        escalation.EXFILTRATION,
        escalation.DESTRUCTION,
    ]
    for hunt in load_hunts():
        assert sum(hunt.technique.startswith(one) for one in groups) <= 1, hunt.id


def test_what_a_log_says_stays_one_line() -> None:
    hostile = FINDING | {"technique": "T1021", "title": "a\n\u202e<b>" + "x" * 5000}
    blocks = changed_block(BlockName.ACTIVITY, BlockStatus.COMPLETE, [], findings=[hostile])
    [reason] = reasons_to_escalate(plain(blocks=blocks))
    assert "\n" not in reason.why and len(reason.why) <= 500


@settings(deadline=None)
@given(st.sets(st.sampled_from(sorted(FACTS))), st.sampled_from(["High", "Medium", "Low"]))
def test_more_facts_never_take_a_reason_away(names: set[str], confidence: str) -> None:
    techniques = {
        "lateral_movement": "T1534",
        "persistence": "T1556.006",
        "exfiltration": "T1567",
        "destruction": "T1490",
    }
    facts: Json = {"verdict": verdict(confidence)}
    for name in sorted(names - set(techniques)):
        facts |= FACTS[name]
    facts["blocks"] = found(*(techniques[name] for name in sorted(names & set(techniques))))
    expected = [
        one.id
        for one in CRITERIA
        if one.id in names and (confidence != "Low" or one.tier is Tier.L2)
    ]
    assert ids(record(**facts)) == expected


REASONS = [Reason("containment_failed", Tier.L2, "a"), Reason("persistence", Tier.IRT, "b")]


@pytest.mark.parametrize(
    ("confidence", "missed", "tiers"),
    [
        ("High", False, [Tier.L2, Tier.IRT]),
        ("High", True, [Tier.L2, Tier.IRT]),
        ("Medium", False, [Tier.L2]),
        ("Medium", True, [Tier.L2, Tier.IRT]),
        (None, True, [Tier.L2, Tier.IRT]),
    ],
)
def test_the_response_team_is_called_when_it_is_sure_or_takes_too_long(
    confidence: str | None, missed: bool, tiers: list[Tier]
) -> None:
    calls = to_call_now(REASONS, confidence=confidence, missed=missed, told=set())
    assert list(calls) == tiers


@settings(deadline=None)
@given(st.sets(st.sampled_from([one.criterion for one in REASONS])), st.booleans())
def test_each_criterion_is_told_once(told: set[str], missed: bool) -> None:
    calls = to_call_now(REASONS, confidence="High", missed=missed, told=told)
    called = {one.criterion for reasons in calls.values() for one in reasons}
    assert called == {one.criterion for one in REASONS} - told
