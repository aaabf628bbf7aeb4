import io
from typing import Any

import pytest
from rich.console import Console

from lab.console.overview import show_running_lab
from lab.console.progress import Progress
from lab.console.result import show_expectation, show_result
from lab.console.steps import State, read_steps
from lab.console.terminal import format_seconds, format_size
from lab.scenarios.checker import Check
from lab.scenarios.played import Played
from shared.models.block import BLOCK_OUTPUTS, BlockName


def console() -> Console:
    return Console(file=io.StringIO(), width=90, highlight=False)


def text_of(screen: Console) -> str:
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def opened() -> dict[str, Any]:
    blocks: dict[str, Any] = {
        name: {"status": "skipped", "outputs": dict.fromkeys(names), "notes": ["not run yet"]}
        for name, names in BLOCK_OUTPUTS.items()
    }
    return {
        "case_id": "c1",
        "status": "gathering",
        "incident": {"severity": "High"},
        "account": {"object_id": "o1", "user_principal_name": "dana@contoso.example"},
        "verdict": None,
        "plan": [],
        "decision": None,
        "actions": [],
        "blocks": blocks,
        "sla": {"detected_at": "2026-11-20T12:09:00Z", "received_at": "2026-11-20T12:09:01Z"},
        "timeline": [],
        "next_steps": [],
    }


def decided(disposition: str = "automatic") -> dict[str, Any]:
    record = opened()
    for name in list(BlockName)[:5]:
        record["blocks"][name] |= {"status": "complete", "notes": []}
    reason = {
        "id": "r",
        "title": "Guessing",
        "weight": 2.5,
        "evidence": "25 rows",
        "technique": "T1",
    }
    record["verdict"] = {
        "compromise_confidence_score": "High",
        "score": 97,
        "reasons": [reason],
        "completeness": 1.0,
        "ruleset": "2026.11.1",
    }
    record["plan"] = [
        {"action": "RevokeSessions", "target": "o1", "disposition": disposition, "why": "High"}
    ]
    record["status"] = "containing" if disposition == "automatic" else "awaiting_decision"
    return record


def finished() -> dict[str, Any]:
    record = decided()
    action = {"action": "RevokeSessions", "target": "o1", "status": "succeeded", "verified": True}
    record["actions"] = [action]
    item = {"name": "sign-ins.jsonl.gz", "rows": 110, "size": 8123, "sha256": "ab" * 32}
    for name in (BlockName.CONTAINMENT, BlockName.EVIDENCE, BlockName.NOTIFICATION):
        record["blocks"][name] |= {"status": "complete", "notes": []}
    record["blocks"][BlockName.FIREWALL]["notes"] = ["no address to block"]
    record["blocks"][BlockName.EVIDENCE]["details"] = {"items": [item]}
    sent = {"slack": {"status": "sent", "reason": ""}}
    told = {"incident_ticket_id": "INC1", "analyst_notification_status": sent}
    record["blocks"][BlockName.NOTIFICATION]["outputs"] = told
    record["timeline"] = [
        {"at": "2026-11-20T12:09:03Z", "event": "analysts told (opened): INC1; slack"},
        {"at": "2026-11-20T12:09:05Z", "event": "analysts told (completed): INC1; slack"},
    ]
    record["status"] = "contained"
    record["sla"] |= {"notified_at": "2026-11-20T12:09:03Z", "contained_at": "2026-11-20T12:09:04Z"}
    return record


def states(record: dict[str, Any]) -> list[State]:
    return [step.state for step in read_steps(record)]


def test_steps_of_a_new_a_deciding_and_a_finished_case() -> None:
    waiting, running, done = State.WAITING, State.RUNNING, State.DONE
    assert states(opened()) == [running, *[waiting] * 6]
    assert states(decided()) == [
        done, done, running, State.NOT_NEEDED, running, running, waiting,
    ]  # fmt: skip
    assert states(finished()) == [done, done, done, State.NOT_NEEDED, done, done, done]


def test_a_case_that_asks_says_what_it_asks() -> None:
    ask = read_steps(decided("ask"))[3]
    assert (ask.state, ask.detail) == (State.RUNNING, "waiting for a person: RevokeSessions?")


def test_trouble_is_named() -> None:
    record = finished()
    record["blocks"][BlockName.ADDRESS]["status"] = "partial"
    record["actions"][0]["status"] = "failed"
    steps = {step.name: step for step in read_steps(record)}
    assert steps["gather"].detail == "address partial"
    assert steps["contain"].detail == "failed: RevokeSessions"


def test_progress_outside_a_terminal_is_one_line_per_step() -> None:
    screen = console()
    with Progress(screen) as progress:
        for record in (opened(), decided(), decided(), finished(), finished()):
            progress.observe(record)
    lines = text_of(screen).splitlines()
    assert len([line for line in lines if "✓ gather" in line]) == 1
    assert len([line for line in lines if "✓ hand over" in line]) == 1
    assert "\x1b" not in text_of(screen)


def test_the_result_says_what_an_analyst_asks_for() -> None:
    screen = console()
    entry = {"vendor": "entra", "operation": "revokeSignInSessions", "target": "o1"}
    played = Played(records=[finished()], ledger=[entry | {"status": 200, "effect": True}])
    show_result(screen, played)
    text = text_of(screen)
    for words in (
        "High confidence that dana@contoso.example is compromised: 97 of 100",
        "+2.5",
        "RevokeSessions",
        "verified",
        "8.1 kB",
        "INC1",
        "entra revokeSignInSessions",
        "all kept to the vendors' official specifications",
        "detection to notification",
    ):
        assert words in text


def test_other_cases_of_the_incident_are_one_line_each() -> None:
    screen = console()
    other = finished() | {"account": {"user_principal_name": "kim@contoso.example"}}
    show_result(screen, Played(records=[finished(), other | {"status": "monitoring"}]))
    assert "kim@contoso.example: High, 97 of 100, monitoring" in text_of(screen)


def test_an_empty_result_does_not_fail() -> None:
    screen = console()
    show_result(screen, Played(records=[opened()]))
    assert "There is no verdict" in text_of(screen)


@pytest.mark.parametrize(("key", "shown"), [("s3cret", "s3cret"), ("", "none needed")])
def test_a_running_lab_shows_its_system_key(key: str, shown: str) -> None:
    screen = console()
    urls = {"app": "http://127.0.0.1:7071"}
    show_running_lab(screen, urls=urls, key="k", system_key=key, mode="approve")
    (line,) = [one for one in text_of(screen).splitlines() if one.startswith("system key")]
    assert shown in line


def test_the_expectation_says_what_was_seen_instead() -> None:
    screen = console()
    show_expectation(screen, [Check("confidence High", False, "Low"), Check("1 case", True)])
    assert "1 of 2 hold" in text_of(screen)
    assert "✗  confidence High  but: Low" in text_of(screen)


def test_numbers_for_people() -> None:
    assert [format_seconds(s) for s in (0.44, 12.3, 185, 300, 7800, 14400)] == [
        "0.4 s", "12 s", "3 min 5 s", "5 min", "2 h 10 min", "4 h",
    ]  # fmt: skip
    assert [format_size(n) for n in (812, 8123)] == ["812 B", "8.1 kB"]
