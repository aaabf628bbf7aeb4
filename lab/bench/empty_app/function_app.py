"""A durable Functions app that does nothing: what a start costs before the app's own code."""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df
import azure.functions as func
from durabletask import task

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="health", methods=["GET"])
async def health(req: func.HttpRequest) -> func.HttpResponse:
    """Say that the app runs."""
    return func.HttpResponse('{"status": "ok"}', mimetype="application/json")


@app.orchestration_trigger(context_name="context")
def wait_for_nothing(
    context: task.OrchestrationContext, payload: dict[str, Any]
) -> Generator[task.Task[Any], Any, Any]:
    """Call the activity."""
    return (yield context.call_activity("do_nothing", input=payload))


@app.activity_trigger(input_name="payload")
async def do_nothing(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Return the input."""
    return payload
