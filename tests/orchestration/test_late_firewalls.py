"""Firewalls that did not take a block at once: tried again, told about, given up."""

import json
import threading
from typing import Any

import pytest

from orchestrators import late_firewalls
from shared.models.base import Json
from shared.models.firewall import block_instance
from shared.models.outcome import ActionOutcome
from shared.models.plan import ActionName
from shared.models.undoing import can_restore
from tests.support.blocks import FOUR, block, ended, events, order, panos_writes, wait_for
from tests.support.durable_backend import Engine, Run
from tests.support.scripted_firewalls import ScriptedFirewalls
from tests.support.scripts import default_scripts, outcome


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_firewalls, "AGAIN_MINUTES", (2, 2))


def test_a_firewall_that_was_down_takes_the_block_later(engine: Engine) -> None:
    walls = ScriptedFirewalls(*FOUR)
    walls.unwritable = {"panos"}
    run = engine.case(default_scripts() | walls.scripts())
    block(run, "203.0.113.12", 5)
    wait_for(lambda: len(panos_writes(run)) == 8)
    walls.unwritable = set()
    told = run.wait_for_call("open_ticket")
    assert told["phase"] == "block_later" and told["why"].endswith("panos has it now")
    patch = next(call["patch"] for call in run.called("save_case") if "actions" in call["patch"])
    [done] = patch["actions"]
    assert (done["status"], done["verified"]) == ("succeeded", True)
    assert done["undo"]["firewalls"] == list(FOUR)
    completed = patch["blocks"]["Conditional_Firewall_IP_Block"]
    assert completed["outputs"]["ip_block_status"] == "succeeded, verified"
    assert completed["resolved_notes"] == ["BlockIP on 203.0.113.12 failed"]
    order(run, "203.0.113.12", lift=True, by="kim")
    assert ended(run, "203.0.113.12")["status"] == "succeeded"
    assert not any(walls.blocked.values()), "it is lifted from every firewall"


def test_a_firewall_that_stays_down_is_given_up_and_people_are_told(engine: Engine) -> None:
    walls = ScriptedFirewalls("one", "full")
    walls.refusing = {"full": "the group is full"}
    run = engine.case(default_scripts() | walls.scripts())
    block(run, "203.0.113.13", 5)
    told = run.wait_for_call("open_ticket")
    assert told["why"].endswith("given up, block it by hand on full")
    assert run.wait_for_call("notify_analysts")["phase"] == "block_later"
    tried = [event for event in events(run) if "tried again" in event]
    assert len(tried) == 2
    order(run, "203.0.113.13", lift=True, by="kim")
    assert ended(run, "203.0.113.13")["status"] == "failed"
    assert walls.blocked == {"one": set(), "full": set()}


def test_a_block_that_is_nowhere_is_tried_later_and_a_person_may_stop_that(
    engine: Engine,
) -> None:
    walls = ScriptedFirewalls("only")
    walls.refusing = {"only": "the group is full"}
    run = engine.case(default_scripts() | walls.scripts())
    block(run, "203.0.113.14", 5)
    wait_for(lambda: any("tried again" in event for event in events(run)))
    order(run, "203.0.113.14", lift=True, by="kim", comment="no need")
    done = ended(run, "203.0.113.14")
    assert (done["status"], done["undo"]["firewalls"]) == ("failed", [])
    assert any("lifted by kim: no need" in event for event in events(run))


def test_an_undo_while_a_firewall_is_tried_again_leaves_nothing_blocked(engine: Engine) -> None:
    walls = ScriptedFirewalls("one", "late")
    walls.refusing = {"late": "the group is full"}
    scripts = walls.scripts()
    trying, lifted = threading.Event(), threading.Event()

    def change(payload: Json) -> Any:
        if payload["firewall"] == "late" and not walls.refusing and not trying.is_set():
            trying.set()
            assert lifted.wait(120)
        return scripts["change_firewall"](payload)

    run = engine.case(default_scripts() | scripts | {"change_firewall": change})
    block(run, "203.0.113.15", 50)
    wait_for(lambda: any("tried again" in event for event in events(run)))
    walls.refusing = {}
    assert trying.wait(120)
    mine = outcome(ActionName.BLOCK_IP) | {"target": "203.0.113.15"}
    undo = run.start("lift_block", {"outcome": mine}, instance_id=f"{run.case_id}:lift")
    run.wait_for_call("change_firewall", count=len(run.called("change_firewall")) + 1)
    lifted.set()
    run.wait(undo)
    ended(run, "203.0.113.15")
    assert walls.blocked == {"one": set(), "late": set()}
    saved = [call["patch"] for call in run.called("save_case")]
    assert not any("actions" in patch for patch in saved), "nothing says that it is blocked"


