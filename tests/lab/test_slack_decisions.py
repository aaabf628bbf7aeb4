"""A person decides in Slack: the button is the decision, the message then says who decided."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.stack import Lab
from tests.lab.slack_person import SlackPerson
from tests.lab.whole_lab import PATIENCE_SECONDS, WholeLab

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

type Json = dict[str, Any]


async def question(person: SlackPerson, case_id: str) -> Json:
    [message] = [one for one in await person.messages(case_id) if "decide" in json.dumps(one)]
    return message


async def changed(person: SlackPerson, case_id: str, before: Json) -> Json:
    """The case's message when it asks again, under another number."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (now := await question(person, case_id))["blocks"] == before["blocks"]:
        assert time.monotonic() < deadline, "the message still asks the first question"
        await asyncio.sleep(0.1)
    assert now["ts"] == before["ts"]
    return now


async def answered(person: SlackPerson, case_id: str) -> list[Json]:
    """The case's messages when none of them asks any more."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "checkboxes" in json.dumps(now := await person.messages(case_id)):
        assert time.monotonic() < deadline, "a message still asks"
        await asyncio.sleep(0.1)
    return now


async def record_when(lab: WholeLab, case_id: str, reached: Callable[[Json], bool]) -> Json:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not reached(record := await lab.client.get_case(case_id)):
        assert time.monotonic() < deadline, record["status"]
        await asyncio.sleep(0.1)
    return record


async def test_the_button_is_the_decision_and_the_message_then_says_who(
    whole_lab: WholeLab,
) -> None:
    case = await whole_lab.waiting_case()
    person = SlackPerson(whole_lab)
    asked = await question(person, case["case_id"])
    pressed = person.press(asked, "decide", ticked=["RevokeSessions"])
    assert await person.send(pressed) == 200
    record = await record_when(
        whole_lab, case["case_id"], lambda found: found["status"] == "contained"
    )
    assert record["decision"]["actions"] == ["RevokeSessions"]
    assert record["decision"]["decided_by"] == "ana.lyst (Slack U0ANALYST1)"
    assert record["decision"]["channel"] == "slack"
    assert [one["action"] for one in record["actions"]] == ["RevokeSessions"]
    now_read = await answered(person, case["case_id"])
    [now] = [one for one in now_read if one["ts"] == asked["ts"]]
    assert "Decided by ana.lyst" in json.dumps(now["blocks"])

    assert await person.send(pressed) == 200
    ledger = await whole_lab.client.get_ledger()
    notes = [line["body"] for line in ledger if (line["body"] or {}).get("thread_ts")]
    refusals = [one for one in notes if one["text"].startswith("<@")]
    assert [one["thread_ts"] for one in refusals] == [asked["ts"]]
    assert "does not wait for a decision any more" in refusals[0]["text"]
    assert len([one for one in ledger if one["operation"] == "revokeSignInSessions"]) == 1
    await whole_lab.close(case["case_id"])


async def test_what_is_not_a_valid_answer_changes_nothing(whole_lab: WholeLab) -> None:
    case = await whole_lab.waiting_case()
    case_id = case["case_id"]
    person = SlackPerson(whole_lab)
    asked = await question(person, case_id)
    good = person.press(asked, "decide:NoAction")
    other_case = json.loads(json.dumps(good).replace(case_id, "case-" + "0" * 24))
    tampered = json.loads(json.dumps(good))
    tampered["actions"][0]["value"] += "x"
    boxes_only = {**good, "actions": [{**good["actions"][0], "action_id": "decide_actions_0"}]}
    assert await person.send(good, secret="not Slack's") == 401
    assert await person.send(good, at=time.time() - 400) == 401
    assert await person.send(good, at=time.time() + 400) == 401
    assert await person.send({}, raw=b"payload=%7B") == 400
    assert await person.send({}, raw=b"\xff\xfe") == 400
    for refused in (other_case, tampered, boxes_only, person.press(asked, "decide", ticked=[])):
        assert await person.send(refused) == 200
    reader = SlackPerson(whole_lab, id="U0EVEREADS", name="eve.reads")
    assert await reader.send(reader.press(asked, "decide:NoAction")) == 200
    owner = SlackPerson(whole_lab, id="U0DANARIVERS", name="somebody.else")
    assert await person.send(owner.press(asked, "decide:NoAction")) == 200
    replies = [one["text"] for one in await person.messages("") if "thread_ts" in one]
    assert any("<@U0EVEREADS> you are not among those who may" in one for one in replies)
    assert any("<@U0DANARIVERS> this case is about your own account" in one for one in replies)
    record = await whole_lab.client.get_case(case_id)
    assert (record["status"], record["decision"]) == ("awaiting_decision", None)
    assert await person.send(good) == 200
    record = await record_when(
        whole_lab, case_id, lambda found: found["status"] not in ("awaiting_decision", "containing")
    )
    assert record["decision"]["actions"] == ["NoAction"]
    await whole_lab.close(case_id)


async def test_two_people_have_to_agree(tmp_path: Path) -> None:
    """One chooses and is not taken twice; the message then asks anew, and another confirms."""
    policy = {"asking": {"two_persons": ["ordinary"]}}
    made = Lab(auto_ports=True, state_dir=tmp_path, policy=policy, workers=1)
    async with made as running, running.client() as client:
        lab = WholeLab(running, client)
        case_id = (await lab.waiting_case())["case_id"]
        ana, lee = SlackPerson(lab), SlackPerson(lab, "U0LEADER01", "lee.d")
        asked = await question(ana, case_id)
        assert await ana.send(ana.press(asked, "decide", ticked=["RevokeSessions"])) == 200
        record = await record_when(
            lab, case_id, lambda found: "second needed" in json.dumps(found["timeline"])
        )
        assert (record["status"], record["question"]) == ("awaiting_decision", 2)
        assert record["asked"]["first_answer"]["decided_by"] == "ana.lyst (Slack U0ANALYST1)"

        again = await changed(ana, case_id, asked)
        for refused in (asked, again):
            assert await ana.send(ana.press(refused, "decide", ticked=["RevokeSessions"])) == 200
        assert await lee.send(lee.press(again, "decide", ticked=["RevokeSessions"])) == 200
        record = await record_when(lab, case_id, lambda found: found["status"] == "contained")
        decision = record["decision"]
        assert decision["decided_by"] == "ana.lyst (Slack U0ANALYST1)"
        assert decision["confirmed_by"] == "lee.d (Slack U0LEADER01)"
        told = [line["body"] for line in await client.get_ledger()]
        notes = [one["text"] for one in told if one and one.get("thread_ts")]
        refusals = [one for one in notes if one.startswith("<@")]
        assert ["question 2 is open" in refusals[0], "second person" in refusals[1]] == [True] * 2
        await answered(ana, case_id)
