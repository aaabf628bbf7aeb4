"""The plan of a chaos run: the same seed is the same plan, and every trouble is in it."""

from collections import Counter
from datetime import UTC, datetime

from pydantic import TypeAdapter

from lab.chaos.models import CaseKind
from lab.chaos.plan import CASES_IN_A_ROUND, NEVER_BLOCKED, TROUBLE_LASTS, make_plan
from lab.chaos.town import case_id, make_town, policy
from lab.scenarios.loader import load_common
from lab.simulators.faults import Fault

PLAN = make_plan(7, 1000)


def test_the_same_seed_is_the_same_plan() -> None:
    assert make_plan(7, 1000) == PLAN
    assert make_plan(8, 1000) != PLAN


def test_a_longer_run_begins_like_a_shorter_one() -> None:
    assert make_plan(7, 60).rounds == PLAN.rounds[:3]


def test_so_many_cases_each_with_a_name_of_its_own() -> None:
    cases = PLAN.cases
    assert len(cases) == 1000
    assert {len(one.cases) for one in PLAN.rounds} == {CASES_IN_A_ROUND}
    for name in ("name", "object_id", "incident", "second_incident", "address"):
        assert len({getattr(case, name) for case in cases}) == 1000, name
    addresses = [case.address for case in cases]
    parts = [one for one in addresses for other in addresses if one != other and one in other]
    assert [one for one in parts if "." in one] == []


def test_every_kind_of_trouble_is_planned() -> None:
    rounds = PLAN.rounds
    faults = [fault for one in rounds for fault in one.faults]
    assert {case.kind for case in PLAN.cases} == set(CaseKind)
    assert {fault["kind"] for fault in faults} == {
        "latency", "status", "timeout", "reset", "malformed",
    }  # fmt: skip
    assert {401, 429, 500, 503} <= {fault.get("value") for fault in faults}
    assert {fault["when"] for fault in faults if "when" in fault} == {"before", "after"}
    for name in ("kills", "pauses", "blob", "hub"):
        assert any(getattr(one, name) for one in rounds), name
    assert any(kill.all for one in rounds for kill in one.kills)
    assert {bool(outage.hangs) for one in rounds for outage in one.blob} == {True, False}
    assert len({one.directory_skew for one in rounds}) > 2
    cases = PLAN.cases
    assert any(len(case.deliveries) > 1 for case in cases)
    assert any(case.further is not None and case.further < case.deliveries[0] for case in cases)
    assert any(case.answer and case.answer.undone for case in cases)
    aimed = Counter(case.aimed_kill.when for case in cases if case.aimed_kill)
    assert set(aimed) == {"before", "after"}


def test_kills_fall_into_the_round() -> None:
    moments = [kill.at for one in PLAN.rounds for kill in one.kills]
    assert min(moments) >= 1
    assert max(moments) <= TROUBLE_LASTS


def test_the_lab_takes_every_fault() -> None:
    faults = [fault for one in PLAN.rounds for fault in one.faults]
    assert len(TypeAdapter(list[Fault]).validate_python(faults)) == len(faults)


def test_a_town_has_every_account_and_every_incident_its_case() -> None:
    planned = PLAN.rounds[0]
    town = make_town(planned, load_common())
    users = {user["id"] for user in town.tenant["directory"]["users"]}
    assert {case.object_id for case in planned.cases} <= users
    opened = [case_id(one) for one in (*town.incidents.values(), *town.further.values())]
    assert len(set(opened)) == len(town.incidents) + len(town.further)
    moment = datetime.fromisoformat(town.tenant["now"])
    assert abs((moment - datetime.now(UTC)).total_seconds()) < 60


def test_the_policy_knows_who_is_special() -> None:
    found = policy(PLAN.cases)
    vips = [case for case in PLAN.cases if case.kind is CaseKind.VIP]
    assert found["accounts"]["vip"] == [case.user_principal_name for case in vips]
    assert found["never_block"]["addresses"] == [str(NEVER_BLOCKED)]
