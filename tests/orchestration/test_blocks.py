"""The life of a block on the real engine: several firewalls, several cases, expiry, a person."""

from datetime import timedelta
from typing import Any

import pytest

from orchestrators import blocks
from shared.models.base import parse_utc
from shared.models.plan import ActionName
from tests.support.blocks import FOUR, HOURS, block, ended, events, order, panos_writes, wait_for
from tests.support.durable_backend import Engine
from tests.support.scripted_firewalls import ScriptedFirewalls
from tests.support.scripts import default_scripts, outcome

type Json = dict[str, Any]

SHORT = 0.2
"""Over before a firewall that failed is tried again."""


def test_an_address_is_blocked_on_every_firewall_and_lifted_from_each(engine: Engine) -> None:
    walls = ScriptedFirewalls(*FOUR)
    run = engine.case(default_scripts() | walls.scripts())
    block(run, "203.0.113.1")
    done = ended(run, "203.0.113.1")
    assert (done["status"], done["verified"]) == ("succeeded", True)
    assert done["undo"] == {"rule_id": "/azure_firewall/1", "firewalls": list(FOUR)}
    assert all(f"{name}: blocked, in force" in done["detail"] for name in FOUR)
    blocked = [name for name, put, _lifted in walls.writes if put]
    lifted = [name for name, _put, gone in walls.writes if gone]
    assert sorted(blocked) == sorted(lifted) == sorted(FOUR)
    assert not any(walls.blocked.values()), "the block has expired"
    assert any(event.startswith("block of 203.0.113.1 expired; ") for event in events(run))
    [patch] = [call["patch"] for call in run.called("save_case") if "actions" in call["patch"]]
    assert patch["actions"][0]["undo"] is None
    undone = patch["actions"][0]["undone"]
    assert (undone["by"], undone["verified"]) == ("its expiry", True)


def test_a_firewall_that_cannot_take_the_address_is_named_and_is_no_failure(
    engine: Engine,
) -> None:
    walls = ScriptedFirewalls(*FOUR)
    walls.cannot = {"azure_firewall": "IPv4 only"}
    run = engine.case(default_scripts() | walls.scripts())
    block(run, "2001:db8::1")
    done = ended(run, "2001:db8::1")
    assert (done["status"], done["verified"]) == ("succeeded", True)
    assert "azure_firewall: not possible, IPv4 only" in done["detail"]
    assert done["undo"]["firewalls"] == list(FOUR[1:])


def test_a_firewall_that_is_down_fails_the_action_and_not_the_others(engine: Engine) -> None:
    walls = ScriptedFirewalls(*FOUR)
    walls.unwritable = {"panos"}
    run = engine.case(default_scripts() | walls.scripts())
    block(run, "203.0.113.2", SHORT)
    wait_for(lambda: len(panos_writes(run)) == 8)
    walls.unwritable = set()
    done = ended(run, "203.0.113.2")
    assert done["status"] == "failed"
    assert "panos: failed, panos is down" in done["detail"]
    others = [name for name in FOUR if name != "panos"]
    assert done["undo"]["firewalls"] == others, "what is in force is still lifted in time"
    assert not any(walls.blocked.values())
    assert [call["lift"] for call in panos_writes(run)[8:]] == [["203.0.113.2"]], (
        "its answer may have been lost: what was asked for is taken back"
    )


def test_a_firewall_that_refuses_is_not_asked_to_lift(engine: Engine) -> None:
    walls = ScriptedFirewalls("one", "full")
    walls.refusing = {"full": "the group is full"}
    run = engine.case(default_scripts() | walls.scripts())
    block(run, "203.0.113.10", SHORT)
    done = ended(run, "203.0.113.10")
    assert (done["status"], done["undo"]["firewalls"]) == ("failed", ["one"])
    assert "full: failed, the group is full" in done["detail"]
    asked = [call["firewall"] for call in run.called("change_firewall") if call["lift"]]
    assert asked == ["one"]


def test_without_a_firewall_the_block_fails_and_holds_nothing(engine: Engine) -> None:
    walls = ScriptedFirewalls("only")
    walls.cannot = {"only": "IPv4 only"}
    run = engine.case(default_scripts() | walls.scripts())
    block(run, "2001:db8::2")
    done = ended(run, "2001:db8::2")
    assert (done["status"], done["undo"]) == ("failed", None)
    assert done["detail"] == "only: IPv4 only"
    assert walls.writes == []