def test_a_change_that_does_not_get_through_has_failed_and_is_made_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_firewalls, "AGAIN_MINUTES", (10, 10, 10))
    walls = ScriptedFirewalls("only")
    walls.broken = {"only"}
    run = engine.case(default_scripts() | walls.scripts())
    mine = reported(run, "203.0.113.18")
    assert (mine["status"], mine["verified"]) == ("failed", False)
    said = "only: failed, accepted, but the change did not get through: state: Failed"
    assert mine["detail"] == said
    assert mine["undo"]["firewalls"] == ["only"], "it may be in force somewhere"
    walls.broken = set()
    told = run.wait_for_call("open_ticket")
    assert told["phase"] == "block_later" and told["why"].endswith("only has it now")
    walls.broken = {"only"}
    order(run, "203.0.113.18", lift=True, by="kim")
    wait_for(lambda: any("is not gone yet" in event for event in events(run)))
    walls.broken = set()
    ended(run, "203.0.113.18")
    assert any("only: lifted, in force" in event for event in events(run))
    assert walls.blocked == {"only": set()}


def reported(run: Run, address: str) -> Json:
    """Start a block that is nowhere; return the outcome that it told its case."""
    instance, facts = block_instance(run.case_id, address), {"address": address, "hours": 50}
    run.start("block_address", facts | {"report_to": run.case_id}, instance_id=instance)
    wait_for(lambda: any(event.HasField("eventSent") for event in run.history(instance)))
    [sent] = [event for event in run.history(instance) if event.HasField("eventSent")]
    told: Json = json.loads(sent.eventSent.input.value)["outcome"]
    return told


def test_an_undo_of_a_block_that_is_nowhere_ends_the_tries(engine: Engine) -> None:
    walls = ScriptedFirewalls("only")
    walls.refusing = {"only": "the group is full"}
    run = engine.case(default_scripts() | walls.scripts())
    mine = reported(run, "203.0.113.16")
    assert mine["status"] == "failed"
    assert can_restore(ActionOutcome.model_validate(mine)), "an undo of everything takes it, too"
    lift = run.start("lift_block", {"outcome": mine}, instance_id=f"{run.case_id}:lift")
    walls.refusing = {}
    run.wait(lift)
    ended(run, "203.0.113.16")
    assert walls.blocked == {"only": set()}


def test_a_block_that_nobody_tries_any_more_leaves_nothing_to_undo(engine: Engine) -> None:
    walls = ScriptedFirewalls("only")
    walls.refusing = {"only": "the group is full"}
    run = engine.case(default_scripts() | walls.scripts())
    mine = reported(run, "203.0.113.17")
    done = ended(run, "203.0.113.17")
    assert (done["status"], done["undo"]) == ("failed", None)
    [patch] = [call["patch"] for call in run.called("save_case") if "actions" in call["patch"]]
    assert patch["actions"] == [done] and done["at"] > mine["at"], "the record forgets the undo"


def test_an_extension_that_a_firewall_refused_is_tried_again_and_people_are_told(
    engine: Engine,
) -> None:
    walls = ScriptedFirewalls("one", "panos")
    run = engine.case(default_scripts() | walls.scripts())
    block(run, "203.0.113.19", 50)
    wait_for(lambda: all(walls.blocked.values()))
    walls.refusing = {"panos": "busy"}
    order(run, "203.0.113.19", extend_hours=200, by="kim")
    told = run.wait_for_call("open_ticket")
    assert told["phase"] == "block_later"
    assert told["why"].endswith("may end early, its new time was refused: panos: busy")
    wait_for(lambda: any("extended to" in event for event in events(run)))
    assert any(
        event.endswith("by kim: no comment; refused by panos: busy") for event in events(run)
    )
    walls.refusing = {}
    assert run.wait_for_call("open_ticket", count=2)["why"].endswith("panos has it now")
    patches = [call["patch"] for call in run.called("save_case")]
    first, last = [patch["actions"][0] for patch in patches if "actions" in patch]
    assert (first["status"], first["verified"]) == ("failed", None)
    assert "panos: failed, busy" in first["detail"]
    assert (last["status"], last["verified"]) == ("succeeded", True)
    assert panos_writes(run)[-1]["block"][0]["until"] > panos_writes(run)[0]["block"][0]["until"]
    order(run, "203.0.113.19", lift=True, by="kim")
    ended(run, "203.0.113.19")
    assert walls.blocked == {"one": set(), "panos": set()}


def test_a_block_whose_extension_its_only_firewall_refused_is_lifted_all_the_same(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_firewalls, "AGAIN_MINUTES", ())
    walls = ScriptedFirewalls("only")
    run = engine.case(default_scripts() | walls.scripts())
    block(run, "203.0.113.20", 0.7)
    wait_for(lambda: bool(walls.blocked["only"]))
    walls.refusing = {"only": "busy"}
    order(run, "203.0.113.20", extend_hours=0.1, by="kim")
    run.wait_for_call("open_ticket")
    walls.refusing = {}
    assert ended(run, "203.0.113.20")["undo"]["firewalls"] == ["only"]
    assert walls.blocked == {"only": set()}
