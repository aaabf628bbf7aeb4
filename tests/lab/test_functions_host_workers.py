"""Workers that die or hang: their work is delivered again and they are replaced."""

import asyncio
import json
import os
import shutil
import signal
from pathlib import Path

import psutil
import pytest

from lab.functions_host.host import FunctionsHost
from lab.functions_host.process import AppLoadError
from tests.lab.functions_host_support import APP, tiny_host, until

pytestmark = pytest.mark.timeout(300)


async def test_kill_9_in_the_middle_of_an_activity(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    async with tiny_host(tmp_path) as tiny:
        instance_id = await tiny.start("slow", {"gate": str(gate), "seconds": 600})
        victim = await tiny.pid_running("sleeper")
        gate.unlink()
        os.kill(victim, signal.SIGKILL)
        state = await tiny.result(instance_id)
        assert state["runtimeStatus"] == "Completed"
        assert state["output"]["pid"] != victim
        assert [line.split()[0] for line in tiny.notes() if "tick" not in line] == [
            "begin",
            "begin",
            "end",
        ]
        await until(lambda: len(tiny.host.worker_pids()) == 2)
        assert victim not in tiny.host.worker_pids()
        assert (await tiny.workers())["restarts"] == 1


async def test_the_only_worker_dies_while_many_orchestrations_run(tmp_path: Path) -> None:
    async with tiny_host(tmp_path, workers=1) as tiny:
        ids = [await tiny.start("fan_out", {"count": 10}) for _ in range(10)]
        tiny.host.kill_worker(tiny.host.worker_pids()[0])
        states = await asyncio.gather(*(tiny.result(each) for each in ids))
        assert {state["runtimeStatus"] for state in states} == {"Completed"}
        assert {state["output"]["sum"] for state in states} == {90}


async def test_a_worker_whose_loop_is_blocked_is_killed_and_its_work_done(tmp_path: Path) -> None:
    async with tiny_host(tmp_path, silence_deadline=5.0) as tiny:
        state = await tiny.result(await tiny.start("blocked", {}))
        assert state["output"] == "done"
        pids = [line.split()[1] for line in tiny.notes("hang")]
        assert len(pids) == 2
        assert pids[0] != pids[1]


async def test_a_lost_activity_can_fail_as_the_extension_reports_it(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    async with tiny_host(tmp_path, on_worker_loss="fail") as tiny:
        instance_id = await tiny.start("slow", {"gate": str(gate), "seconds": 600})
        os.kill(await tiny.pid_running("sleeper"), signal.SIGKILL)
        state = await tiny.result(instance_id)
        assert state["runtimeStatus"] == "Failed"
        assert "Exception while executing function: Functions.sleeper" in state["output"]


async def test_a_call_past_the_function_timeout_fails_and_is_not_run_again(
    tmp_path: Path,
) -> None:
    app = tmp_path / "app"
    shutil.copytree(APP, app, ignore=shutil.ignore_patterns("__pycache__"))
    settings = json.loads((app / "host.json").read_text())
    (app / "host.json").write_text(json.dumps(settings | {"functionTimeout": "00:00:05"}))
    async with tiny_host(tmp_path, app) as tiny:
        output = await tiny.run("failing", {"activity": "stubborn"})
        assert output["type"] == "Microsoft.Azure.WebJobs.Host.FunctionTimeoutException"
        assert tiny.notes("stubborn") == ["stubborn"]
        await until(lambda: len(tiny.host.worker_pids()) == 2)


async def test_a_request_whose_worker_dies_gets_500(tmp_path: Path) -> None:
    async with tiny_host(tmp_path) as tiny:
        request = asyncio.create_task(tiny.http.get(f"{tiny.host.url}/api/sleep"))
        os.kill(await tiny.pid_running("sleep"), signal.SIGKILL)
        async with await request as answer:
            assert answer.status == 500


async def test_killing_a_stranger_is_refused(tmp_path: Path) -> None:
    async with tiny_host(tmp_path, workers=1) as tiny:
        with pytest.raises(LookupError):
            tiny.host.kill_worker(os.getpid())


async def test_an_app_that_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    (tmp_path / "function_app.py").write_text("import not_installed_anywhere\n")
    with pytest.raises(AppLoadError, match="not_installed_anywhere"):
        await FunctionsHost(tmp_path, log_dir=tmp_path / "logs").start()


def idle_host(folder: Path) -> FunctionsHost:
    """The tiny app on a host whose timer does not fire while the test runs."""
    env = {"TINY_NOTES": str(folder / "n"), "TINY_SCHEDULE": "0 0 0 1 1 *"}
    return FunctionsHost(APP, env=env, log_dir=folder / "logs")


async def test_stopping_leaves_no_worker_behind(tmp_path: Path) -> None:
    host = idle_host(tmp_path)
    await host.start()
    pids = host.worker_pids()
    assert len(pids) == 2
    await host.stop()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_a_stop_that_is_cancelled_leaves_no_worker_behind(tmp_path: Path) -> None:
    host = idle_host(tmp_path)
    await host.start()
    workers = [psutil.Process(pid) for pid in host.worker_pids()]
    assert len(workers) == 2
    stopping = asyncio.create_task(host.stop())
    while not stopping.done():
        await asyncio.sleep(0)
        stopping.cancel()
    await until(lambda: not any(worker.is_running() for worker in workers))
