"""The Functions host, on the real worker library and engine, with the tiny app."""

import asyncio
import io
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.lab.functions_host_support import APP, PATIENCE_SECONDS, Tiny, tiny_host, until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tiny(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Tiny]:
    async with tiny_host(tmp_path_factory.mktemp("host")) as running:
        yield running


async def test_fan_out_runs_on_the_workers_and_carries_the_default_version(tiny: Tiny) -> None:
    assert await tiny.run("fan_out", {"count": 20}) == {"sum": 380, "version": "1.0.0"}


async def test_a_child_knows_its_parent(tiny: Tiny) -> None:
    instance_id = await tiny.start("parent", {})
    output = (await tiny.result(instance_id))["output"]
    assert output == {"child": {"parent": instance_id, "version": "1.0.0"}}


async def test_an_entity_lock_lets_one_orchestration_in_at_a_time(tiny: Tiny) -> None:
    ids = [await tiny.start("locked", {"key": "shared"}) for _ in range(5)]
    states = await asyncio.gather(*(tiny.result(each) for each in ids))
    assert sorted(state["output"] for state in states) == [1, 2, 3, 4, 5]
    assert await tiny.manage("GET", "entities/Counter/shared") == (200, 5)


async def test_operations_of_others_wait_while_the_lock_is_held(tiny: Tiny) -> None:
    instance_id = await tiny.start("locked", {"key": "mine", "hold_ms": 300})
    while (await tiny.manage("GET", "entities/counter/mine"))[0] == 404:
        await asyncio.sleep(0.01)
        history = await tiny.history(instance_id)
        if any("timerCreated" in event for event in history["history"]):
            break
    status, _ = await tiny.manage("POST", "entities/counter/mine?op=set", 100)
    assert status == 202
    assert (await tiny.result(instance_id))["output"] == 1
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := await tiny.manage("GET", "entities/counter/mine")) != (200, 100):
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.05)


async def test_an_external_event_comes_before_the_deadline(tiny: Tiny) -> None:
    instance_id = await tiny.start("approval", {"deadline": 600})
    path = f"instances/{instance_id}/raiseEvent/decision"
    assert (await tiny.manage("POST", path, {"yes": True}))[0] == 202
    assert (await tiny.result(instance_id))["output"] == {"yes": True}
    assert (await tiny.manage("POST", path, {"yes": False}))[0] == 410


async def test_a_timer_ends_the_wait(tiny: Tiny) -> None:
    assert await tiny.run("approval", {"deadline": 0.1}) == "expired"


async def test_a_timer_of_the_generation_before_does_not_fire(tiny: Tiny) -> None:
    instance_id = await tiny.start("looping", {"left": 2})
    for _ in range(2):
        await asyncio.sleep(0.05)
        await tiny.manage("POST", f"instances/{instance_id}/raiseEvent/go", None)
    assert (await tiny.result(instance_id))["output"] == "timer"


@pytest.mark.parametrize(
    ("activity", "details"),
    [
        ("raising", {"type": "PermissionError", "message": "not yours"}),
        ("missing", {"type": "ActivityFunctionNotFound"}),
    ],
)
async def test_a_failed_activity_tells_type_and_first_line(
    tiny: Tiny, activity: str, details: dict[str, str]
) -> None:
    output = await tiny.run("failing", {"activity": activity})
    assert details["type"] == output["type"]
    assert details.get("message", "doesn't exist") in output["message"]


async def test_an_unknown_orchestrator_fails(tiny: Tiny) -> None:
    state = await tiny.result(await tiny.start("nowhere", {}))
    assert state["runtimeStatus"] == "Failed"
    assert "OrchestratorFunctionNotFound" in state["output"]


async def test_management_terminates_lists_and_purges(tiny: Tiny) -> None:
    instance_id = await tiny.start("approval", {"deadline": 600}, "managed-1")
    status, _ = await tiny.manage("POST", f"instances/{instance_id}/terminate?reason=enough")
    assert status == 202
    assert (await tiny.result(instance_id))["runtimeStatus"] == "Terminated"
    _, found = await tiny.manage("GET", "instances?runtimeStatus=Terminated")
    assert [each["instanceId"] for each in found] == [instance_id]
    assert await tiny.manage("DELETE", f"instances/{instance_id}") == (
        200,
        {"instancesDeleted": 1},
    )
    assert (await tiny.manage("GET", f"instances/{instance_id}"))[0] == 404


async def test_the_links_a_function_hands_out_work(tiny: Tiny) -> None:
    instance_id = await tiny.start("fan_out", {"count": 1})
    await tiny.result(instance_id)
    key = {"x-functions-key": tiny.host.function_key}
    async with tiny.http.get(f"{tiny.host.url}/api/links/{instance_id}", headers=key) as answer:
        links = await answer.json()
    async with tiny.http.get(links["statusQueryGetUri"]) as answer:
        assert answer.status == 200
        assert (await answer.json())["instanceId"] == instance_id


