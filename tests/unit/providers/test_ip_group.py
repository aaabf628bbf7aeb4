from ipaddress import IPv4Address
from typing import Any

import pytest

from shared.models.base import Json
from shared.providers.azure_firewall import AzureFirewall
from shared.providers.azure_firewall.ip_group import (
    MOST_ADDRESSES,
    PLACEHOLDER,
    IpGroup,
    body_with,
    changed,
)
from shared.settings import Settings

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


def after(entries: list[str], add: str | None = None, remove: str | None = None) -> Any:
    """Entries and the one answer after a change."""
    found, answers = changed(
        group(*entries),
        add={add: None} if add else {},
        remove=[remove] if remove else [],
        rule_id="/x",
    )
    [answer] = answers.values()
    return found, answer.refused


def test_adding_keeps_what_is_there() -> None:
    found, refused = after(["198.51.100.0/24", PLACEHOLDER], add=str(ADDRESS))
    assert found == ["198.51.100.0/24", PLACEHOLDER, "203.0.113.7"]
    assert refused is None


def test_an_address_that_a_wider_entry_covers_is_not_added() -> None:
    assert after(["203.0.113.0/24"], add=str(ADDRESS)) == (["203.0.113.0/24"], None)


def test_a_full_group_refuses_what_does_not_fit_and_takes_the_rest() -> None:
    full = [f"198.18.{n // 256}.{n % 256}" for n in range(MOST_ADDRESSES - 1)]
    add = {"203.0.113.7": None, "203.0.113.8": None, "198.18.0.1": None}
    found, answers = changed(group(*full), add=add, remove=[], rule_id="/x")
    assert len(found) == MOST_ADDRESSES
    assert answers["203.0.113.7"].refused is None
    assert "full" in str(answers["203.0.113.8"].refused)
    assert answers["198.18.0.1"].refused is None, "it is there already"


def test_what_is_taken_out_makes_room() -> None:
    full = [f"198.18.{n // 256}.{n % 256}" for n in range(MOST_ADDRESSES)]
    found, answers = changed(
        group(*full), add={"203.0.113.7": None}, remove=["198.18.0.0"], rule_id="/x"
    )
    assert {answer.refused for answer in answers.values()} == {None}
    assert len(found) == MOST_ADDRESSES and "198.18.0.0" not in found


def test_removing_takes_every_single_form_of_the_address() -> None:
    entries = ["203.0.113.7", "198.51.100.1", "203.0.113.7/32"]
    assert after(entries, remove=str(ADDRESS)) == (["198.51.100.1"], None)


def test_a_group_is_never_left_empty() -> None:
    assert after(["203.0.113.7"], remove=str(ADDRESS)) == ([PLACEHOLDER], None)
    assert after([PLACEHOLDER], remove=PLACEHOLDER) == ([PLACEHOLDER], None)


@pytest.mark.parametrize("wider", ["203.0.113.0/24", "203.0.113.0-203.0.113.255"])
def test_a_wider_entry_of_somebody_else_is_not_removed(wider: str) -> None:
    found, refused = after(["203.0.113.7", wider], remove=str(ADDRESS))
    assert found == [wider]
    assert wider in refused


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


@pytest.mark.parametrize(
    ("state", "in_force", "broken"),
    [
        ("Succeeded", True, False),
        ("Updating", False, False),
        ("Failed", False, True),
        ("Canceled", False, True),
    ],
)
async def test_a_change_that_azure_gave_up_is_told_from_one_under_way(
    monkeypatch: pytest.MonkeyPatch, state: str, in_force: bool, broken: bool
) -> None:
    async def read(_: AzureFirewall) -> tuple[IpGroup, Json]:
        return group(str(ADDRESS), state=state), {}

    monkeypatch.setattr(AzureFirewall, "_read", read)
    found = await AzureFirewall(Settings()).get_block(str(ADDRESS))
    assert (found.present, found.provisioned, found.broken) == (True, in_force, broken)
