"""Tests that run at the same time do not disturb each other's labs and ports."""

from pathlib import PurePath

import pytest

from tests.support import ports
from tests.support.lanes import is_whole_lab
from tests.unit.source_files import imports, repository_files, within

WHOLE_LABS = frozenset({"lab.stack.Lab", "tests.lab.whole_lab", "tests.lab.troubled_lab"})
TEST_FILES = [
    name for name in repository_files() if PurePath(name).full_match("tests/**/test_*.py")
]


def starts_a_whole_lab(name: str) -> bool:
    return any(within(one.name, WHOLE_LABS) for one in imports(name))


@pytest.mark.parametrize("name", [one for one in TEST_FILES if starts_a_whole_lab(one)])
def test_whole_labs_are_one_lane(name: str) -> None:
    assert is_whole_lab(f"{name}::test_one")


def test_processes_of_one_run_never_share_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: set[int] = set()
    for worker in ("", "gw0", "gw1", "gw2"):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", worker)
        found = set(ports.free_ports(50))
        assert len(found) == 50 and not found & taken
        share = {port // ports.SHARE for port in found}
        assert len(share) == 1
        taken |= found
