"""A lift takes minutes at the firewall: what else happens to the block in between."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from orchestrators import blocks
from shared.models.base import Json
from shared.models.firewall import block_instance
from shared.models.plan import ActionName
from tests.support.blocks import block, ended, events, order, wait_for
from tests.support.durable_backend import Engine, Run
from tests.support.scripted_firewalls import ScriptedFirewalls
from tests.support.scripts import default_scripts, outcome

ADDRESS = "203.0.113.16"


def blocked_case(
    engine: Engine, walls: ScriptedFirewalls, while_lifting: Callable[[Run], None]
) -> Run:
    """Return a case with a block, whose first lift stops at the firewall for what is given.

    The block is whole: it waits for its expiry and for orders.
    """
    scripts, first = walls.scripts(), iter([True])

    def change(payload: Json) -> Any:
        if payload["lift"] and next(first, False):
            while_lifting(run)
        return scripts["change_firewall"](payload)

    run = engine.case(default_scripts() | scripts | {"change_firewall": change})
    block(run, ADDRESS, 500)
    keeper = block_instance(run.case_id, ADDRESS)
    wait_for(lambda: any(event.HasField("timerCreated") for event in run.history(keeper)))
    return run


def undone(run: Run) -> Json:
    """Undo the case's block; return what came of it."""
    mine = outcome(ActionName.BLOCK_IP) | {"target": ADDRESS}
    lift = run.start("lift_block", {"outcome": mine}, instance_id=f"{run.case_id}:lift")
    found = run.wait(lift).get_output(dict)
    assert found is not None
    return found


def test_an_extension_while_an_undo_lifts_comes_too_late(engine: Engine) -> None:
    walls = ScriptedFirewalls("azure")

    def extend(run: Run) -> None:
        order(run, ADDRESS, extend_hours=24, by="kim", comment="not yet")
        wait_for(lambda: any("not extended for kim" in event for event in events(run)))

    run = blocked_case(engine, walls, extend)
    found = undone(run)
    assert found == {"status": "succeeded", "verified": True, "detail": "azure: lifted, in force"}
    ended(run, ADDRESS)
    assert walls.blocked["azure"] == set()
    assert len(run.called("change_firewall")) == 2, "the lift had to be tried again"
    [event] = events(run)
    assert event.endswith("not extended for kim, it was being lifted already: not yet")


def test_a_renewal_while_an_undo_lifts_writes_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "RENEW_AFTER", timedelta(minutes=2))
    walls = ScriptedFirewalls("azure")

    def renew(run: Run) -> None:
        keeper = block_instance(run.case_id, ADDRESS)
        fired = timers(run, keeper)
        wait_for(lambda: timers(run, keeper) >= fired + 2)

    run = blocked_case(engine, walls, renew)
    found = undone(run)
    assert (found["status"], found["detail"]) == ("succeeded", "azure: lifted, in force")
    ended(run, ADDRESS)
    assert walls.blocked["azure"] == set()
    assert len(run.called("change_firewall")) == 2, "the lift had to be tried again"


def timers(run: Run, instance: str) -> int:
    """Return how many timers of an instance have fired."""
    return sum(event.HasField("timerFired") for event in run.history(instance))


def test_another_case_that_blocks_while_an_undo_lifts_is_named(engine: Engine) -> None:
    walls = ScriptedFirewalls("azure")
    second = engine.case(default_scripts() | walls.scripts())

    def hold(_: Run) -> None:
        block(second, ADDRESS, 500)
        second.wait_for_call("read_block")

    run = blocked_case(engine, walls, hold)
    found = undone(run)
    assert (found["status"], found["verified"]) == ("succeeded", True)
    assert found["detail"].endswith(f"also held by {second.case_id}")
    ended(run, ADDRESS)
    assert walls.blocked["azure"] == {ADDRESS}
    order(second, ADDRESS, lift=True, by="kim")
    ended(second, ADDRESS)
    assert walls.blocked["azure"] == set()


def test_an_extension_between_two_tries_of_a_lift_comes_too_late(engine: Engine) -> None:
    walls = ScriptedFirewalls("azure")
    run = blocked_case(engine, walls, lambda _: None)
    walls.refusing = {"azure": "busy"}
    order(run, ADDRESS, lift=True, by="kim", comment="ours")
    wait_for(lambda: any("is not gone yet" in event for event in events(run)))
    for number, name in enumerate(("ana", "bo"), start=1):
        order(run, ADDRESS, extend_hours=24, by=name)
        run.wait_for_call("save_case", count=1 + number)
    walls.refusing = {}
    ended(run, ADDRESS)
    assert walls.blocked["azure"] == set()
    _not_gone, first, second, lifted = events(run)
    assert "not extended for ana" in first and "not extended for bo" in second
    assert lifted.endswith("azure: lifted, in force")
