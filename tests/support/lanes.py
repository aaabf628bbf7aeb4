"""How `make test` spreads the tests over processes, on two cores.

Whole labs are one lane, the longest: they share one lab, wait much, and hold vendors to real
deadlines. Every other file is a lane of its own, because what a module has set up is shared in it.
"""

import os

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

LABS = ("tests/lab/", "tests/browser/", "tests/unit/lab/test_lab_commands.py")
"""The lab's commands use one folder of results, which they lock."""
PARTS = ("tests/lab/test_simulators_", "tests/lab/test_functions_host")
"""Of no whole lab."""
GIVES_WAY = 5
"""Niceness of everything else: unlike whole labs it has no deadline to keep."""


class Lanes(LoadScopeScheduling):
    """Gives whole labs to one worker and the other files to whoever is free, in their order."""

    def __init__(self, config: pytest.Config, log: Producer | None) -> None:
        super().__init__(config, log)
        self.config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return LABS[0] if is_whole_lab(nodeid) else nodeid.partition("::")[0]


def is_whole_lab(nodeid: str) -> bool:
    """Tell whether a test is played in the lane of the labs."""
    return nodeid.startswith(LABS) and not nodeid.startswith(PARTS)


def labs_first(items: list[pytest.Item]) -> None:
    """Sort the longest lane to the front; everything else stays as it is."""
    items.sort(key=lambda item: not is_whole_lab(item.nodeid))


def give_way(nodeid: str) -> None:
    """Let the lab have the processor while this test of another lane runs beside it."""
    if "PYTEST_XDIST_WORKER" not in os.environ or is_whole_lab(nodeid):
        return
    if os.getpriority(os.PRIO_PROCESS, 0) < GIVES_WAY:
        os.setpriority(os.PRIO_PROCESS, 0, GIVES_WAY)
