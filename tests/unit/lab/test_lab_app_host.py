"""Core Tools take the place of the lab's host where they work, and never stand in its way."""

import os
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from lab.app_host import AppHost, storage_connection, wants_core_tools
from lab.errors import LabError
from lab.ports import Ports, free_ports

HOST_JSON = '{"version": "2.0"}'
APP = """\
import azure.functions as func
app = func.FunctionApp()
@app.route(route="ping", auth_level=func.AuthLevel.ANONYMOUS)
def ping(req):
    return "pong"
"""


def fake_func(folder: Path, code: str) -> str:
    """Put a program named `func` first on PATH."""
    program = folder / "func"
    program.write_text(f"#!{sys.executable}\n{code}", encoding="utf-8")
    program.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def app_host(folder: Path, said: list[str]) -> AppHost:
    app = folder / "app"
    app.mkdir()
    (app / "host.json").write_text(HOST_JSON, encoding="utf-8")
    (app / "function_app.py").write_text(APP, encoding="utf-8")
    (port,) = free_ports(1)
    return AppHost(app, env={}, port=port, workers=1, log_dir=folder / "logs", report=said.append)


def test_who_wants_core_tools(tmp_path: Path) -> None:
    path = fake_func(tmp_path, "")
    assert wants_core_tools({"PATH": path})
    assert not wants_core_tools({"PATH": path, "LAB_HOST": "own"})
    assert not wants_core_tools({"PATH": ""})
    with pytest.raises(LabError, match="Core Tools are not on PATH"):
        wants_core_tools({"PATH": "", "LAB_HOST": "func"})
    with pytest.raises(LabError, match="LAB_HOST is 'other'"):
        wants_core_tools({"PATH": "", "LAB_HOST": "other"})


def test_the_storage_of_core_tools_is_azurite() -> None:
    text = storage_connection(Ports(), queue=10001, table=10002)
    assert "BlobEndpoint=https://127.0.0.1:10000/devstoreaccount1" in text
    assert "QueueEndpoint=https://127.0.0.1:10001/devstoreaccount1" in text


async def test_core_tools_that_fail_give_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", fake_func(tmp_path, "raise SystemExit('no bundle')"))
    said: list[str] = []
    async with AsyncExitStack() as stack:
        host = await app_host(tmp_path, said).enter(stack, "storage")
        assert len(host.worker_pids()) == 1
    assert said[-1] == "Functions host: up"
    assert "Core Tools cannot run the app" in said[0]


async def test_core_tools_get_the_environment_and_the_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = """\
import http.server, json, os, sys
assert sys.argv[1:3] == ["start", "--port"]
assert os.environ["AzureWebJobsStorage"] == "storage"
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({"state": "Running"}).encode())
http.server.HTTPServer(("127.0.0.1", int(sys.argv[3])), Handler).serve_forever()
"""
    monkeypatch.setenv("PATH", fake_func(tmp_path, code))
    said: list[str] = []
    async with AsyncExitStack() as stack:
        await app_host(tmp_path, said).enter(stack, "storage")
    assert said == ["Functions host (Core Tools): up"]