async def test_a_finished_id_can_start_again_but_a_running_one_cannot(tiny: Tiny) -> None:
    await tiny.result(await tiny.start("fan_out", {"count": 1}, "again"))
    await tiny.result(await tiny.start("fan_out", {"count": 2}, "again"))
    await tiny.start("approval", {"deadline": 600}, "busy")
    status, _ = await tiny.manage("POST", "orchestrators/approval/busy", {"deadline": 600})
    assert status == 409
    await tiny.manage("POST", "instances/busy/terminate")


async def test_a_body_over_the_hosts_limit_reaches_no_worker(tiny: Tiny) -> None:
    url = f"{tiny.host.url}/api/echo/large"
    async with tiny.http.post(url, data=io.BytesIO(bytes(3 * 1024 * 1024))) as answer:
        assert answer.status == 201
    async with tiny.http.post(url, data=io.BytesIO(bytes(3 * 1024 * 1024 + 1))) as answer:
        assert answer.status == 413


async def test_http_requests_and_responses_pass_whole(tiny: Tiny) -> None:
    url = f"{tiny.host.url}/api/echo/wo%20rd?a=1&a=2&empty="
    async with tiny.http.post(url, data=b"\x00\xff", headers={"x-probe": "yes"}) as answer:
        seen = await answer.json()
    assert answer.status == 201
    assert answer.headers["X-Answer"] == "42"
    assert answer.headers["Set-Cookie"] == "seen=1; Path=/api; HttpOnly; SameSite=Lax"
    assert seen == {
        "method": "POST",
        "url": url,
        "word": "wo rd",
        "query": {"a": "1,2"},
        "header": "yes",
        "body": "00ff",
        "cwd": str(APP),
        "setting": "from the environment",
    }


async def test_unknown_paths_and_methods_are_not_found(tiny: Tiny) -> None:
    for method, path in (("GET", "/api/nothing"), ("DELETE", "/api/echo/x"), ("GET", "/echo/x")):
        async with tiny.http.request(method, tiny.host.url + path) as answer:
            assert answer.status == 404, path


async def test_an_exception_becomes_500_without_details(tiny: Tiny) -> None:
    async with tiny.http.get(f"{tiny.host.url}/api/broken") as answer:
        assert (answer.status, await answer.text()) == (500, "")


@pytest.mark.parametrize(
    ("path", "accepted"),
    [
        ("/api/echo/x", {"", "wrong", "function", "master", "system"}),
        ("/api/links/x", {"function", "master"}),
        ("/api/secret", {"master"}),
        ("/admin/host/status", {"master"}),
        ("/admin/functions", {"master"}),
        ("/admin/lab/workers", {"master"}),
        ("/runtime/webhooks/durabletask/instances", {"master", "system"}),
    ],
)
async def test_every_level_opens_to_its_keys_only(
    tiny: Tiny, path: str, accepted: set[str]
) -> None:
    keys = {
        "": "",
        "wrong": "not-a-key",
        "function": tiny.host.function_key,
        "master": tiny.host.master_key,
        "system": tiny.host.system_key,
    }
    for name, key in keys.items():
        expected = name in accepted
        async with tiny.http.get(tiny.host.url + path, headers={"x-functions-key": key}) as answer:
            assert (answer.status != 401) is expected, (path, name, answer.status)
        async with tiny.http.get(tiny.host.url + path, params={"code": key}) as answer:
            assert (answer.status != 401) is expected, (path, name, answer.status)


async def test_status_and_functions_are_described(tiny: Tiny) -> None:
    headers = {"x-functions-key": tiny.host.master_key}
    async with tiny.http.get(f"{tiny.host.url}/admin/host/status", headers=headers) as answer:
        assert (await answer.json())["state"] == "Running"
    async with tiny.http.get(f"{tiny.host.url}/admin/functions/echo", headers=headers) as answer:
        described = await answer.json()
    assert described["invoke_url_template"] == f"{tiny.host.url}/api/echo/{{word}}"
    assert described["config"]["bindings"][0]["authLevel"].lower() == "anonymous"


async def test_the_history_is_shown_with_its_size_and_replays(tiny: Tiny) -> None:
    instance_id = await tiny.start("fan_out", {"count": 1})
    await tiny.result(instance_id)
    history = await tiny.history(instance_id)
    assert history["events"] == len(history["history"])
    assert history["bytes"] > 0
    assert history["replays"] == 2
    assert "executionStarted" in history["history"][1]


async def test_a_timer_function_runs_on_its_schedule_and_on_request(tiny: Tiny) -> None:
    before = len(tiny.notes("tick"))
    await until(lambda: len(tiny.notes("tick")) >= before + 2)
    headers = {"x-functions-key": tiny.host.master_key}
    async with tiny.http.post(f"{tiny.host.url}/admin/functions/tick", headers=headers) as answer:
        assert answer.status == 202
