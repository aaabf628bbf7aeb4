import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lab.ports import Ports
from lab.scenarios.loader import list_scenarios

ROOT = Path(__file__).parents[3]


def run(*arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "lab", *arguments],
        cwd=ROOT,
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_scenarios_are_listed() -> None:
    result = run("scenarios")
    assert result.returncode == 0
    assert all(name in result.stdout for name in list_scenarios())


def test_an_unknown_scenario_is_one_line() -> None:
    result = run("demo", "--scenario", "nope")
    assert result.returncode == 2
    assert result.stderr.startswith("there is no scenario 'nope'; the scenarios are: brute-force")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["demo", "up"])
def test_a_port_in_use_is_one_line(command: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run(command, LAB_HOST_PORT=str(port), LAB_SIM_PORT=str(Ports.free().api))
    assert result.returncode == 2
    assert result.stderr.startswith(f"Port {port} is in use; it is for the Functions host.")
    assert len(result.stderr.splitlines()) == 1


def test_missing_node_is_one_line_that_says_what_to_do() -> None:
    result = run("demo", PATH="")
    assert result.returncode == 2
    assert result.stderr.startswith("Node.js 20 or later was not found: install it")
    assert len(result.stderr.splitlines()) == 1
