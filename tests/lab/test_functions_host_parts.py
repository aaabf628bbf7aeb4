"""The Functions host's parts that need no worker: schedules, routes, keys, settings, start-up."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import psutil
import pytest

from lab.functions_host import open_host
from lab.functions_host.durable import failure_details
from lab.functions_host.metadata import FunctionTable
from lab.functions_host.ncrontab import parse
from lab.functions_host.routes import build_routes, find_route
from lab.functions_host.settings import (
    HostJson,
    HostKeys,
    HostSettingsError,
    body_limit,
    expand,
    read_host_json,
    without_keys,
    worker_environment,
)
from tests.lab.functions_host_support import APP

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("0 */5 * * * *", "2026-11-21T10:02:00", "2026-11-21T10:05:00"),
        ("*/5 * * * *", "2026-11-21T10:05:00", "2026-11-21T10:10:00"),
        ("30 0 9 * * MON-FRI", "2026-11-20T09:00:30", "2026-11-23T09:00:30"),
        ("0 0 0 1 1 *", "2026-11-21T10:02:00", "2027-01-01T00:00:00"),
        ("0 0 12 29 2 *", "2026-11-21T10:02:00", "2028-02-29T12:00:00"),
        ("0 0 0 * * 7", "2026-11-21T10:02:00", "2026-11-22T00:00:00"),
        ("15,45 59 23 31 DEC *", "2026-12-31T23:59:15", "2026-12-31T23:59:45"),
        ("0 0 0 13 * 5", "2026-11-21T10:02:00", "2027-08-13T00:00:00"),
        ("0 0 8-10/2 * * *", "2026-11-21T08:00:00", "2026-11-21T10:00:00"),
    ],
)
def test_ncrontab_next_occurrence(expression: str, after: str, expected: str) -> None:
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    assert parse(expression).next_after(moment) == datetime.fromisoformat(expected).replace(
        tzinfo=UTC
    )


def test_ncrontab_without_an_occurrence() -> None:
    assert parse("0 0 0 30 2 *").next_after(datetime(2026, 1, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    "expression", ["", "* * * *", "61 * * * * *", "* * * * 13 *", "5-1 * * * * *", "*/0 * * * * *"]
)
def test_ncrontab_that_is_wrong(expression: str) -> None:
    with pytest.raises(ValueError, match="NCrontab"):
        parse(expression)


def described(name: str, **trigger: object) -> dict[str, object]:
    binding = {"name": "req", "type": "httpTrigger", "direction": "IN", **trigger}
    return {
        "name": name,
        "function_id": name,
        "script_file": "function_app.py",
        "bindings": [json.dumps(binding)],
    }


def test_the_most_specific_route_wins() -> None:
    functions = FunctionTable(
        [
            described("rest", route="{*rest}", methods=["GET"]),
            described("one", route="cases/{case_id}", methods=["GET"]),
            described("number", route="cases/{n:int}", methods=["GET"]),
            described("open", route="cases/open", methods=["GET"]),
            described("maybe", route="days/{day?}", methods=["GET"]),
            described("plain"),
        ]
    )
    routes = build_routes(functions, "api")

    def found(path: str, method: str = "GET") -> tuple[str, dict[str, str]] | None:
        match = find_route(routes, method, path)
        return (match[0].function.name, match[1]) if match else None

    assert found("/api/cases/open") == ("open", {})
    assert found("/API/Cases/Open/") == ("open", {})
    assert found("/api/cases/12") == ("number", {"n": "12"})
    assert found("/api/cases/a%2Fb") == ("one", {"case_id": "a%2Fb"})
    assert found("/api/cases/a/b") == ("rest", {"rest": "cases/a/b"})
    assert found("/api/days") == ("maybe", {})
    assert found("/api/days/7") == ("maybe", {"day": "7"})
    assert found("/api/plain", "POST") == ("plain", {})
    assert found("/api/cases/open", "POST") is None
    assert {route.function.name: route.auth_level for route in routes}["plain"] == "function"


def test_an_unknown_route_constraint_is_an_error() -> None:
    with pytest.raises(ValueError, match="regex"):
        build_routes(FunctionTable([described("x", route="{a:regex}")]), "api")


def test_keys_open_their_own_level() -> None:
    keys = HostKeys.from_environment({"LAB_FUNCTION_KEY": "f", "LAB_MASTER_KEY": "m"})
    assert keys.system not in ("", "f", "m")
    assert keys.allow("anonymous", "")
    assert keys.allow("function", "f")
    assert keys.allow("FUNCTION", "m")
    assert not keys.allow("function", keys.system)
    assert not keys.allow("function", "")
    assert not keys.allow("admin", "f")
    assert not keys.allow("function", "\udcff")


def test_the_environment_wins_over_local_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"Values": {"TINY_A": "file", "TINY_B": "file", "TINY_C": 3}}
    (tmp_path / "local.settings.json").write_text(json.dumps(values))
    monkeypatch.setenv("TINY_B", "process")
    env = worker_environment(tmp_path, {"TINY_D": "given", "LAB_MASTER_KEY": "m"})
    assert [env[f"TINY_{name}"] for name in "ABCD"] == ["file", "process", "3", "given"]
    assert "LAB_MASTER_KEY" not in without_keys(env)


@pytest.mark.parametrize(
    ("text", "limit"), [("3145728", 3145728), ("", 104857600), ("3 MB", 104857600)]
)
def test_the_limit_of_a_body_is_the_hosts_own_setting(text: str, limit: int) -> None:
    assert body_limit({"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": text}) == limit


def test_binding_expressions_are_filled_in() -> None:
    assert expand("at %A%:%B%", {"A": "1", "B": "2"}) == "at 1:2"
    with pytest.raises(HostSettingsError, match="MISSING"):
        expand("%MISSING%", {})


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("00:10:00", 600.0), ("1.00:00:00", 86400.0), ("00:00:01.5", 1.5), ("-1", None)],
)
def test_function_timeout(value: str, seconds: float | None) -> None:
    settings = HostJson.model_validate({"version": "2.0", "functionTimeout": value})
    assert settings.timeout_seconds == seconds


def test_a_missing_or_wrong_host_json_is_named(tmp_path: Path) -> None:
    with pytest.raises(HostSettingsError, match=r"host\.json"):
        read_host_json(tmp_path)
    (tmp_path / "host.json").write_text('{"version": "1.0"}')
    with pytest.raises(HostSettingsError, match="version"):
        read_host_json(tmp_path)


@pytest.mark.parametrize(
    ("message", "kind", "text"),
    [
        ("ValueError: bad\nmore", "ValueError", "bad"),
        ("ValueError: ", "ValueError", "ValueError:"),
        ("no type here", "(unknown)", "no type here"),
        ("", "(unknown)", "(no message)"),
    ],
)
def test_failure_details_are_split_as_the_extension_does(
    message: str, kind: str, text: str
) -> None:
    details = failure_details({"message": message})
    assert (details.errorType, details.errorMessage) == (kind, text)


def command(folder: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "lab.functions_host", "--app-dir", str(APP), *options],
        cwd=ROOT,
        env={
            **os.environ,
            "TINY_NOTES": str(folder / "notes"),
            "TINY_SCHEDULE": "0 0 0 1 1 *",
            "LAB_FUNCTION_KEY": "given",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def started(folder: Path) -> tuple[subprocess.Popen[str], dict[str, object]]:
    process = command(folder, "--port", "0", "--log-dir", str(folder / "logs"))
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


def test_the_command_says_when_it_is_ready_and_stops_on_sigterm(tmp_path: Path) -> None:
    process, ready = started(tmp_path)
    with process:
        assert ready["event"] == "ready"
        assert ready["function_key"] == "given"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_workers_end_with_a_host_that_is_killed(tmp_path: Path) -> None:
    process, ready = started(tmp_path)
    with process:
        process.kill()
    pids = ready["workers"]
    assert isinstance(pids, list)
    deadline = time.monotonic() + 60
    while any(psutil.pid_exists(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with command(tmp_path, "--port", port, "--log-dir", str(tmp_path / "logs")) as process:
            _, problem = process.communicate(timeout=60)
    assert process.returncode == 1
    assert problem.startswith("The Functions host could not start: ")
    assert port in problem
    assert problem.count("\n") == 1


FAKE_FUNC = """#!{python}
import http.server, json, subprocess, sys
worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({{"state": "Running", "arguments": sys.argv[1:]}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[3])), Handler).serve_forever()
"""


async def test_func_is_used_when_it_is_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "func"
    fake.write_text(FAKE_FUNC.format(python=sys.executable))
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    async with open_host(APP, log_dir=tmp_path / "logs") as host:
        async with aiohttp.ClientSession() as session, session.get(host.url) as answer:
            assert (await answer.json())["arguments"][:2] == ["start", "--port"]
        pids = host.worker_pids()
        assert len(pids) == 1
        host.kill_worker(pids[0])
        with pytest.raises(LookupError):
            host.kill_worker(os.getpid())
