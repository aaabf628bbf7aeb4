"""What the account did after the login, and what the SIEM says about the incident now."""

import asyncio
from datetime import timedelta
from typing import Any

from durabletask import task

from activities.directories import find_account
from activities.support import explain, gather_parts, utc_now
from shared.bootstrap import get_providers
from shared.errors import NotSupported, TourniquetError
from shared.models.base import Json
from shared.models.block import BlockName, BlockStatus, make_block
from shared.models.case import Account, CaseRequest
from shared.models.signin import HuntFinding
from shared.playbook.acting.subject import (
    asks_on_premises,
    query_parameters,
    why_in_doubt,
    why_unanswerable,
)
from shared.playbook.hunts import Hunt, evaluate_hunt, load_hunts
from shared.playbook.hunts.udm import PRODUCT, load_udm_hunts
from shared.settings import get_settings

QUERIES_AT_ONCE = 5
"""Log Analytics answers at most 5 queries of one caller at a time and queues the rest."""


async def analyse_activity(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Hunt for what an attacker does after the login (runbook step 3), all hunts in parallel.

    Input: ``{"case": CaseRequest}``. Returns a block result. A hunt that fails or is partial is
    reported as incomplete, never as clean. So is one in logs that know names only, when neither
    incident nor directory tells the account's.

    Effect: none, reads only.
    Idempotency: a read.
    Permission: Log Analytics Reader on the workspace, or Chronicle API Editor
    (``roles/chronicle.editor``) with Google SecOps, where some hunts are not available. For the
    account's names: User.Read.All (Microsoft Graph), okta.users.read for Okta.
    """
    case = CaseRequest.model_validate(payload["case"])
    started = utc_now()
    hours = get_settings().look_back_hours
    inputs = {
        "user_id": case.account.user_id if case.account else None,
        "look_back_hours": hours,
    }
    names = asyncio.ensure_future(_names_of(case.account))
    hunts = load_hunts()
    gate = asyncio.Semaphore(QUERIES_AT_ONCE)
    parts = await gather_parts({hunt.id: _hunt(hunt, case, names, gate) for hunt in hunts})
    *_names, unknown = await names
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
        notes=[*(f"incomplete: {line}" for line in incomplete), *unknown],
        started_at=started,
        finished_at=utc_now(),
    ).to_json()


type _Names = tuple[str | None, str | None, list[str]]


async def _names_of(account: Account | None) -> _Names:
    """Return the principal name, the name on-premises, and why the directory did not tell them."""
    if account is None:
        return None, None, []
    found = await find_account(account)
    if found.user is None:
        return account.user_principal_name, None, found.notes
    name = account.user_principal_name or found.user.user_principal_name
    return name, found.user.on_premises_name, []


async def _parameters(query: str, case: CaseRequest, names: asyncio.Future[_Names]) -> Json:
    """Return what a query asks with; only one that needs the directory's answer waits for it."""
    if case.account and case.account.user_principal_name and not asks_on_premises(query):
        return query_parameters(case, None, None)
    name, on_premises, _notes = await names
    return query_parameters(case, name, on_premises)


async def _hunt(
    hunt: Hunt, case: CaseRequest, names: asyncio.Future[_Names], gate: asyncio.Semaphore
) -> tuple[HuntFinding | None, str]:
    siem = get_providers().require("siem")
    udm = None if siem.language == "kql" else load_udm_hunts().get(hunt.id)
    if siem.language != "kql" and udm is None:
        raise NotSupported(f"not available in {PRODUCT}", operation=f"hunt {hunt.id}")
    query = udm.query if udm else hunt.query
    parameters = await _parameters(query, case, names)
    if why := why_unanswerable(hunt.tables, query, parameters):
        raise NotSupported(f"not available: {why}", operation=f"hunt {hunt.id}")
    hours = get_settings().look_back_hours
    async with gate:
        result = await siem.run_query(
            query,
            parameters=parameters,
            start=case.now - timedelta(hours=max(hours, hunt.look_back_hours)),
            end=case.now,
        )
    found = udm.evaluate(result.rows) if udm else evaluate_hunt(hunt, result.rows)
    doubt = why_in_doubt(hunt.tables, query, parameters)
    incomplete = [result.detail] if result.partial else []
    return found, "; ".join([*incomplete, *([doubt] if doubt else [])])


async def get_case_context(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Return what the SIEM says about the incident now, and about the account.

    Input: ``{"case": CaseRequest}``; output ``{"status", "owner", "comments", "alerts"}`` (seed 000
    ``get_case_full_details``), with ``account`` where the SIEM keeps a summary of it (seed 000
    ``lookup_entity``); or ``{"error"}``; nothing when the case is not of the SIEM's incidents.

    Effect: none, reads only.
    Idempotency: a read.
    Permission: Microsoft Sentinel Reader, or Chronicle API Editor (``roles/chronicle.editor``).
    """
    case = CaseRequest.model_validate(payload["case"])
    try:
        known, context = await asyncio.gather(_account(case), _incident(case))
    except TourniquetError as error:
        return {"error": explain(error)}
    return context | ({"account": known} if known else {})


async def _account(case: CaseRequest) -> Json | None:
    name = case.account.user_principal_name or case.account.user_id if case.account else ""
    start = case.now - timedelta(hours=get_settings().look_back_hours)
    siem = get_providers().require("siem")
    return await siem.look_up_account(name, start=start, end=case.now) if name else None


async def _incident(case: CaseRequest) -> Json:
    try:
        incident = await get_providers().require("siem").get_incident(case.incident.incident_id)
    except NotSupported:
        return {}
    properties = incident.get("properties") or {}
    counts = properties.get("additionalData") or {}
    return {
        "status": properties.get("status"),
        "owner": (properties.get("owner") or {}).get("assignedTo"),
        "comments": counts.get("commentsCount"),
        "alerts": counts.get("alertsCount"),
    }
