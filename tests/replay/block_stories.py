"""Stories of blocks: what becomes of an address on firewalls."""

from typing import Any

from shared.models.plan import ActionName
from tests.support.durable_backend import Engine, Run
from tests.support.scripted_firewalls import ScriptedFirewalls
from tests.support.scripts import ADDRESS, default_scripts, outcome

CASE_ID = "case-0123456789abcdef01234567"


def _new(engine: Engine, **scripts: Any) -> Run:
    return engine.case(default_scripts() | scripts, CASE_ID)


def slowly_in_force(engine: Engine) -> Run:
    """A block that takes its time, and expires."""
    walls = ScriptedFirewalls("azure_firewall")
    walls.reads_until_in_force = 2
    run = _new(engine, **walls.scripts())
    run.start("block_address", {"address": ADDRESS, "hours": 2})
    return run


def one_firewall_refuses(engine: Engine) -> Run:
    """A block that one of two firewalls refuses."""
    walls = ScriptedFirewalls("azure_firewall", "panos")
    walls.refusing = {"panos": "HTTP 403"}
    run = _new(engine, **walls.scripts())
    run.start("block_address", {"address": ADDRESS, "hours": 0.3})
    return run


def slowly_lifted(engine: Engine) -> Run:
    """Nobody holds the address, and the firewall takes its time to let go of it."""
    walls = ScriptedFirewalls()
    walls.blocked["firewall"] = {ADDRESS}
    walls.reads_until_in_force = 2
    run = _new(engine, **walls.scripts())
    run.start("align_firewall", {"firewall": "firewall", "address": ADDRESS, "blocking": False})
    return run


def lifted_though_not_held(engine: Engine) -> Run:
    """An undo of a block that is gone already."""
    run = _new(engine)
    blocked = outcome(ActionName.BLOCK_IP, undo={"rule_id": "/ipGroups/1"})
    run.start("lift_block", {"outcome": blocked | {"target": ADDRESS}})
    return run
