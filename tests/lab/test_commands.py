"""The lab's commands as a user types them: `demo` and `up`."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lab.ports import Ports
from lab.scenarios.loader import FOLDER

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / ".lab"


def environment() -> dict[str, str]:
    ports = Ports.free()
    return os.environ | {
        "LAB_HOST_PORT": str(ports.host),
        "LAB_SIM_PORT": str(ports.api),
        "LAB_TLS_PORT": str(ports.tls),
        "LAB_BLOB_PORT": str(ports.blob),
        "LAB_SMTP_PORT": str(ports.smtp),
    }


def demo(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "lab", "demo", *arguments],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def test_demo_needs_no_argument_and_leaves_its_results() -> None:
    for name in ("case.json", "report.html"):
        (RESULTS / name).unlink(missing_ok=True)
    result = demo()
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr == ""
    assert max(len(line) for line in result.stdout.splitlines()) <= 100
    record = json.loads((RESULTS / "case.json").read_text(encoding="utf-8"))
    assert record["verdict"]["compromise_confidence_score"] == "High"
    assert record["case_id"] in (RESULTS / "report.html").read_text(encoding="utf-8")


def test_demo_fails_when_the_expectation_does_not_hold(tmp_path: Path) -> None:
    text = (FOLDER / "forgetful-user.yaml").read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(
        text.replace("name: forgetful-user", "name: wrong").replace(
            "confidence: Low", "confidence: High"
        ),
        encoding="utf-8",
    )
    result = demo("--scenario", str(wrong))
    assert result.returncode == 1
    assert "✗  confidence High  but: Low" in result.stdout


@pytest.fixture
def running() -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """`python -m lab up`, healthy, and the address of its lab API."""
    env = environment()
    url = f"http://127.0.0.1:{env['LAB_SIM_PORT']}/_lab"
    command = [sys.executable, "-m", "lab", "up"]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 200
        while not is_healthy(url):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield process, env["LAB_HOST_PORT"]
        process.kill()


def is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=30) as answer:  # noqa: S310 - loopback
            return bool(answer.status == 200)
    except OSError:
        return False


def family(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    members = psutil.Process(process.pid).children(recursive=True)
    assert len(members) >= 5
    return members


def test_healthy_means_that_incidents_may_be_sent(
    running: tuple["subprocess.Popen[str]", str],
) -> None:
    _, port = running
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/api/incidents", data=b"{}", timeout=60)
    with caught.value as answer:
        assert answer.status == 401


def test_the_description_has_the_keys_for_its_owner_only(
    running: tuple["subprocess.Popen[str]", str],
) -> None:
    _, port = running
    path = description_of(port)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    keys = json.loads(path.read_text(encoding="utf-8"))
    webhooks = f"http://127.0.0.1:{port}/runtime/webhooks"
    raise_event = f"{webhooks}/durabletask/instances/none/raiseEvent/Decision?code="
    admin = f"http://127.0.0.1:{port}/admin/functions?code="
    assert status_of(raise_event + keys["system_key"], data=b"{}") == 404, "no such case"
    assert status_of(raise_event + keys["function_key"], data=b"{}") == 401
    assert status_of(admin + keys["master_key"]) == 200


def description_of(port: str) -> Path:
    """The `lab.json` of the lab on this port; it comes a moment after the lab is healthy."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for path in (RESULTS / f"lab-{port}" / "lab.json", RESULTS / "lab.json"):
            if path.exists() and f":{port}" in path.read_text(encoding="utf-8"):
                return path
        time.sleep(0.1)
    raise AssertionError("no lab.json")


def status_of(url: str, data: bytes | None = None) -> int:
    try:
        with urllib.request.urlopen(url, data=data, timeout=60) as answer:  # noqa: S310 - loopback
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_up_ends_in_good_order(
    running: tuple["subprocess.Popen[str]", str], number: signal.Signals
) -> None:
    process, _ = running
    members = family(process)
    process.send_signal(number)
    assert process.wait(60) == 0
    assert psutil.wait_procs(members, timeout=60)[1] == []


def test_nothing_outlives_a_lab_that_is_killed(
    running: tuple["subprocess.Popen[str]", str],
) -> None:
    process, _ = running
    members = family(process)
    process.kill()
    assert psutil.wait_procs(members, timeout=60)[1] == []
