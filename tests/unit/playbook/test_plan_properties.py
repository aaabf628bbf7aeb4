"""What no policy, verdict, account, mode or hour can make of a plan."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shared.models.account_kind import AccountKind
from shared.models.business_hours import BusinessHours, Weekday, lower
from shared.models.case import OperatingMode
from shared.models.plan import ActionName, Decision, Disposition, PlannedAction
from shared.models.policy import MAY_BE_AUTOMATIC, Asking, Policy
from shared.models.verdict import Confidence
from shared.playbook.confidence.reputation import AddressReputation
from shared.playbook.planning.guard_rails import why_never
from shared.playbook.planning.permission import mode_at
from shared.playbook.planning.plan import (
    NOTHING_TO_DO,
    AddressFacts,
    apply_decision,
    hold_plan,
    make_plan,
)

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The result must not depend on how busy the machine is."""
RESET, REVOKE = ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS
BLOCK = ActionName.BLOCK_IP
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)

MINUTES = st.integers(0, 366 * 24 * 60)
TIMES = MINUTES.map(lambda minutes: NEW_YEAR + timedelta(minutes=minutes))
CLOCKS = st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda at: f"{at[0]:02}:{at[1]:02}")
HOURS = st.builds(
    lambda ends, **fields: BusinessHours.model_validate({"from": ends[0], "to": ends[1], **fields}),
    ends=st.lists(CLOCKS, min_size=2, max_size=2, unique=True),
    time_zone=st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia"]),
    days=st.lists(st.sampled_from(Weekday), min_size=1, unique=True),
    during=st.sampled_from(OperatingMode),
    outside=st.sampled_from(OperatingMode),
)
ALLOWED = st.lists(st.sampled_from(sorted(MAY_BE_AUTOMATIC)), unique=True)
KINDS = sorted(set(AccountKind) - {AccountKind.BREAK_GLASS, AccountKind.UNKNOWN})
"""What a policy can name."""
POLICY = st.builds(
    Policy,
    mode=st.sampled_from(OperatingMode),
    automatic=st.dictionaries(
        st.sampled_from(KINDS),
        st.dictionaries(st.sampled_from([Confidence.HIGH, Confidence.MEDIUM]), ALLOWED),
    ),
    business_hours=st.none() | HOURS,
    asking=st.builds(Asking, two_persons=st.lists(st.sampled_from(KINDS), max_size=1)),
)
ADDRESS = st.builds(
    AddressFacts,
    address=st.sampled_from(["203.0.113.7", "203.0.113.8"]),
    reputation=st.sampled_from(AddressReputation),
    highly_unusual=st.booleans(),
    never_block=st.sampled_from([None, "it is our own"]),
    doubts=st.lists(st.just("who else signs in from it could not be asked"), max_size=1),
)
SITUATION = st.fixed_dictionaries(
    {
        "confidence": st.sampled_from(Confidence),
        "recommended": st.lists(st.sampled_from(ActionName), max_size=6),
        "target": st.sampled_from([None, "ann@contoso.com"]),
        "kinds": st.one_of(
            st.sampled_from(KINDS).map(lambda kind: {kind}),
            st.sets(st.sampled_from(AccountKind), max_size=3),
        ),
        "synced": st.sampled_from([True, False, None]),
        "addresses": st.lists(ADDRESS, max_size=2, unique_by=lambda facts: facts.address),
        "supported": st.one_of(st.none(), st.sets(st.sampled_from(ActionName))),
    }
)
CERTAIN: dict[str, Any] = {
    "confidence": Confidence.HIGH,
    "recommended": sorted(ActionName),
    "target": "ann@contoso.com",
    "kinds": {AccountKind.VIP},
    "synced": False,
    "addresses": [
        AddressFacts(address="203.0.113.7", reputation=AddressReputation.MALICIOUS),
    ],
    "supported": None,
}
"""As sure as can be, about somebody of weight."""
LENIENT = Policy(
    mode=OperatingMode.AUTOMATIC,
    automatic={AccountKind.VIP: {Confidence.HIGH: sorted(MAY_BE_AUTOMATIC)}},
)


def planned(
    situation: dict[str, Any], policy: Policy, mode: OperatingMode, at: datetime
) -> list[PlannedAction]:
    return make_plan(mode=mode_at(mode, policy, at), policy=policy, **situation)


def acts(line: PlannedAction) -> bool:
    """Whether a line changes something without a person."""
    return line.disposition is Disposition.AUTOMATIC and line.action not in NOTHING_TO_DO


