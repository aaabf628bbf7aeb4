from ipaddress import IPv4Address
from typing import Any

import pytest

from shared.errors import PermanentError
from shared.providers.azure_firewall.ip_group import (
    MOST_ADDRESSES,
    PLACEHOLDER,
    IpGroup,
    body_with,
    with_address,
    without_address,
)

ADDRESS = IPv4Address("203.0.113.7")


def group(*entries: str, state: str = "Succeeded") -> IpGroup:
    properties = {"provisioningState": state, "ipAddresses": list(entries)}
    return IpGroup.model_validate({"id": "/x", "etag": "e", "properties": properties})


@pytest.mark.parametrize(
    "entry",
    ["203.0.113.7", "203.0.113.7/32", "203.0.113.0/24", "203.0.113.1-203.0.113.9", " 203.0.113.7 "],
)
def test_an_entry_of_any_form_covers_its_addresses(entry: str) -> None:
    assert group("198.51.100.1", entry).covering(ADDRESS) == [entry]


@pytest.mark.parametrize("entry", ["203.0.113.8", "203.0.112.0/24", "1.1.1.1-2.2.2.2", "", "x-y"])
def test_other_entries_do_not(entry: str) -> None:
    assert group(entry).covering(ADDRESS) == []


def test_adding_keeps_what_is_there() -> None:
    assert with_address(group("198.51.100.0/24", PLACEHOLDER), ADDRESS) == [
        "198.51.100.0/24",
        PLACEHOLDER,
        "203.0.113.7",
    ]


def test_a_full_group_is_said_to_be_full() -> None:
    full = [f"198.18.{n // 256}.{n % 256}" for n in range(MOST_ADDRESSES)]
    with pytest.raises(PermanentError, match="full"):
        with_address(group(*full), ADDRESS)


def test_removing_takes_every_single_form_of_the_address() -> None:
    entries = ("203.0.113.7", "198.51.100.1", "203.0.113.7/32")
    assert without_address(group(*entries), ADDRESS) == ["198.51.100.1"]


def test_a_group_is_never_left_empty() -> None:
    assert without_address(group("203.0.113.7"), ADDRESS) == [PLACEHOLDER]


@pytest.mark.parametrize("wider", ["203.0.113.0/24", "203.0.113.0-203.0.113.255"])
def test_a_wider_entry_of_somebody_else_is_not_removed(wider: str) -> None:
    with pytest.raises(PermanentError, match=wider):
        without_address(group("203.0.113.7", wider), ADDRESS)


def test_the_body_keeps_everything_that_may_be_written() -> None:
    document: dict[str, Any] = {
        "id": "/x",
        "name": "n",
        "type": "t",
        "etag": "e",
        "location": "westeurope",
        "tags": {"owner": "soc"},
        "properties": {
            "provisioningState": "Succeeded",
            "firewalls": [],
            "firewallPolicies": [],
            "ipAddresses": ["1.1.1.1"],
            "somethingNew": 1,
        },
    }
    assert body_with(document, ["2.2.2.2"]) == {
        "id": "/x",
        "location": "westeurope",
        "tags": {"owner": "soc"},
        "properties": {"ipAddresses": ["2.2.2.2"], "somethingNew": 1},
    }