def test_two_cases_share_one_block_and_the_last_lifts_it(engine: Engine) -> None:
    walls = ScriptedFirewalls()
    first, second = (engine.case(default_scripts() | walls.scripts()) for _ in range(2))
    block(first, "203.0.113.3", HOURS)
    block(second, "203.0.113.3", 4 * HOURS)
    assert ended(first, "203.0.113.3")["undo"], "the block is this case's, too"
    assert "203.0.113.3" in walls.blocked["firewall"], "the second case still holds it"
    [event] = [text for text in events(first) if "expired" in text]
    assert "stays blocked until" in event and second.case_id in event
    ended(second, "203.0.113.3")
    assert walls.blocked["firewall"] == set()
    assert [put for _name, put, _gone in walls.writes if put] == [["203.0.113.3"]], "one effect"


def test_what_somebody_else_had_blocked_is_not_ours_to_lift(engine: Engine) -> None:
    walls = ScriptedFirewalls("one", "two")
    walls.blocked["one"] = {"203.0.113.4"}
    run = engine.case(default_scripts() | walls.scripts())
    block(run, "203.0.113.4")
    done = ended(run, "203.0.113.4")
    assert done["undo"] == {"rule_id": "/two/1", "firewalls": ["two"]}
    assert "one: blocked before this case by somebody else" in done["detail"]
    assert walls.blocked == {"one": {"203.0.113.4"}, "two": set()}


def test_what_cannot_be_read_may_be_somebody_elses_and_is_not_written(engine: Engine) -> None:
    walls = ScriptedFirewalls("one", "two")
    walls.blocked["one"] = {"203.0.113.18"}
    walls.unreadable = {"one"}
    run = engine.case(default_scripts() | walls.scripts())
    block(run, "203.0.113.18", SHORT)
    done = ended(run, "203.0.113.18")
    assert (done["status"], done["undo"]["firewalls"]) == ("failed", ["two"])
    assert "one: failed, not written, as it could not be read before: one is down" in done["detail"]
    assert walls.blocked == {"one": {"203.0.113.18"}, "two": set()}
    assert {name for name, _put, _gone in walls.writes} == {"two"}


def test_a_storm_of_cases_goes_in_two_writes(engine: Engine) -> None:
    """While the first change comes into force everything else waits, and goes in one write."""
    walls = ScriptedFirewalls()
    walls.reads_until_in_force = 3
    runs = [engine.case(default_scripts() | walls.scripts()) for _ in range(20)]
    for number, run in enumerate(runs):
        block(run, f"198.51.100.{number + 1}", 2)
    for number, run in enumerate(runs):
        order(run, f"198.51.100.{number + 1}", lift=True, by="kim")
        assert ended(run, f"198.51.100.{number + 1}")["verified"] is True
    puts = [put for _name, put, _gone in walls.writes if put]
    assert sum(len(put) for put in puts) == 20
    assert len(puts) <= 4, puts


def test_one_address_that_a_firewall_refuses_does_not_keep_the_others_off(engine: Engine) -> None:
    walls = ScriptedFirewalls()
    walls.reads_until_in_force = 3
    walls.poison = {"198.51.100.104"}
    addresses = [f"198.51.100.{number}" for number in range(101, 109)]
    runs = [engine.case(default_scripts() | walls.scripts()) for _ in addresses]
    for run, address in zip(runs, addresses, strict=True):
        block(run, address, 2)
    for run, address in zip(runs, addresses, strict=True):
        order(run, address, lift=True, by="kim")
        done = ended(run, address)
        refused = "198.51.100.104 is no address" in done["detail"]
        assert refused is (address in walls.poison), done
        assert done["status"] == ("failed" if refused else "succeeded")
    calls = [call for run in runs for call in run.called("change_firewall")]
    assert max(len(call["block"]) for call in calls) > 2, "several waited for one write"


def test_a_person_extends_a_block_and_lifts_it(engine: Engine) -> None:
    walls = ScriptedFirewalls()
    run = engine.case(default_scripts() | walls.scripts())
    block(run, "203.0.113.5", 5)
    wait_for(lambda: bool(walls.blocked["firewall"]))
    order(run, "203.0.113.5", extend_hours=300, by="kim", comment="still at it")
    run.wait_for_call("save_case")
    [extended] = events(run)
    assert extended.endswith("by kim: still at it") and "extended to" in extended
    changes = run.called("change_firewall")
    before, after = (parse_utc(one["block"][0]["until"]) for one in (changes[0], changes[-1]))
    assert (after - before).total_seconds() == 300 * 3600
    order(run, "203.0.113.5", nonsense=1)
    order(run, "203.0.113.5", lift=True, by="kim", comment="it was us")
    ended(run, "203.0.113.5")
    assert walls.blocked["firewall"] == set()
    assert any("lifted by kim: it was us; firewall: lifted, in force" in e for e in events(run))


