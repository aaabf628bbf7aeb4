"""What the account did after the login, and what the SIEM says about the incident now."""

import asyncio
from datetime import timedelta
from typing import Any

from durabletask import task

from activities.support import explain, gather_parts, utc_now
from shared.bootstrap import get_providers
from shared.errors import TourniquetError
from shared.models.block import BlockName, BlockStatus, make_block
from shared.models.case import CaseRequest
from shared.models.signin import HuntFinding
from shared.playbook.acting.evidence import query_parameters
from shared.playbook.hunts import Hunt, evaluate_hunt, load_hunts
from shared.settings import get_settings

QUERIES_AT_ONCE = 5
"""Log Analytics answers at most 5 queries of one caller at a time and queues the rest."""


async def analyse_activity(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Hunt for what an attacker does after the login (runbook step 3), all hunts in parallel.

    Input: ``{"case": CaseRequest}``. Returns a block result. A hunt that fails or is partial is
    reported as incomplete, never as clean.

    Effect: none, reads only.
    Idempotency: a read.
    Permission: Log Analytics Reader on the workspace.
    """
    case = CaseRequest.model_validate(payload["case"])
    started = utc_now()
    hours = get_settings().look_back_hours
    inputs = {
        "user_id": case.account.user_id if case.account else None,
        "look_back_hours": hours,
    }
    hunts = load_hunts()
    gate = asyncio.Semaphore(QUERIES_AT_ONCE)
    parts = await gather_parts(
        {hunt.id: _hunt(hunt, case, hours, gate) for hunt in hunts},
    )
    findings = [found for found, _detail in parts.results.values() if found is not None]
    incomplete = list(parts.notes)
    incomplete += [f"{name}: {detail}" for name, (_f, detail) in parts.results.items() if detail]
    return make_block(
        BlockName.ACTIVITY,
        BlockStatus.PARTIAL if incomplete else BlockStatus.COMPLETE,
        inputs=inputs,
        outputs={
            "findings": [finding.to_json() for finding in findings],
            "queries_run": [hunt.id for hunt in hunts if hunt.id in parts.results],
            "incomplete_queries": incomplete,
        },
        notes=[f"incomplete: {line}" for line in incomplete],
        started_at=started,
        finished_at=utc_now(),
    ).to_json()


async def _hunt(
    hunt: Hunt, case: CaseRequest, hours: int, gate: asyncio.Semaphore
) -> tuple[HuntFinding | None, str]:
    async with gate:
        result = (
            await get_providers()
            .require("siem")
            .run_query(
                hunt.query,
                parameters=query_parameters(case, None),
                start=case.now - timedelta(hours=max(hours, hunt.look_back_hours)),
                end=case.now,
            )
        )
    return evaluate_hunt(hunt, result.rows), result.detail if result.partial else ""


async def get_case_context(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Return what the SIEM says about the incident now (seed 000 ``get_case_full_details``).

    Input: ``{"case": CaseRequest}``; output ``{"status", "owner", "comments", "alerts"}`` or
    ``{"error"}``.

    Effect: none, reads only.
    Idempotency: a read.
    Permission: Microsoft Sentinel Reader.
    """
    case = CaseRequest.model_validate(payload["case"])
    if not case.incident.incident_id.startswith("/subscriptions/"):
        return {}
    try:
        incident = await get_providers().require("siem").get_incident(case.incident.incident_id)
    except TourniquetError as error:
        return {"error": explain(error)}
    properties = incident.get("properties") or {}
    counts = properties.get("additionalData") or {}
    return {
        "status": properties.get("status"),
        "owner": (properties.get("owner") or {}).get("assignedTo"),
        "comments": counts.get("commentsCount"),
        "alerts": counts.get("alertsCount"),
    }