@PATIENT
@given(SITUATION, POLICY, st.sampled_from(OperatingMode), TIMES)
@example(
    CERTAIN,
    LENIENT,
    OperatingMode.AUTOMATIC,
    NEW_YEAR,
)
def test_nothing_that_the_policy_forbids_is_ever_automatic(
    situation: dict[str, Any], policy: Policy, mode: OperatingMode, at: datetime
) -> None:
    lines = planned(situation, policy, mode, at)
    kinds, confidence = situation["kinds"], situation["confidence"]
    by_address = {facts.address: facts for facts in situation["addresses"]}
    for line in filter(acts, lines):
        assert mode is policy.mode is OperatingMode.AUTOMATIC
        if policy.business_hours is not None:
            assert policy.business_hours.ceiling(at) is OperatingMode.AUTOMATIC
        assert kinds and AccountKind.UNKNOWN not in kinds, "of what kind it is must be known"
        assert all(
            line.action in policy.automatic.get(kind, {}).get(confidence, []) for kind in kinds
        )
        assert AccountKind.BREAK_GLASS not in kinds
        assert not kinds & set(policy.asking.two_persons)
        assert line.action is not ActionName.ISOLATE_DEVICE
        assert situation["supported"] is None or line.action in situation["supported"]
        if line.action in (RESET, REVOKE):
            assert AccountKind.GUEST not in kinds
        if line.action is RESET:
            assert situation["synced"] is False
        if line.action is BLOCK:
            facts = by_address[line.target]
            assert (facts.never_block, facts.doubts) == (None, [])
            assert facts.reputation is AddressReputation.MALICIOUS or facts.highly_unusual
            assert facts.reputation is not AddressReputation.BENIGN


def test_a_policy_can_let_a_vip_be_contained_without_asking() -> None:
    lines = planned(CERTAIN, LENIENT, OperatingMode.AUTOMATIC, NEW_YEAR)
    assert {line.action for line in filter(acts, lines)} == MAY_BE_AUTOMATIC
    privileged = CERTAIN | {"kinds": {AccountKind.VIP, AccountKind.PRIVILEGED}}
    assert not list(filter(acts, planned(privileged, LENIENT, OperatingMode.AUTOMATIC, NEW_YEAR)))


@PATIENT
@given(SITUATION, st.sampled_from(OperatingMode), TIMES, st.sets(st.sampled_from(AccountKind)))
def test_by_default_a_break_glass_account_is_never_touched_whatever_happens(
    situation: dict[str, Any], mode: OperatingMode, at: datetime, kinds: set[AccountKind]
) -> None:
    account = situation | {"kinds": kinds | {AccountKind.BREAK_GLASS}}
    lines = planned(account, Policy(mode=mode), mode, at)
    assert {line.disposition for line in lines} == {Disposition.NEVER}
    assert {line.disposition for line in hold_plan(lines, "too many")} == {Disposition.NEVER}
    chosen = Decision(actions=sorted(ActionName), decided_by="lee", decided_at=NEW_YEAR)
    assert apply_decision(lines, chosen, blockable_address="203.0.113.7") == []


@PATIENT
@given(SITUATION, POLICY, st.sampled_from(OperatingMode), TIMES)
def test_a_break_glass_account_is_not_touched_under_any_policy_either(
    situation: dict[str, Any], policy: Policy, mode: OperatingMode, at: datetime
) -> None:
    account = situation | {"kinds": situation["kinds"] | {AccountKind.BREAK_GLASS}}
    lines = planned(account, policy, mode, at)
    assert {line.disposition for line in lines} == {Disposition.NEVER}


@PATIENT
@given(SITUATION, POLICY, st.sampled_from(OperatingMode), TIMES)
def test_a_plan_is_complete_repeatable_and_can_be_held(
    situation: dict[str, Any], policy: Policy, mode: OperatingMode, at: datetime
) -> None:
    lines = planned(situation, policy, mode, at)
    assert lines == planned(situation, policy, mode, at)
    assert lines and all(line.why and line.target for line in lines)
    assert len({(line.action, line.target) for line in lines}) == len(lines)
    held = hold_plan(lines, "too many")
    assert not any(map(acts, held))
    assert [(line.action, line.target) for line in held] == [(o.action, o.target) for o in lines]


@PATIENT
@given(
    SITUATION,
    POLICY,
    st.sampled_from(OperatingMode),
    TIMES,
    st.lists(st.sampled_from(ActionName), max_size=8),
)
def test_a_decision_never_runs_what_is_never_done(
    situation: dict[str, Any],
    policy: Policy,
    mode: OperatingMode,
    at: datetime,
    actions: list[ActionName],
) -> None:
    lines = planned(situation, policy, mode, at)
    decided = Decision(actions=actions, decided_by="lee", decided_at=NEW_YEAR)
    chosen = apply_decision(lines, decided, blockable_address="203.0.113.7")
    never = {(one.action, one.target) for one in lines if one.disposition is Disposition.NEVER}
    assert not {(one.action, one.target) for one in chosen} & never
    assert {one.action for one in chosen} <= set(actions)
    observes = mode_at(mode, policy, at).mode is OperatingMode.OBSERVE
    if observes or AccountKind.BREAK_GLASS in situation["kinds"]:
        assert chosen == []
    for one in chosen:
        assert why_never(one.action, situation["kinds"], synced=situation["synced"]) is None


@PATIENT
@given(POLICY, st.sampled_from(OperatingMode), TIMES)
def test_hours_and_policy_only_ever_lower_a_case_s_mode(
    policy: Policy, mode: OperatingMode, at: datetime
) -> None:
    now = mode_at(mode, policy, at)
    assert lower(now.mode, mode) is lower(now.mode, policy.mode) is now.mode
    if policy.business_hours is None:
        assert now.mode is lower(mode, policy.mode)
    assert now.mode in now.name
