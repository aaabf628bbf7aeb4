"""A small durable app that shows each thing the Functions host must do."""

import asyncio
import json
import os
import time
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func
from durabletask import entities, task

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)


def note(line: str) -> None:
    """Append one line to the file the test reads: an effect outside the durable state."""
    with Path(os.environ["TINY_NOTES"]).open("a") as notes:
        notes.write(line + "\n")


@app.route(route="orchestrations/{name}", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    instance_id = await client.schedule_new_orchestration(
        req.route_params["name"], input=req.get_json(), instance_id=req.params.get("id")
    )
    return func.HttpResponse(json.dumps({"id": instance_id}), status_code=202)


@app.route(route="links/{id}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@app.durable_client_input(client_name="client")
async def links(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    return client.create_check_status_response(req, req.route_params["id"])


@app.route(route="echo/{word}", methods=["GET", "POST"], auth_level=func.AuthLevel.ANONYMOUS)
async def echo(req: func.HttpRequest) -> func.HttpResponse:
    seen = {
        "method": req.method,
        "url": req.url,
        "word": req.route_params["word"],
        "query": dict(req.params),
        "header": req.headers.get("X-Probe"),
        "body": req.get_body().hex(),
        "cwd": str(Path.cwd()),
        "setting": os.environ.get("TINY_SETTING"),
    }
    response = func.HttpResponse(
        json.dumps(seen), status_code=201, mimetype="application/json", headers={"X-Answer": "42"}
    )
    response.headers.add("Set-Cookie", "seen=1; Path=/api; HttpOnly; SameSite=Lax")
    return response


@app.route(route="secret", methods=["GET"], auth_level=func.AuthLevel.ADMIN)
async def secret(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("for administrators")


@app.route(route="sleep", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def sleep(req: func.HttpRequest) -> func.HttpResponse:
    await asyncio.sleep(600)
    return func.HttpResponse("late")


@app.route(route="broken", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def broken(req: func.HttpRequest) -> func.HttpResponse:
    raise ValueError("broken on purpose")


def fan_out(ctx: task.OrchestrationContext, payload: dict[str, Any]) -> Generator[Any, Any, Any]:
    tasks: list[task.Task[Any]] = [
        ctx.call_activity("double", input={"n": n}) for n in range(payload["count"])
    ]
    results = yield task.when_all(tasks)
    return {"sum": sum(results), "version": ctx.version}


def locked(ctx: task.OrchestrationContext, payload: dict[str, Any]) -> Generator[Any, Any, Any]:
    counter = entities.EntityInstanceId("counter", payload["key"])
    with (yield ctx.lock_entities([counter])):
        before = yield ctx.call_entity(counter, "get")
        # Without the lock, others would read the same value, or write, meanwhile.
        yield ctx.create_timer(timedelta(milliseconds=payload.get("hold_ms", 50)))
        yield ctx.call_entity(counter, "set", before + 1)
    return before + 1


def approval(ctx: task.OrchestrationContext, payload: dict[str, Any]) -> Generator[Any, Any, Any]:
    answer = ctx.wait_for_external_event("decision")
    deadline = ctx.create_timer(timedelta(seconds=payload["deadline"]))
    winner = yield task.when_any([answer, deadline])
    if winner is answer:
        deadline.cancel()
        return answer.get_result()
    return "expired"


def parent(ctx: task.OrchestrationContext, payload: dict[str, Any]) -> Generator[Any, Any, Any]:
    child = yield ctx.call_sub_orchestrator(
        "child", input=payload, instance_id=f"{ctx.instance_id}:child"
    )
    return {"child": child}


def child(ctx: task.OrchestrationContext, payload: dict[str, Any]) -> Generator[Any, Any, Any]:
    yield ctx.create_timer(timedelta(milliseconds=10))
    return {"parent": ctx.parent_instance_id, "version": ctx.version}


def failing(ctx: task.OrchestrationContext, payload: dict[str, Any]) -> Generator[Any, Any, Any]:
    try:
        yield ctx.call_activity(payload["activity"], input={})
    except task.TaskFailedError as error:
        return {"type": error.details.error_type, "message": error.details.message}


def slow(ctx: task.OrchestrationContext, payload: dict[str, Any]) -> Generator[Any, Any, Any]:
    first = yield ctx.call_activity("sleeper", input=payload)
    return first


def looping(ctx: task.OrchestrationContext, payload: dict[str, Any]) -> Generator[Any, Any, Any]:
    """Continue as new while the former generation's long timer is still set."""
    stale = ctx.create_timer(timedelta(seconds=0.3 if payload["left"] else 0.01))
    event = ctx.wait_for_external_event("go")
    winner = yield task.when_any([event, stale])
    if winner is event:
        ctx.continue_as_new({"left": payload["left"] - 1})
        return None
    return "timer"


async def double(_: task.ActivityContext, payload: dict[str, Any]) -> int:
    await asyncio.sleep(0)
    return int(payload["n"]) * 2


async def sleeper(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    note(f"begin {os.getpid()}")
    if await asyncio.to_thread(Path(payload["gate"]).exists):
        await asyncio.sleep(payload["seconds"])
    note(f"end {os.getpid()}")
    return {"pid": os.getpid()}


async def stubborn(_: task.ActivityContext, payload: dict[str, Any]) -> str:
    """Never end: only `functionTimeout` does."""
    note("stubborn")
    await asyncio.sleep(3600)
    return "never"


async def hanging(_: task.ActivityContext, payload: dict[str, Any]) -> str:
    """Block the event loop the first time it runs."""
    note(f"hang {os.getpid()}")
    gate = Path(os.environ["TINY_NOTES"]).with_suffix(".hung")
    if not gate.exists():
        gate.touch()
        time.sleep(600)  # noqa: ASYNC251 - blocking the loop is the point
    return "done"


async def raising(_: task.ActivityContext, payload: dict[str, Any]) -> str:
    raise PermissionError("not yours\nsecond line")


def blocked(ctx: task.OrchestrationContext, payload: dict[str, Any]) -> Generator[Any, Any, Any]:
    result = yield ctx.call_activity("hanging", input={})
    return result


def counter(ctx: entities.EntityContext, value: Any) -> Any:
    state = ctx.get_state(int, 0)
    if ctx.operation == "set":
        ctx.set_state(value)
        return None
    return state


for orchestrator in (
    fan_out, locked, approval, parent, child, failing, slow, looping, blocked
):  # fmt: skip
    app.orchestration_trigger(context_name="context")(orchestrator)
for activity in (double, sleeper, stubborn, hanging, raising):
    app.activity_trigger(input_name="payload")(activity)
app.entity_trigger(context_name="context")(counter)


@app.event_grid_trigger(arg_name="event")
async def on_event(event: func.EventGridEvent) -> None:
    note(f"event {event.id} {event.get_json()['n']}")
    if event.get_json()["n"] < 0:
        raise ValueError("negative")


@app.event_grid_trigger(arg_name="event")
async def on_cloud_event(event: func.CloudEvent) -> None:
    note(f"cloud event {event.id} {event.source}")


@app.timer_trigger(schedule="%TINY_SCHEDULE%", arg_name="timer")
async def tick(timer: func.TimerRequest) -> None:
    note(f"tick {timer.past_due}")
