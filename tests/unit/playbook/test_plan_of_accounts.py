"""From what was read of an account to the plan: what was not read is never taken for harmless."""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from shared.models.account_kind import AccountKind
from shared.models.case import OperatingMode
from shared.models.policy import MAY_BE_AUTOMATIC, Asking, Policy
from shared.models.verdict import Confidence
from shared.playbook.planning.guard_rails import AccountFacts, classify_account
from shared.playbook.planning.silence import needs_two, permitted_on_silence
from tests.unit.playbook.test_plan_properties import (
    CERTAIN,
    KINDS,
    NEW_YEAR,
    PATIENT,
    POLICY,
    SITUATION,
    acts,
    planned,
)

NAME, OBJECT_ID = "ann@contoso.com", "id-1"
EVERYTHING = Policy(
    mode=OperatingMode.AUTOMATIC,
    automatic={kind: {Confidence.HIGH: sorted(MAY_BE_AUTOMATIC)} for kind in KINDS},
    asking=Asking(
        on_silence={Confidence.HIGH: sorted(MAY_BE_AUTOMATIC)},
        two_persons=[AccountKind.PRIVILEGED],
    ),
)
"""The most that any policy can allow."""
LISTED = st.lists(st.sampled_from([NAME, OBJECT_ID, "ben@contoso.com"]), unique=True)
LISTS = st.fixed_dictionaries({"break_glass": LISTED, "vip": LISTED, "service": LISTED})
FACTS = st.builds(
    AccountFacts,
    identifiers=st.lists(st.sampled_from([NAME, "ann", OBJECT_ID]), min_size=1, unique=True),
    known=st.booleans(),
    user_type=st.sampled_from([None, "Member", "Guest"]),
    is_admin_role=st.sampled_from([True, False, None]),
)
VIP: dict[str, list[str]] = {"vip": [NAME]}


@PATIENT
@given(SITUATION, st.just(EVERYTHING) | POLICY, FACTS, LISTS)
@example(CERTAIN, EVERYTHING, AccountFacts(identifiers=[NAME], known=True), VIP)
@example(CERTAIN, EVERYTHING, AccountFacts(identifiers=[NAME], is_admin_role=False), VIP)
@example(CERTAIN, EVERYTHING, AccountFacts(identifiers=["x"], known=True, user_type="Guest"), {})
def test_what_was_not_read_is_never_taken_for_harmless(
    situation: dict[str, Any], policy: Policy, facts: AccountFacts, lists: dict[str, list[str]]
) -> None:
    kinds = classify_account(facts, **lists)
    confidence = situation["confidence"]
    automatic = list(
        filter(
            acts, planned(situation | {"kinds": kinds}, policy, OperatingMode.AUTOMATIC, NEW_YEAR)
        )
    )
    silent = permitted_on_silence(policy.asking, kinds, confidence)
    if not facts.known or facts.is_admin_role is None:
        assert (automatic, silent) == ([], [])
        if policy.asking.two_persons and AccountKind.BREAK_GLASS not in kinds:
            assert needs_two(policy.asking, kinds)
    if facts.is_admin_role:
        assert AccountKind.PRIVILEGED in kinds
        assert all(
            policy.allows(line.action, AccountKind.PRIVILEGED, confidence) for line in automatic
        )
    if set(lists.get("break_glass", ())) & set(facts.identifiers):
        assert (automatic, silent) == ([], [])


def test_when_all_was_read_the_policy_is_followed() -> None:
    facts = AccountFacts(identifiers=[NAME], known=True, is_admin_role=False)
    vip = CERTAIN | {"kinds": classify_account(facts, vip=[NAME])}
    lines = planned(vip, EVERYTHING, OperatingMode.AUTOMATIC, NEW_YEAR)
    assert {line.action for line in filter(acts, lines)} == MAY_BE_AUTOMATIC


def test_what_two_people_have_to_want_is_not_done_by_none() -> None:
    facts = AccountFacts(identifiers=[NAME], known=True, is_admin_role=True)
    administrator = CERTAIN | {"kinds": classify_account(facts)}
    lines = planned(administrator, EVERYTHING, OperatingMode.AUTOMATIC, NEW_YEAR)
    assert lines and not list(filter(acts, lines))
    assert {line.why for line in lines} >= {"the policy wants two people for this kind of account"}


def test_who_may_be_of_a_kind_that_takes_two_people_takes_two() -> None:
    two = Asking(two_persons=[AccountKind.PRIVILEGED])
    assert needs_two(two, set())
    assert needs_two(two, {AccountKind.UNKNOWN})
    assert needs_two(two, {AccountKind.UNKNOWN, AccountKind.VIP})
    assert not needs_two(two, {AccountKind.VIP})
    assert not needs_two(Asking(), {AccountKind.UNKNOWN})
