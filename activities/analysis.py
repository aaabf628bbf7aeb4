"""What the account did: sign-in analysis, activity hunts, the incident's context, the re-check."""

import asyncio
from datetime import timedelta
from typing import Any

from durabletask import task

from activities.support import explain, gather_parts, utc_now
from shared.bootstrap import get_providers
from shared.errors import TourniquetError
from shared.models.base import Json, parse_utc
from shared.models.block import BlockName, BlockStatus, make_block
from shared.models.case import CaseRequest
from shared.models.signin import HuntFinding, SignInLogResult
from shared.playbook.acting.evidence import query_parameters
from shared.playbook.hunts import Hunt, evaluate_hunt, load_hunts
from shared.playbook.sign_ins.analysis import analyse_sign_ins as analyse
from shared.playbook.sign_ins.times import sign_in_times
from shared.settings import get_settings

QUERIES_AT_ONCE = 5
"""Log Analytics answers at most 5 queries of one caller at a time and queues the rest."""


async def analyse_sign_ins(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Analyse the account's sign-ins: the failures, the success, what was unusual about it.

    Input: ``{"case": CaseRequest}``. Returns a block result; the whole analysis is in
    ``details["analysis"]``. When the log cannot be read the block is partial and asks for a
    review by hand (seed 004).

    Effect: none, reads only.
    Idempotency: a read.
    Permission: Log Analytics Reader on the workspace.
    """
    case = CaseRequest.model_validate(payload["case"])
    started = utc_now()
    account = case.account
    if account is None:
        raise ValueError("analyse_sign_ins needs a case with an account")
    inputs = {
        "user_id": account.user_id,
        "successful_login_ip": case.successful_login_ip,
        "successful_login_time": case.to_json()["successful_login_time"],
        "detection_time_window": case.detection_time_window_minutes,
    }
    try:
        log = get_providers().require("sign_in_log")
        found = await log.get_sign_ins(
            object_id=account.object_id,
            user_principal_name=account.user_principal_name or account.user_id,
            start=case.now - timedelta(days=get_settings().baseline_days),
            end=case.now,
        )
    except TourniquetError as error:
        note = f"sign-in log: {explain(error)}; review the sign-in logs by hand"
        return make_block(
            BlockName.SIGN_INS,
            BlockStatus.PARTIAL,
            inputs=inputs,
            notes=[note],
            started_at=started,
            finished_at=utc_now(),
        ).to_json()
    return _sign_in_block(case, found, inputs, started)


def _sign_in_block(
    case: CaseRequest, found: SignInLogResult, inputs: Json, started: Any
) -> dict[str, Any]:
    model = analyse(
        found.events,
        addresses=case.addresses,
        successful_login_time=case.successful_login_time,
        window_minutes=case.detection_time_window_minutes,
        now=case.now,
    )
    analysis = model.to_json()
    times = sign_in_times(found.events, model)
    notes = [*analysis["notes"], *(f"incomplete: {line}" for line in found.incomplete)]
    outputs = (
        "successful_login_details",
        "mfa_result_successful_login",
        "login_location_variance",
        "failed_logins_count",
        "failed_login_details",
    )
    return make_block(
        BlockName.SIGN_INS,
        BlockStatus.PARTIAL if found.incomplete else BlockStatus.COMPLETE,
        inputs=inputs,
        outputs={name: analysis[name] for name in outputs},
        notes=notes,
        details={
            "analysis": analysis,
            "times": times.to_json() if times else None,
            "suspicious_address": analysis["suspicious_address"],
            "complete": not found.incomplete,
            "rows": found.rows,
        },
        started_at=started,
        finished_at=utc_now(),
    ).to_json()


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
                start=case.now - timedelta(hours=hours),
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


async def recheck_sign_ins(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Search sign-ins after containment: did it hold?

    Input: ``{"case": CaseRequest, "since": ISO time}``; output ``{"held": true | false | null,
    "detail"}``. A success from one of the case's addresses after ``since`` means it did not hold.

    Effect: none, reads only.
    Idempotency: a read.
    Permission: Log Analytics Reader on the workspace.
    """
    case = CaseRequest.model_validate(payload["case"])
    account = case.account
    if account is None:
        return {"held": None, "detail": "the case has no account"}
    log = get_providers().require("sign_in_log")
    since = parse_utc(payload["since"])
    found = await log.get_sign_ins(
        object_id=account.object_id,
        user_principal_name=account.user_principal_name or account.user_id,
        start=since,
        end=utc_now(),
    )
    again = [event for event in found.events if event.succeeded and event.address in case.addresses]
    if again:
        last = again[-1].to_json()
        detail = f"{len(again)} sign-ins from {last['address']} since, the last at {last['at']}"
        return {"held": False, "detail": f"it did NOT hold: {detail}"}
    if found.incomplete:
        return {"held": None, "detail": f"not known: {'; '.join(found.incomplete)}"}
    return {"held": True, "detail": "no sign-in from the attacker's addresses since"}
