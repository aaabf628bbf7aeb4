"""What no policy, old or new, lets silence do; and what no policy lets one person give back."""

import asyncio
from typing import Any
from unittest.mock import patch

from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.bootstrap import set_providers
from shared.models.account_kind import AccountKind
from shared.models.case import OperatingMode
from shared.models.plan import ActionName
from shared.models.policy import MAY_BE_AUTOMATIC, Asking, NeverBlock, Policy
from shared.models.verdict import Confidence, Verdict
from shared.playbook.acting.containment import IDENTITY_ACTIONS
from shared.playbook.planning.decided import Decided
from shared.playbook.planning.permission import ModeNow
from shared.playbook.planning.silence import needs_two
from shared.playbook.planning.still_permitted import still_permitted
from tests.support.fakes import FakeHouse
from tests.support.scripts import OBJECT_ID, outcome
from tests.unit.playbook.records import record
from tests.unit.playbook.test_plan_properties import ALLOWED, KINDS, PATIENT
from triggers import undo_by_two
from triggers.principal import Person

ADDRESS = "203.0.113.7"
CONFIDENCES = [Confidence.HIGH, Confidence.MEDIUM]
MOST_SILENT = dict.fromkeys(CONFIDENCES, sorted(MAY_BE_AUTOMATIC - {ActionName.ISOLATE_DEVICE}))
POLICY = st.builds(
    Policy,
    mode=st.sampled_from(OperatingMode),
    automatic=st.dictionaries(
        st.sampled_from(KINDS), st.dictionaries(st.sampled_from(CONFIDENCES), ALLOWED)
    ),
    never_block=st.builds(
        NeverBlock, addresses=st.sampled_from([[], ["203.0.113.0/24"], ["198.51.100.0/24"]])
    ),
    asking=st.builds(
        Asking,
        on_silence=st.sampled_from([{}, MOST_SILENT, {Confidence.HIGH: ["BlockIP"]}]),
        two_persons=st.lists(st.sampled_from(KINDS), max_size=1),
    ),
)
LENIENT = Policy(
    mode=OperatingMode.AUTOMATIC, asking=Asking.model_validate({"on_silence": MOST_SILENT})
)


def judged(confidence: Confidence, mode: OperatingMode, alone: list[ActionName]) -> Decided:
    verdict = Verdict(
        compromise_confidence_score=confidence, score=95, completeness=1, ruleset="test"
    )
    return Decided(verdict=verdict, mode=mode, alone=alone, address=ADDRESS)


@PATIENT
@given(
    POLICY,
    st.sampled_from(OperatingMode),
    st.sampled_from(Confidence),
    st.sets(st.sampled_from(AccountKind), max_size=3),
    st.lists(st.sampled_from(ActionName), unique=True),
    st.lists(st.sampled_from(ActionName), unique=True),
)
@example(
    LENIENT,
    OperatingMode.AUTOMATIC,
    Confidence.HIGH,
    {AccountKind.ORDINARY},
    sorted(ActionName),
    [],
)
def test_silence_does_nothing_that_the_policy_of_now_forbids(
    policy: Policy,
    mode: OperatingMode,
    confidence: Confidence,
    kinds: set[AccountKind],
    actions: list[ActionName],
    alone: list[ActionName],
) -> None:
    """Whatever was to be done when people were asked, devices and addresses included."""
    decided = judged(confidence, mode, alone)
    done, _why = still_permitted(actions, decided, policy, ModeNow(policy.mode, "now"), kinds)
    assert set(done) <= set(actions)
    for action in done:
        assert policy.mode is not OperatingMode.OBSERVE
        assert action in policy.asking.silence(confidence) and action in MAY_BE_AUTOMATIC
        assert kinds and not kinds & {AccountKind.BREAK_GLASS, AccountKind.UNKNOWN}
        assert not kinds & set(policy.asking.two_persons)
        if action in alone:
            named = [policy.automatic.get(kind, {}).get(confidence, []) for kind in kinds]
            assert all(action in one for one in named), "what was automatic then has to be so now"
        if action is ActionName.BLOCK_IP:
            assert "203.0.113.0/24" not in policy.never_block.addresses


def test_silence_does_what_the_policy_lets_it_do() -> None:
    """The property above would hold of a silence that does nothing."""
    decided = judged(Confidence.HIGH, OperatingMode.AUTOMATIC, [])
    now = ModeNow(OperatingMode.AUTOMATIC, "now")
    done, why = still_permitted(sorted(ActionName), decided, LENIENT, now, {AccountKind.ORDINARY})
    assert set(done) == set(MOST_SILENT[Confidence.HIGH]) and "MonitorOnly" in why


@settings(PATIENT, max_examples=40)
@given(
    st.builds(Asking, two_persons=st.lists(st.sampled_from(KINDS), max_size=2, unique=True)),
    st.sets(st.sampled_from(AccountKind), max_size=3),
    st.lists(st.sampled_from(ActionName), unique=True, min_size=1),
    st.sampled_from(["kim", "ana", ""]),
    st.sampled_from(["kim", "ana", ""]),
)
def test_nobody_alone_gives_back_an_account_that_two_decide_about(
    asking: Asking,
    kinds: set[AccountKind],
    actions: list[ActionName],
    first: str,
    second: str,
) -> None:
    """An empty name is a program."""
    house = FakeHouse()
    set_providers(house.providers)
    known = {"key": "a" * 32, "object_id": OBJECT_ID, "kinds": sorted(kinds)}
    found = record(account=known)
    case_id = found["case_id"]
    house.cases.records[case_id] = found
    given_back: dict[str, Any] = {
        "number": 1,
        "actions": [outcome(one) for one in actions],
        "comment": "why",
        "requested_by": "whoever",
    }

    async def ask(name: str) -> object:
        none: frozenset[str] = frozenset()
        who = Person(name, name, none, none, none) if name else None
        return await undo_by_two.agree(found, given_back, who)

    try:
        with patch.object(undo_by_two, "get_policy", lambda: Policy(asking=asking)):
            answers = [asyncio.run(ask(name)) for name in (first, second)]
    finally:
        set_providers(None)
    touches = bool(set(actions) & IDENTITY_ACTIONS)
    two = bool(first and second and first != second)
    started = [isinstance(one, dict) for one in answers]
    expected = [False, two] if touches and needs_two(asking, kinds) else [True, True]
    assert started == expected