def test_a_long_block_is_written_anew_before_a_firewall_forgets_it(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RENEW_AFTER", "RENEW_AGAIN"):
        monkeypatch.setattr(blocks, name, timedelta(minutes=6))
    walls = ScriptedFirewalls("panos")
    run = engine.case(default_scripts() | walls.scripts())
    block(run, "203.0.113.15", 500)
    wait_for(lambda: bool(walls.blocked["panos"]))
    walls.unwritable = {"panos"}
    wait_for(lambda: any("could not be renewed: panos" in event for event in events(run)))
    walls.unwritable = set()
    asked = len(panos_writes(run))
    wait_for(lambda: len(panos_writes(run)) > asked + 1)
    order(run, "203.0.113.15", lift=True, by="kim")
    ended(run, "203.0.113.15")
    assert walls.blocked["panos"] == set()
    first, *renewals, last = [call["block"] for call in panos_writes(run)]
    assert not first[0]["renewed"] and not last
    assert {(one[0]["renewed"], one[0]["until"]) for one in renewals} == {(True, first[0]["until"])}


def test_undo_lifts_the_block_and_ends_its_own_orchestration(engine: Engine) -> None:
    walls = ScriptedFirewalls()
    run = engine.case(default_scripts() | walls.scripts())
    block(run, "203.0.113.6", 50)
    wait_for(lambda: bool(walls.blocked["firewall"]))
    mine = outcome(ActionName.BLOCK_IP) | {"target": "203.0.113.6"}
    run.start("lift_block", {"outcome": mine})
    found = run.output(dict)
    assert (found["status"], found["verified"]) == ("succeeded", True)
    ended(run, "203.0.113.6")
    assert walls.blocked["firewall"] == set()
    again = run.engine.case(run.scripts)
    again.start("lift_block", {"outcome": mine})
    assert again.output(dict) == {
        "status": "succeeded",
        "verified": True,
        "detail": "was not blocked any more",
    }


def test_undo_of_one_case_leaves_the_block_of_another(engine: Engine) -> None:
    walls = ScriptedFirewalls()
    first, second = (engine.case(default_scripts() | walls.scripts()) for _ in range(2))
    for run in (first, second):
        block(run, "203.0.113.7", 50)
        run.wait_for_call("change_firewall")
    mine = outcome(ActionName.BLOCK_IP) | {"target": "203.0.113.7"}
    first.start("lift_block", {"outcome": mine})
    found = first.output(dict)
    assert found["status"] == "succeeded"
    assert f"also held by {second.case_id}" in found["detail"]
    assert walls.blocked["firewall"] == {"203.0.113.7"}
    order(second, "203.0.113.7", lift=True, by="kim")
    ended(second, "203.0.113.7")
    assert walls.blocked["firewall"] == set()


def test_an_expired_block_is_lifted_once_the_firewall_is_back(engine: Engine) -> None:
    walls = ScriptedFirewalls()
    run = engine.case(default_scripts() | walls.scripts())
    block(run, "203.0.113.8", 2)
    wait_for(lambda: bool(walls.blocked["firewall"]))
    walls.failing = {"firewall"}
    order(run, "203.0.113.8", lift=True, by="kim")
    wait_for(lambda: any("is not gone yet" in event for event in events(run)))
    walls.failing = set()
    ended(run, "203.0.113.8")
    assert walls.blocked["firewall"] == set()


def test_a_write_that_was_made_and_never_reported_is_not_made_again(engine: Engine) -> None:
    """The worker dies between the PUT and its report: the activity is delivered again."""
    walls = ScriptedFirewalls()
    scripts = walls.scripts()
    lost = iter([True])

    def change(payload: Json) -> Any:
        answer = scripts["change_firewall"](payload)
        if next(lost, False):
            raise RuntimeError("the worker was killed")
        return answer

    run = engine.case(default_scripts() | scripts | {"change_firewall": change})
    block(run, "203.0.113.9")
    done = ended(run, "203.0.113.9")
    assert done["undo"], "the block is ours although the second try found it there"
    assert [put for _name, put, _gone in walls.writes if put] == [["203.0.113.9"]]
    assert walls.blocked["firewall"] == set()
