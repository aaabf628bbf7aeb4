"""Blocks of addresses on the real engine: started, ordered about, and read."""

import time
from collections.abc import Callable
from typing import Any

from shared.models.base import Json
from shared.models.firewall import block_instance
from tests.support.durable_backend import PATIENCE_SECONDS, Run

FOUR = ("azure_firewall", "conditional_access", "panos", "block_list")
HOURS = 0.3
"""About 2.7 s on the fast clock: longer than it takes to block."""


def block(run: Run, address: str, hours: float = HOURS) -> str:
    instance = block_instance(run.case_id, address)
    run.start("block_address", {"address": address, "hours": hours}, instance_id=instance)
    return instance


def ended(run: Run, address: str) -> Json:
    state = run.wait(block_instance(run.case_id, address))
    found = state.get_output(dict)
    assert found is not None
    return found


def events(run: Run) -> list[str]:
    patches = [call["patch"] for call in run.called("save_case")]
    return [item["event"] for patch in patches for item in patch.get("timeline", [])]


def order(run: Run, address: str, **data: Any) -> None:
    run.engine.client.raise_orchestration_event(
        block_instance(run.case_id, address), "Block", data=data
    )


def wait_for(check: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    limit = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < limit, "never"
        time.sleep(0.01)


def panos_writes(run: Run) -> list[Json]:
    return [call for call in run.called("change_firewall") if call["firewall"] == "panos"]
