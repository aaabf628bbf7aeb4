"""Bursts: counted in an hour that slides, on true rows and on what merely looks like them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lab.simulators.kql.store import KqlStore
from tests.unit.playbook.hunt_rows import (
    ATTACKER,
    HUNTS,
    Rows,
    at,
    files,
    mails,
    office,
    purge,
    run,
    spread,
    transfer,
)

HOME = "198.51.100.20"
GUEST: dict[str, Any] = {
    "TargetUserOrGroupType": "Guest",
    "TargetUserOrGroupName": "x_y.example#EXT#@contoso",
}
INSIDE: dict[str, Any] = {
    "TargetUserOrGroupType": "Member",
    "TargetUserOrGroupName": "kim@contoso.example",
}
ANYONE: dict[str, Any] = {
    "TargetUserOrGroupType": "SharePointGroup",
    "TargetUserOrGroupName": "SharingLinks.c15e9245.AnonymousEdit.b7617884",
}
COLLEAGUES: dict[str, Any] = {
    "TargetUserOrGroupType": "SharePointGroup",
    "TargetUserOrGroupName": "SharingLinks.5dab2cdb.OrganizationEdit.08ac0b39",
}


def sent(count: int, first: float, last: float) -> Rows:
    return [transfer(5_000_000, minute=minute) for _, minute in spread(count, first, last)]


BURSTS = {
    "mass_download": lambda first, last: files("FileDownloaded", 101, first, last),
    "large_transfers": lambda first, last: sent(101, first, last),
    "mail_bursts": lambda first, last: mails(51, first, last),
    "sharing_bursts": lambda first, last: files("AnonymousLinkCreated", 21, first, last),
    "mass_deletion": lambda first, last: files("FileRecycled", 205, first, last),
}
COUNTED = {
    "mass_download": "Files",
    "large_transfers": "BytesSent",
    "mail_bursts": "Messages",
    "sharing_bursts": "Files",
    "mass_deletion": "Deleted",
}


@pytest.fixture(scope="module")
def store() -> Iterator[KqlStore]:
    yield KqlStore()


def found(store: KqlStore, hunt_id: str, rows: Rows) -> Rows:
    table = HUNTS[hunt_id].tables[0]
    store.load({table: rows})
    return run(store, HUNTS[hunt_id])


@pytest.mark.parametrize("hunt_id", BURSTS)
@pytest.mark.parametrize(("first", "last"), [(0, 20), (50, 70), (57, 63), (32, 86), (-28, 26)])
def test_burst_is_found_wherever_the_full_hour_falls(
    store: KqlStore, hunt_id: str, first: float, last: float
) -> None:
    rows = BURSTS[hunt_id](first, last)
    told = found(store, hunt_id, rows)
    whole = len(rows) * (5_000_000 if hunt_id == "large_transfers" else 1)
    fullest = max(told, key=lambda row: row[COUNTED[hunt_id]])
    assert fullest[COUNTED[hunt_id]] == whole
    assert (fullest["FirstSeen"], fullest["TimeGenerated"]) == (at(first), at(last))
    assert len(told) <= 1 + (first // 60 != last // 60), "once for each hour it touches"


@pytest.mark.parametrize("hunt_id", BURSTS)
@pytest.mark.parametrize("first", [0, 25, 50])
def test_as_many_over_half_a_day_are_work(store: KqlStore, hunt_id: str, first: float) -> None:
    assert found(store, hunt_id, BURSTS[hunt_id](first, first + 720)) == []


@pytest.mark.parametrize("hunt_id", BURSTS)
def test_a_later_smaller_burst_is_told_too(store: KqlStore, hunt_id: str) -> None:
    rows = BURSTS[hunt_id](0, 30) + BURSTS[hunt_id](10, 30) + BURSTS[hunt_id](600, 610)
    told = found(store, hunt_id, rows)
    assert max(row["TimeGenerated"] for row in told) == at(610)
    assert min(row["FirstSeen"] for row in told) == at(0)


@pytest.mark.parametrize("hunt_id", sorted(set(BURSTS) - {"large_transfers"}))
def test_somebody_elses_burst_is_not_the_accounts(store: KqlStore, hunt_id: str) -> None:
    rows = [row | {"UserId": "kim@contoso.example"} for row in BURSTS[hunt_id](0, 20)]
    assert found(store, hunt_id, rows) == []


ORDINARY: dict[str, tuple[str, Rows]] = {
    "99 files": ("mass_download", files("FileDownloaded", 99, 0, 30)),
    "one file a hundred times": ("mass_download", files("FileDownloaded", 1) * 120),
    "two addresses": (
        "mass_download",
        files("FileDownloaded", 80) + files("FileDownloaded", 160, ClientIP=HOME)[80:],
    ),
    "500 MB": ("large_transfers", sent(100, 0, 30)),
    "49 messages": ("mail_bursts", mails(49, 0, 30)),
    "one message written twenty times to the log": ("mail_bursts", mails(30, 0, 30) * 20),
    "messages that were not sent": ("mail_bursts", mails(60, ResultStatus="Failed")),
    "drafts": (
        "mail_bursts",
        [office("Create", OfficeId=f"d{i}") for i in range(80)],
    ),
    "19 files": ("sharing_bursts", files("AnonymousLinkCreated", 19, 0, 30)),
    "one folder for sixty guests": (
        "sharing_bursts",
        files("AddedToSecureLink", 1, **GUEST) * 60,
    ),
    "with colleagues": ("sharing_bursts", files("SharingSet", 60, 0, 30, **INSIDE)),
    "links for colleagues": ("sharing_bursts", files("SharingSet", 60, 0, 30, **COLLEAGUES)),
    "company links": ("sharing_bursts", files("CompanyLinkCreated", 60, 0, 30)),
    "five anonymous links, several rows each": (
        "sharing_bursts",
        (files("AnonymousLinkCreated", 5) + files("SharingSet", 5, **ANYONE)) * 3,
    ),
    "200 files": ("mass_deletion", files("FileRecycled", 200, 0, 30)),
    "one deletion as two records": (
        "mass_deletion",
        files("FileDeleted", 150) + files("FileRecycled", 150),
    ),
    "emptying the bin at home": (
        "mass_deletion",
        [purge("SoftDelete", 900, ClientIP=HOME), purge("MoveToDeletedItems", 900, ClientIP=HOME)],
    ),
    "emptying SharePoint's bin": (
        "mass_deletion",
        files("FileDeletedFirstStageRecycleBin", 500),
    ),
    "purging a little": ("mass_deletion", [purge("HardDelete", 200, ClientIP=HOME)]),
    "files and messages, each below": (
        "mass_deletion",
        [*files("FileRecycled", 150), purge("HardDelete", 150)],
    ),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_use_is_not_told(store: KqlStore, name: str) -> None:
    hunt_id, rows = ORDINARY[name]
    assert found(store, hunt_id, rows) == []


TRUE: dict[str, tuple[str, Rows]] = {
    "sent by others' names": (
        "mail_bursts",
        [*mails(25), *(one | {"Operation": "SendAs"} for one in mails(60)[25:])],
    ),
    "without a message id": (
        "mail_bursts",
        [one | {"Item": ""} for one in mails(60)],
    ),
    "every message from a new port": (
        "mail_bursts",
        [one | {"ClientIP": f"{ATTACKER}:{9000 + i}"} for i, one in enumerate(mails(60))],
    ),
    "downloads, every one from a new port": (
        "mass_download",
        [
            one | {"ClientIP": f"[2001:db8::1]:{9000 + i}"}
            for i, one in enumerate(files("FileDownloaded", 120))
        ],
    ),
    "guests": ("sharing_bursts", files("AddedToSecureLink", 25, **GUEST)),
    "anybody": ("sharing_bursts", files("SharingSet", 25, **ANYONE)),
    "by several kinds of link": (
        "sharing_bursts",
        files("SecureLinkCreated", 12) + files("SharingInvitationCreated", 30)[12:],
    ),
    "purged in one record": ("mass_deletion", [purge("HardDelete", 250, ClientIP=HOME)]),
    "swept by the intruder": (
        "mass_deletion",
        [purge("SoftDelete", 60, minute, ClientIP=f"[{ATTACKER}]:77") for minute in range(4)],
    ),
    "purged message by message": (
        "mass_deletion",
        [purge("HardDelete", 1, i / 60, AffectedItems="") for i in range(230)],
    ),
}


@pytest.mark.parametrize("name", TRUE)
def test_burst_is_told_whatever_it_is_made_of(store: KqlStore, name: str) -> None:
    hunt_id, rows = TRUE[name]
    assert len(found(store, hunt_id, rows)) >= 1


ADDRESSES: dict[str, tuple[str, str]] = {
    "v4": ("203.0.113.7", "203.0.113.7"),
    "v4 with port": ("203.0.113.7:4711", "203.0.113.7"),
    "v4 in brackets": ("[203.0.113.7]", "203.0.113.7"),
    "v4 in brackets with port": ("[203.0.113.7]:4711", "203.0.113.7"),
    "v6": ("2001:db8::1", "2001:db8::1"),
    "v6 that ends in digits only": ("2001:db8::7:4711", "2001:db8::7:4711"),
    "v6 in capitals": ("2001:DB8::AB", "2001:db8::ab"),
    "v6 in brackets": ("[2001:db8::1]", "2001:db8::1"),
    "v6 with port": ("[2001:db8::1]:4711", "2001:db8::1"),
    "v6 with zone": ("[fe80::1%12]:4711", "fe80::1"),
    "mapped": ("::ffff:203.0.113.7", "203.0.113.7"),
    "mapped with port": ("[::ffff:203.0.113.7]:4711", "203.0.113.7"),
}


@pytest.mark.parametrize("column", ["ClientIP", "Client_IPAddress"])
@pytest.mark.parametrize("name", ADDRESSES)
def test_sensitive_access_knows_an_address_in_every_spelling(
    store: KqlStore, name: str, column: str
) -> None:
    written, address = ADDRESSES[name]
    row: dict[str, Any] = office("FileAccessed", OfficeObjectId="https://x/menu.docx", ClientIP="")
    store.load({"OfficeActivity": [row | {column: written}]})
    hunt = HUNTS["sensitive_access"]
    assert [one["SourceAddress"] for one in run(store, hunt, addresses=[address])] == [address]
    assert run(store, hunt, addresses=["203.0.113.70", "2001:db8::", "2001:db8::7"]) == []


@pytest.mark.parametrize("hunt_id", BURSTS)
def test_three_days_without_pause_are_a_row_for_each_hour(store: KqlStore, hunt_id: str) -> None:
    template = BURSTS[hunt_id](0, 0)[0]
    rows = [
        template
        | {"TimeGenerated": at(minute), "OfficeObjectId": str(number)}
        | {"Item": json.dumps({"InternetMessageId": f"<{number}>"})}
        for number, minute in spread(24_000, -72 * 60, 0)
    ]
    told = found(store, hunt_id, rows)
    assert 70 <= len(told) <= 74
