"""Activities of firewalls: which can take an address, one change for several addresses."""

from collections.abc import Callable

import pytest

from activities.firewall import change_firewall, list_firewalls, read_block
from shared.errors import (
    NotConfigured,
    NotFound,
    PermanentError,
    PermissionDenied,
    RetryableError,
)
from shared.models.base import Json
from tests.support.fakes import FakeFirewall, FakeHouse
from tests.support.scripts import ADDRESS
from tests.unit.activities.calls import call

UNTIL = "2026-11-21T12:00:00.000Z"
OTHER = "198.51.100.9"


def wanted(address: str) -> Json:
    return {"address": address, "until": UNTIL, "cases": ["case-1"], "renewed": False}


async def change(house: FakeHouse, block: list[str], lift: list[str]) -> Json:
    found = await call(
        change_firewall,
        firewall=house.firewall.name,
        block=[wanted(address) for address in block],
        lift=lift,
    )
    answers: Json = found["answers"]
    return answers


async def test_the_firewalls_that_cannot_take_an_address_are_named(house: FakeHouse) -> None:
    old = FakeFirewall()
    old.name, old.ipv4_only = "old", True
    house.providers.firewalls.append(old)
    assert await call(list_firewalls, address="2001:db8::1") == {
        "firewalls": ["firewall"],
        "cannot": {"old": "it takes IPv4 only"},
        "forbidden": None,
    }
    assert await call(list_firewalls, address=ADDRESS) == {
        "firewalls": ["firewall", "old"],
        "cannot": {},
        "forbidden": None,
    }


async def test_no_firewall_takes_what_the_policy_forbids_since_it_was_wanted(
    house: FakeHouse, govern: Callable[..., None]
) -> None:
    govern(never_block={"addresses": [f"{ADDRESS}/32"]})
    found = await call(list_firewalls, address=ADDRESS)
    why = f"the policy forbids it: it is the organisation's own ({ADDRESS}/32)"
    assert found == {"firewalls": [], "cannot": {"firewall": why}, "forbidden": why}
    assert (await call(list_firewalls, address=OTHER))["firewalls"] == ["firewall"]


async def test_what_the_policy_forbids_is_lifted_but_never_written(
    house: FakeHouse, govern: Callable[..., None]
) -> None:
    third = "198.51.100.77"
    house.firewall.blocked = {third}
    govern(never_block={"addresses": [f"{ADDRESS}/32", third]})
    refused = f"the policy forbids it: it is the organisation's own ({ADDRESS}/32)"
    answers = await change(house, [ADDRESS, OTHER], [third])
    assert answers[ADDRESS] == {"rule_id": "", "refused": refused, "forbidden": True}
    assert [answers[one]["refused"] for one in (OTHER, third)] == [None, None]
    assert house.firewall.blocked == {OTHER}
    house.firewall.calls.clear()
    assert list(await change(house, [ADDRESS], [])) == [ADDRESS]
    state = await call(read_block, firewall="firewall", address=ADDRESS, before=True)
    assert state == {"refused": refused, "forbidden": True}
    assert house.firewall.calls == [], "the firewall is not even asked"
    assert (await call(read_block, firewall="firewall", address=ADDRESS))["present"] is False


async def test_one_change_blocks_and_lifts(house: FakeHouse) -> None:
    house.firewall.blocked = {OTHER}
    answers = await change(house, [ADDRESS], [OTHER])
    assert answers == {
        ADDRESS: {"rule_id": "/ipGroups/1", "refused": None, "forbidden": False},
        OTHER: {"rule_id": "/ipGroups/1", "refused": None, "forbidden": False},
    }
    assert house.firewall.calls == ["change"]
    state = await call(read_block, firewall="firewall", address=ADDRESS)
    assert (state["present"], state["provisioned"]) == (True, True)


async def test_a_refusal_is_an_answer_for_every_address(house: FakeHouse) -> None:
    house.firewall.failing["change"] = PermissionDenied("no", vendor="azure_firewall", status=403)
    answers = await change(house, [ADDRESS], [OTHER])
    assert set(answers) == {ADDRESS, OTHER}
    assert all("403" in answer["refused"] for answer in answers.values())


@pytest.mark.parametrize(
    ("error", "lift", "apart"),
    [
        (PermanentError("an address is invalid", status=400), [OTHER], True),
        (PermanentError("an address is invalid", status=400), [], False),
        (PermissionDenied("no", status=403), [OTHER], False),
        (NotFound("no such group", status=404), [OTHER], False),
    ],
)
async def test_a_refusal_that_may_be_of_one_address_only_is_worth_taking_apart(
    house: FakeHouse, error: PermanentError, lift: list[str], apart: bool
) -> None:
    house.firewall.failing["change"] = error
    block = [wanted(ADDRESS)]
    found = await call(change_firewall, firewall=house.firewall.name, block=block, lift=lift)
    assert found["apart"] is apart


async def test_a_firewall_that_is_busy_is_tried_again(house: FakeHouse) -> None:
    house.firewall.failing["change"] = RetryableError("another update runs", status=409)
    with pytest.raises(RetryableError):
        await change(house, [ADDRESS], [])


async def test_a_firewall_that_is_not_configured_any_more_is_an_answer(house: FakeHouse) -> None:
    house.providers.firewalls.clear()
    answers = await change(house, [ADDRESS], [])
    assert "not configured" in answers[ADDRESS]["refused"]
    with pytest.raises(NotConfigured):
        await call(read_block, firewall="firewall", address=ADDRESS)


async def test_what_no_second_try_would_read_is_an_answer_before_a_write(house: FakeHouse) -> None:
    house.firewall.failing["get_block"] = PermissionDenied("no", vendor="panos", status=403)
    found = await call(read_block, firewall="firewall", address=ADDRESS, before=True)
    assert found["forbidden"] is False and "403" in found["refused"]
    house.firewall.failing["get_block"] = RetryableError("busy", status=503)
    with pytest.raises(RetryableError):
        await call(read_block, firewall="firewall", address=ADDRESS, before=True)
