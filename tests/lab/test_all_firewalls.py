"""All four kinds of firewalls at once, in the whole lab: blocked, served, lifted, one down."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from lab.scenarios.loader import load_scenario
from lab.scenarios.models import Scenario
from lab.scenarios.played import Played
from lab.stack import Lab
from orchestrators.names import Activity
from tests.lab.whole_lab import PATIENCE_SECONDS, WholeLab

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

ADDRESS = "203.0.113.66"
LOCATION = "2b6c8a14-5f0e-4a41-9a52-8d8f3a1c9b77"
WRITES = {
    "azure_firewall": ("azure_firewall", "ipGroups.put"),
    "conditional_access": ("entra", "namedLocations.patch"),
    "panos": ("panos", "xml-api"),
}
"""Where each firewall's change shows in the ledger; the hosted list is in Blob."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def firewalls(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WholeLab]:
    """A lab in which every kind of firewall is configured."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LAB_MODE", raising=False)
        lab = Lab(auto_ports=True, state_dir=tmp_path_factory.mktemp("lab"))
        patch.setenv("TOURNIQUET_PANOS_URL", f"https://localhost:{lab.ports.tls}/panos")
        patch.setenv("TOURNIQUET_NAMED_LOCATION_ID", LOCATION)
        patch.setenv("TOURNIQUET_BLOCK_LIST_ENABLED", "true")
        async with lab, lab.client() as client:
            yield WholeLab(lab, client)


def attack() -> Scenario:
    """The brute force that gets in, in a tenant that has the named location."""
    scenario = load_scenario("brute-force-success")
    blocked = {
        "id": LOCATION,
        "displayName": "Blocked by Tourniquet",
        "ipRanges": [
            {"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "192.0.2.1/32"}
        ],
    }
    directory = scenario.tenant.directory
    locations = [*directory.namedLocations, blocked]
    tenant = scenario.tenant.model_copy(
        update={"directory": directory.model_copy(update={"namedLocations": locations})}
    )
    return scenario.model_copy(update={"tenant": tenant})


def outcome(played: Played) -> dict[str, Any]:
    [record] = played.records
    [found] = [item for item in record["actions"] if item["action"] == "BlockIP"]
    return dict(found)


def written(ledger: list[dict[str, Any]], firewall: str) -> int:
    vendor, operation = WRITES[firewall]
    return len(
        [
            line
            for line in ledger
            if (line["vendor"], line["operation"]) == (vendor, operation) and line["effect"]
        ]
    )


async def fetch_list(lab: WholeLab, etag: str = "") -> tuple[int, str, str]:
    """Fetch the block list as a firewall does: with the key in the address."""
    url = f"{lab.lab.host.url}/api/block-list?code={lab.lab.function_key}"
    headers = {"If-None-Match": etag} if etag else {}
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as answer:
        return answer.status, await answer.text(), answer.headers.get("ETag", "")


async def lift(lab: WholeLab, case_id: str) -> None:
    url = f"{lab.lab.host.url}/api/cases/{case_id}/blocks"
    body = {"address": ADDRESS, "lift": True, "comment": "the test is over"}
    headers = {"x-functions-key": lab.lab.function_key}
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, json=body, headers=headers) as answer,
    ):
        assert answer.status == 202, await answer.text()


async def until(check: Callable[[Any], bool], read: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not check(found := await read()):
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.2)
    return found


async def test_blocked_everywhere_served_and_lifted_everywhere(firewalls: WholeLab) -> None:
    played = await firewalls.play(attack())
    done = outcome(played)
    assert (done["status"], done["verified"]) == ("succeeded", True), done
    assert done["undo"]["firewalls"] == [*WRITES, "block_list"]
    assert {name: written(played.ledger, name) for name in WRITES} == dict.fromkeys(WRITES, 1)

    status, text, etag = await fetch_list(firewalls)
    assert (status, text) == (200, f"{ADDRESS}\n")
    assert (await fetch_list(firewalls, etag))[:2] == (304, "")

    [record] = played.records
    await lift(firewalls, record["case_id"])
    await until(lambda found: found[1] == "", lambda: fetch_list(firewalls))
    lifted = await until(
        lambda case: any("lifted by" in entry["event"] for entry in case["timeline"]),
        lambda: firewalls.client.get_case(record["case_id"]),
    )
    [event] = [one["event"] for one in lifted["timeline"] if "lifted by" in one["event"]]
    assert "the test is over" in event
    assert all(f"{name}: lifted, in force" in event for name in (*WRITES, "block_list"))
    ledger = await firewalls.client.get_ledger()
    assert {name: written(ledger, name) for name in WRITES} == dict.fromkeys(WRITES, 2)


async def test_a_worker_killed_between_the_write_and_its_report(firewalls: WholeLab) -> None:
    slow = {"vendor": "azure_firewall", "operation": "ipGroups.put", "kind": "latency"}
    fault = slow | {"value": 3, "times": 1, "when": "after"}
    playing = asyncio.create_task(firewalls.play(attack(), faults=[fault]))
    victim = await firewalls.worker_running(Activity.CHANGE_FIREWALL)
    await firewalls.fault_struck("ipGroups.put", "after")
    os.kill(victim, signal.SIGKILL)
    played = await playing
    done = outcome(played)
    assert (done["status"], done["verified"]) == ("succeeded", True), done
    assert "azure_firewall" in done["undo"]["firewalls"], "it is ours to lift"
    assert {name: written(played.ledger, name) for name in WRITES} == dict.fromkeys(WRITES, 1)
    await lift(firewalls, played.records[0]["case_id"])
    await until(lambda found: found[1] == "", lambda: fetch_list(firewalls))


async def test_one_firewall_that_refuses_does_not_stop_the_others(firewalls: WholeLab) -> None:
    fault = {"vendor": "panos", "operation": "*", "kind": "status", "value": 403}
    played = await firewalls.play(attack(), faults=[fault])
    done = outcome(played)
    assert done["status"] == "failed"
    assert "panos: failed, not written, as it could not be read before: panos " in done["detail"]
    assert "(HTTP 403)" in done["detail"]
    assert done["undo"]["firewalls"] == ["azure_firewall", "conditional_access", "block_list"]
    [record] = played.records
    identity = {item["action"]: item["status"] for item in record["actions"]}
    assert identity["RevokeSessions"] == identity["ForcePasswordReset"] == "succeeded"
