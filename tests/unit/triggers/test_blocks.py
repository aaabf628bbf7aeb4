from collections.abc import Callable
from typing import Any

import pytest

from orchestrators.names import Event
from shared.case_links import Purpose
from shared.errors import RetryableError
from shared.models.firewall import block_instance
from tests.support.fakes import FakeFirewall, FakeHouse
from tests.support.scripts import ADDRESS
from tests.unit.playbook.records import record
from tests.unit.triggers.calls import (
    BY_KEY,
    CASE_ID,
    FakeClient,
    answer,
    handler,
    request,
    token,
    wrong_fields,
)
from triggers import blocks

block_list = handler(blocks.block_list)
order = handler(blocks.order_block)
KEEPER = block_instance(CASE_ID, ADDRESS)
LIFT: dict[str, Any] = {"address": ADDRESS, "lift": True, "comment": "it was us"}


class FakeList(FakeFirewall):
    """A list that others fetch."""

    async def list_addresses(self) -> list[str]:
        self._call("list_addresses")
        return sorted(self.blocked)


@pytest.fixture
def listed(house: FakeHouse) -> FakeList:
    found = house.providers.block_list = FakeList()
    found.blocked = {"203.0.113.7", "198.51.100.9"}
    return found


async def fetch(**headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await block_list(request("GET", headers=named))


async def test_the_list_is_text_with_one_address_a_line(listed: FakeList) -> None:
    response = await fetch()
    assert (response.status_code, response.mimetype) == (200, "text/plain")
    assert response.get_body() == b"198.51.100.9\n203.0.113.7\n"


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}'])
async def test_an_unchanged_list_is_not_sent_again(listed: FakeList, form: str) -> None:
    etag = (await fetch()).headers["ETag"]
    response = await fetch(if_none_match=form.format(etag))
    assert (response.status_code, response.get_body()) == (304, b"")
    assert response.headers["ETag"] == etag
    listed.blocked.add("203.0.113.8")
    assert (await fetch(if_none_match=form.format(etag))).status_code == 200


async def test_an_empty_list_is_a_list(listed: FakeList) -> None:
    listed.blocked.clear()
    response = await fetch()
    assert (response.status_code, response.get_body()) == (200, b"")


async def test_a_list_that_cannot_be_read_is_no_empty_list(listed: FakeList) -> None:
    """A firewall that got an empty list would let everybody in again."""
    listed.failing["list_addresses"] = RetryableError("storage is away", vendor="blob")
    assert (await fetch()).status_code == 503


async def test_a_list_that_is_switched_off_is_not_there(house: FakeHouse) -> None:
    assert (await fetch()).status_code == 404


@pytest.fixture
def blocked(house: FakeHouse, client: FakeClient) -> FakeClient:
    """A case that blocks an address."""
    house.cases.records[CASE_ID] = record()
    client.started[KEEPER] = {"input": {}}
    return client


async def post(client: FakeClient, body: object, **params: Any) -> Any:
    return await order(request(body=body, **params), client)


async def test_a_person_lifts_a_block(blocked: FakeClient) -> None:
    response = await post(blocked, LIFT, headers=BY_KEY)
    assert response.status_code == 202
    [(instance, event, data)] = blocked.events
    assert (instance, event) == (KEEPER, Event.BLOCK)
    assert data == {
        "lift": True,
        "extend_hours": None,
        "by": "automation key",
        "comment": "it was us",
    }


async def test_what_the_policy_forbids_by_now_is_not_extended_but_lifted(
    blocked: FakeClient, house: FakeHouse, govern: Callable[..., None]
) -> None:
    govern(never_block={"addresses": [f"{ADDRESS}/32"]})
    longer = {"address": ADDRESS, "extend_hours": 5, "comment": "still there"}
    response = await post(blocked, longer, headers=BY_KEY)
    assert response.status_code == 409
    said = answer(response)
    assert said["title"] == "The policy forbids to block that address"
    assert said["detail"].startswith(
        f"It is the organisation's own ({ADDRESS}/32). The block stays"
    )
    assert blocked.events == []
    kept = [one["event"] for one in house.cases.records[CASE_ID]["timeline"]]
    assert kept[-1] == (
        f"block of {ADDRESS} not extended for automation key: the policy forbids it: "
        f"it is the organisation's own ({ADDRESS}/32)"
    )
    house.cases.failing["save"] = RetryableError("storage is away", vendor="blob")
    assert (await post(blocked, longer, headers=BY_KEY)).status_code == 409
    assert (await post(blocked, LIFT, headers=BY_KEY)).status_code == 202


async def test_of_several_blocks_the_living_one_is_meant(blocked: FakeClient) -> None:
    blocked.ended.add(KEEPER)
    again = block_instance(CASE_ID, ADDRESS, 2)
    blocked.started[again] = {"input": {}}
    await post(blocked, LIFT, headers=BY_KEY)
    assert [instance for instance, _event, _data in blocked.events] == [again]


@pytest.mark.parametrize(
    "params", [{}, {"token": token(Purpose.REPORT)}, {"token": token(Purpose.DECISION)}]
)
async def test_nobody_else_may(blocked: FakeClient, params: dict[str, str]) -> None:
    assert (await post(blocked, LIFT, **params)).status_code == 401
    assert blocked.events == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"lift": False}, "body"),
        ({"extend_hours": 5}, "body"),
        ({"lift": False, "extend_hours": 0}, "extend_hours"),
        ({"lift": False, "extend_hours": 1e9}, "extend_hours"),
        ({"comment": ""}, "comment"),
        ({"by": "me"}, "by"),
    ],
)
async def test_a_wrong_body_says_what_is_wrong(
    blocked: FakeClient, change: dict[str, Any], field: str
) -> None:
    response = await post(blocked, LIFT | change, headers=BY_KEY)
    assert wrong_fields(response) == [field]
    assert blocked.events == []


@pytest.mark.parametrize("address", ["198.51.100.1", "../x"])
async def test_an_address_that_the_case_does_not_block(blocked: FakeClient, address: str) -> None:
    body = LIFT | {"address": address}
    assert (await post(blocked, body, headers=BY_KEY)).status_code == 409


async def test_a_block_that_is_over_is_not_lifted(blocked: FakeClient) -> None:
    blocked.ended.add(KEEPER)
    assert (await post(blocked, LIFT, headers=BY_KEY)).status_code == 409
