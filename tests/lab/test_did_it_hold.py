"""Somebody signs in again after the containment: the case is open again, in every place."""

import asyncio
import copy
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from lab.scenarios.expander import expand
from lab.scenarios.loader import load_scenario
from lab.scenarios.player import play, prepare
from lab.stack import Lab
from shared.models.base import format_utc
from tests.lab.whole_lab import PATIENCE_SECONDS, WholeLab

pytestmark = pytest.mark.asyncio(loop_scope="session")

ATTACKER = "203.0.113.66"
RECHECK_SECONDS = 30


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def soon(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WholeLab]:
    """A lab that re-checks after seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOURNIQUET_RECHECK_MINUTES", str(RECHECK_SECONDS / 60))
        folder = tmp_path_factory.mktemp("soon")
        async with Lab(auto_ports=True, state_dir=folder) as lab, lab.client() as client:
            yield WholeLab(lab, client)


async def read_until(lab: WholeLab, case_id: str, event: str) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        record = await lab.client.get_case(case_id)
        if any(entry["event"].startswith(event) for entry in record["timeline"]):
            return record
        await asyncio.sleep(0.2)
    raise AssertionError(f"{event!r} never happened")


async def test_a_sign_in_after_containment_opens_a_closed_case_again(soon: WholeLab) -> None:
    staged = expand(load_scenario("brute-force-success"), soon.lab.common, datetime.now(UTC))
    await prepare(soon.client, staged)
    [record] = (await play(soon.client, staged)).records
    case_id = record["case_id"]
    assert record["status"] == "contained"
    tenant = copy.deepcopy(staged.tenant)
    rows = tenant["tables"]["SigninLogs"]
    again = next(row for row in rows if row["IPAddress"] == ATTACKER and row["ResultType"] == "0")
    now = format_utc(datetime.now(UTC))
    rows.append(again | {"TimeGenerated": now, "CreatedDateTime": now, "Id": "again"})
    async with aiohttp.ClientSession() as http:
        url = f"{soon.lab.urls['lab']}/_lab/tenant"
        async with http.put(url, json=tenant) as put:
            assert put.status == 200, await put.text()
    await soon.client.close_case(case_id, "all done")

    told = await read_until(soon, case_id, "analysts told (not held)")
    assert told["status"] == "failed"
    assert told["recheck"]["held"] is False
    assert told["next_steps"][0].startswith("The containment did NOT hold")
    events = [entry["event"] for entry in told["timeline"]]
    assert any("closed by" in event for event in events)
    ledger = await soon.client.get_ledger()
    for vendor in ("servicenow", "slack", "email", "sentinel"):
        texts = [str(line["body"]) for line in ledger if line["vendor"] == vendor]
        assert any("DID NOT HOLD" in text for text in texts), vendor
    await soon.close(case_id)
