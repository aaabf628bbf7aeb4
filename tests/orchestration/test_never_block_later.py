"""Addresses that the policy forbids to block only since they were wanted: never written again."""

from datetime import timedelta

import pytest

from orchestrators import blocks, late_firewalls
from shared.models.base import Json
from tests.support.blocks import block, ended, events, order, wait_for
from tests.support.durable_backend import Engine, Run
from tests.support.scripted_firewalls import ScriptedFirewalls
from tests.support.scripts import default_scripts

WHY = "the policy forbids it: it is the organisation's own (203.0.113.0/24)"
ADDRESS = "203.0.113.31"


def patched(run: Run) -> list[Json]:
    """Return the outcomes that were written to the record."""
    patches = [call["patch"] for call in run.called("save_case")]
    return [one for patch in patches for one in patch.get("actions", [])]


@pytest.mark.parametrize("down", ["unwritable", "unreadable"])
def test_a_late_firewall_is_not_asked_for_what_the_policy_forbids_by_now(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, down: str
) -> None:
    monkeypatch.setattr(late_firewalls, "AGAIN_MINUTES", (2, *[30] * 9))
    walls = ScriptedFirewalls("one", "late")
    setattr(walls, down, {"late"})
    run = engine.case(default_scripts() | walls.scripts())
    block(run, ADDRESS, 500)
    wait_for(lambda: any("tried again: late failed" in one for one in events(run)))
    walls.forbidden = WHY
    told = run.wait_for_call("open_ticket")
    said = f"block of {ADDRESS} tried again: late was not asked, {WHY}"
    assert (told["phase"], told["why"]) == ("block_later", said)
    setattr(walls, down, set())
    order(run, ADDRESS, lift=True, by="kim")
    ended(run, ADDRESS)
    assert walls.blocked == {"one": set(), "late": set()}, "to lift it is never refused"
    tried = [one for one in events(run) if "tried again" in one]
    assert tried[-1] == said, "nobody is told to block it by hand, and nothing is tried after it"
    assert tried.count(said) == 1
    refused = patched(run)[0]
    assert (refused["status"], refused["elsewhere"]) == ("failed", True)
    assert refused["detail"] == f"one: blocked, in force; late: not asked, {WHY}"


def test_a_block_is_not_extended_when_the_policy_forbids_it_by_now(engine: Engine) -> None:
    walls = ScriptedFirewalls("one", "panos")
    run = engine.case(default_scripts() | walls.scripts())
    block(run, ADDRESS, 500)
    wait_for(lambda: all(walls.blocked.values()))
    before = len(run.called("change_firewall"))
    walls.forbidden = WHY
    order(run, ADDRESS, extend_hours=1000, by="kim")
    told = run.wait_for_call("open_ticket")
    assert told["phase"] == "block_later"
    said = f"block of {ADDRESS} not extended for kim: {WHY}; it stays until "
    assert told["why"].startswith(said)
    order(run, ADDRESS, lift=True, by="kim")
    ended(run, ADDRESS)
    assert walls.blocked == {"one": set(), "panos": set()}, "to lift it is never refused"
    assert any(one.startswith(said) for one in events(run))
    written = run.called("change_firewall")[before:]
    assert written and all(one["lift"] and not one["block"] for one in written)


def test_a_block_is_not_renewed_when_the_policy_forbids_it_by_now(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "RENEW_AFTER", timedelta(minutes=60))
    walls = ScriptedFirewalls("panos")
    run = engine.case(default_scripts() | walls.scripts())
    block(run, ADDRESS, 500)
    wait_for(lambda: bool(walls.blocked["panos"]))
    walls.forbidden = WHY
    told = run.wait_for_call("open_ticket")
    assert told["why"].startswith(f"block of {ADDRESS} not renewed: {WHY}; it stays until ")
    order(run, ADDRESS, lift=True, by="kim")
    ended(run, ADDRESS)
    assert walls.blocked == {"panos": set()}


def test_a_block_that_the_policy_forbids_when_it_begins_reads_as_a_refusal(engine: Engine) -> None:
    walls = ScriptedFirewalls("one", "panos")
    walls.forbidden = WHY
    run = engine.case(default_scripts() | walls.scripts())
    block(run, ADDRESS)
    done = ended(run, ADDRESS)
    assert (done["status"], done["elsewhere"], done["detail"]) == ("failed", True, WHY)
    assert run.called("change_firewall") == []
