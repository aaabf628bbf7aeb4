"""One account, one case: incidents in the same instant, and one account under two names."""

import asyncio
import copy
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from lab.scenarios.earlier import close_earlier_cases
from lab.scenarios.expander import Play, expand
from lab.scenarios.loader import load_scenario
from lab.scenarios.people import is_finished
from lab.scenarios.player import prepare
from tests.lab.whole_lab import PATIENCE_SECONDS, WholeLab

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

type Json = dict[str, Any]

ONCE = ("entra revokeSignInSessions", "entra users.patch")


async def staged(lab: WholeLab, scenario: str = "brute-force-success") -> Play:
    """Put the attack of a scenario on the stage."""
    play = expand(load_scenario(scenario), lab.lab.common, datetime.now(UTC))
    await prepare(lab.client, play)
    return play


def another(body: Json, title: str) -> Json:
    """Return another incident about the same."""
    made = copy.deepcopy(body)
    folder = made["object"]["id"].rpartition("/")[0]
    made["object"]["name"] = str(uuid.uuid4())
    made["object"]["id"] = f"{folder}/{made['object']['name']}"
    made["object"]["properties"]["title"] = title
    return made


async def effects(lab: WholeLab) -> dict[str, int]:
    """Count what changed the account."""
    ledger = await lab.client.get_ledger()
    lines = [f"{entry['vendor']} {entry['operation']}" for entry in ledger if entry["effect"]]
    return {name: lines.count(name) for name in ONCE}


async def until(lab: WholeLab, case_id: str, done: Callable[[Json], bool]) -> Json:
    """Read the record until it shows what is waited for."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done(record := await lab.client.get_case(case_id)):
        assert time.monotonic() < deadline, [line["event"] for line in record["timeline"]]
        await asyncio.sleep(0.2)
    return record


async def test_many_incidents_in_the_same_instant_are_one_case(whole_lab: WholeLab) -> None:
    play = await staged(whole_lab)
    bodies = [play.incident, *(another(play.incident, f"No. {n}") for n in range(7))]
    answers = await asyncio.gather(*(whole_lab.client.send_incident(body) for body in bodies))
    cases = [case for answer in answers for case in answer["cases"]]
    [case_id] = {case["case_id"] for case in cases}
    assert sum(case["created"] for case in cases) == 1
    assert sum(case.get("joined", False) for case in cases) == 7

    record = await until(whole_lab, case_id, lambda found: len(found["joined"]) == 7)
    record = await until(whole_lab, case_id, is_finished)
    assert record["status"] == "contained"
    assert await effects(whole_lab) == dict.fromkeys(ONCE, 1)
    again = await whole_lab.client.send_incident(bodies[3])
    assert [(one["case_id"], one["created"]) for one in again["cases"]] == [(case_id, False)]
    await whole_lab.close(case_id)

    after = await whole_lab.client.send_incident(another(play.incident, "after the end"))
    [new] = after["cases"]
    assert new["created"] and new["case_id"] != case_id
    record = await until(whole_lab, new["case_id"], is_finished)
    assert record["status"] == "contained"
    assert await effects(whole_lab) == dict.fromkeys(ONCE, 1), "done by the case before"
    await whole_lab.close(new["case_id"])


async def test_one_account_under_two_names_is_contained_once(whole_lab: WholeLab) -> None:
    play = await staged(whole_lab)
    by_name = another(play.incident, "the account by its name only")
    for entity in by_name["object"]["properties"]["relatedEntities"]:
        entity["properties"].pop("aadUserId", None)
    sent = await asyncio.gather(
        *(whole_lab.client.send_incident(body) for body in (play.incident, by_name))
    )
    ids = [case["case_id"] for answer in sent for case in answer["cases"]]
    assert len(set(ids)) == 2, "only the directory knows that the two are one"
    records = [await until(whole_lab, case_id, is_finished) for case_id in ids]
    assert [record["status"] for record in records] == ["contained", "contained"]
    assert await effects(whole_lab) == dict.fromkeys(ONCE, 1)
    details = [
        item["detail"]
        for record in records
        for item in record["actions"]
        if item["action"] in ("RevokeSessions", "ForcePasswordReset")
    ]
    assert sum(detail.startswith("done by case ") for detail in details) == 2
    for case_id in ids:
        await whole_lab.close(case_id)


async def test_a_lab_that_plays_again_begins_with_a_case_of_its_own(whole_lab: WholeLab) -> None:
    """What an earlier play left open is closed, also when it waits for an answer."""
    play = await staged(whole_lab, "needs-approval")
    [first] = (await whole_lab.client.send_incident(play.incident))["cases"]
    await until(whole_lab, first["case_id"], lambda found: found["status"] == "awaiting_decision")
    await close_earlier_cases(whole_lab.client)
    record = await whole_lab.client.get_case(first["case_id"])
    assert (record["status"], record["decision"]["actions"]) == ("closed", ["NoAction"])
    again = another(play.incident, "played again")
    [second] = (await whole_lab.client.send_incident(again))["cases"]
    assert second["created"] and second["case_id"] != first["case_id"]
    await until(whole_lab, second["case_id"], lambda found: found["status"] == "awaiting_decision")
    await close_earlier_cases(whole_lab.client)
    assert (await whole_lab.client.get_case(second["case_id"]))["status"] == "closed"
