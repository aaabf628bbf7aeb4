from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models.base import Json
from shared.models.case import CaseRequest
from shared.playbook.confidence.reputation import AddressReputation
from shared.playbook.planning.attackers_own import attackers_own
from shared.playbook.planning.plan import AddressFacts
from shared.playbook.reporting.campaign import campaign_key, milestone, milestones
from shared.playbook.reporting.record import MOST_CAMPAIGN, initial_record, merge_record
from tests.support.scripts import case_payload


def hit(number: int, account: str = "", minute: int = 0) -> Json:
    return {
        "case_id": f"case-{number:024x}",
        "account": account or f"user{number}@contoso.example",
        "address": "203.0.113.66",
        "opened_at": f"2026-11-20T{12 + minute // 60:02d}:{minute % 60:02d}:00.000Z",
        "confidence": "High",
    }


def merged(*patches: Json) -> Json:
    record = initial_record(CaseRequest.model_validate(case_payload()))
    for patch in patches:
        record = merge_record(record, patch)
    return record


def test_the_record_keeps_one_case_an_account_the_latest_in_order_of_time() -> None:
    one, again, other = hit(1, "kim", 1), hit(2, "kim", 9), hit(3, "omar", 5)
    record = merged(
        {"campaign": [again, one], "campaign_count": 1},
        {"campaign": [other], "campaign_count": 2},
        {"campaign": [one], "campaign_count": 1},
    )
    assert [item["case_id"] for item in record["campaign"]] == [other["case_id"], again["case_id"]]
    assert record["campaign_count"] == 2, "a late patch does not make it fewer"


@given(st.lists(st.integers(0, 119), min_size=1, max_size=90))
def test_the_same_campaign_comes_of_its_patches_in_any_order(numbers: list[int]) -> None:
    hits = [hit(number, f"user{number % 70}", number) for number in numbers]
    third = len(hits) // 3
    parts = [hits[:third], hits[third : 2 * third], hits[2 * third :]]
    patches = [{"campaign": part, "campaign_count": len(part)} for part in parts]
    results = [merged(*order, order[0]) for order in permutations(patches)]
    assert all(one == results[0] for one in results)
    assert len(results[0]["campaign"]) == min(len({n % 70 for n in numbers}), MOST_CAMPAIGN)


def test_milestones_are_those_of_the_documentation() -> None:
    assert milestones(1000) == [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
    assert [milestone(count) for count in (0, 1, 4, 5, 49, 50)] == [0, 1, 2, 5, 20, 50]


def test_a_key_names_no_address_and_is_one_for_a_customers_network() -> None:
    first, same, other = (
        campaign_key(f"2001:db8:66:{part}") for part in ("1::1", "1:ab::9", "2::1")
    )
    assert first == same != other
    assert campaign_key("203.0.113.66") != campaign_key("203.0.113.67")
    with pytest.raises(ValueError, match="not appear to be"):
        campaign_key("nowhere")


@pytest.mark.parametrize(
    ("facts", "own"),
    [
        ({}, True),
        ({"reputation": AddressReputation.MALICIOUS}, True),
        ({"cannot_block": "no firewall takes it"}, True),
        ({"doubts": ["who else uses it could not be asked"]}, True),
        ({"never_block": "5 other users usually sign in from it"}, False),
        ({"reputation": AddressReputation.BENIGN}, False),
    ],
)
def test_what_others_use_too_is_not_the_attackers_own(facts: dict[str, Any], own: bool) -> None:
    found = attackers_own([AddressFacts(address="203.0.113.66", **facts)])
    assert found == ("203.0.113.66" if own else None)
    assert attackers_own([]) is None
