"""Calling activities as the engine does, with a payload that went through JSON."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, cast

from durabletask import task

from shared.models.base import Json
from shared.models.block import BlockName, BlockResult
from tests.support.scripts import OBJECT_ID, case_payload

CASE = case_payload()
CASE_ID: str = CASE["case_id"]

type Activity = Callable[[task.ActivityContext, dict[str, Any]], Awaitable[Any]]


async def call(activity: Activity, **payload: Any) -> Json:
    """Run an activity; input and result cross a durable boundary, so they are plain JSON."""
    sent = json.loads(json.dumps({"case_id": CASE_ID} | payload))
    result: Json = json.loads(json.dumps(await activity(cast(Any, None), sent)))
    return result


async def block(activity: Activity, name: BlockName, **payload: Any) -> Json:
    """Run an activity that returns a block; checks that it is that block."""
    result = await call(activity, **payload)
    assert BlockResult.model_validate(result).name is name
    found: Json = result["block"]
    assert found["started_at"] <= found["finished_at"]
    return found


async def act(activity: Activity, before: Json | None = None, **more: Any) -> Json:
    """Run an identity action; returns its outcome."""
    result = await call(activity, object_id=OBJECT_ID, before=before, attempt="contain-1", **more)
    outcome: Json = result["outcome"]
    return outcome
