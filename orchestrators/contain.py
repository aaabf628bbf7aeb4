"""Step 6: contain an account under its lock, block an address beside it; then read back."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

from durabletask import task
from durabletask.entities import EntityInstanceId

from orchestrators.covered import leave_out_covered, remember_deeds
from orchestrators.flow import (
    Retry,
    Steps,
    attempt,
    case_activity,
    save,
    timeline,
    utc_now,
)
from orchestrators.names import Activity, Entity
from shared.models.base import Json, format_utc
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName, PlannedAction

IDENTITY_ORDER: tuple[tuple[ActionName, Activity], ...] = (
    (ActionName.DISABLE_ACCOUNT, Activity.DISABLE_ACCOUNT),
    (ActionName.FORCE_PASSWORD_RESET, Activity.FORCE_PASSWORD_RESET),
    (ActionName.REVOKE_SESSIONS, Activity.REVOKE_SESSIONS),
    (ActionName.CONFIRM_COMPROMISED, Activity.CONFIRM_COMPROMISED),
)
"""Sessions are revoked after the password changed, so that none is made with the old one."""

ACCOUNT_READ_BACK_SECONDS = (1, 2, 4, 8, 15, 30)
"""Waits between read-backs of the account; Entra answers from replicas that lag for seconds."""

FIREWALL_READ_BACK_SECONDS = (1, 2, 4, 8, 15, 30, 60, 60, 60, 60, 60, 60, 60, 60, 60)
"""Waits between read-backs of the firewall: an IP group change takes about 3 minutes."""


def contain(
    ctx: task.OrchestrationContext, payload: Json
) -> Generator[task.Task[Any], Any, list[Json]]:
    """Run planned actions on one account; return one outcome per action.

    Input: ``{"case_id", "account_key", "object_id", "actions": [PlannedAction]}``. Never fails:
    an action that cannot be done is an outcome with status ``failed``. Addresses are blocked
    beside it (``block_address``), so that the account never waits for a firewall.
    """
    planned = [PlannedAction.model_validate(item) for item in payload["actions"]]
    lock = ctx.lock_entities([EntityInstanceId(str(Entity.ACCOUNT), payload["account_key"])])
    with (yield lock):
        planned, covered = yield from leave_out_covered(ctx, payload, planned)
        outcomes: list[Json] = []
        if planned:
            outcomes = yield from _contain_account(ctx, payload, planned)
            yield from remember_deeds(ctx, payload, outcomes)
    outcomes = [*covered, *outcomes]
    yield from attempt(save(ctx, payload["case_id"], {"actions": outcomes}, Retry.WRITE))
    if any(item["status"] == ActionStatus.FAILED for item in outcomes):
        yield from _call_for_help(ctx, payload["case_id"])
    return outcomes


def _call_for_help(ctx: task.OrchestrationContext, case_id: str) -> Steps[None]:
    """Tell people at once what they have to do by hand; firewall and evidence may take minutes.

    Source: seed 004, ``Conditional_AD_Containment`` failure handling.
    """
    message = {"case_id": case_id, "phase": "containment_failed"}
    told = yield from attempt(case_activity(ctx, Activity.NOTIFY_ANALYSTS, message, Retry.READ))
    channels = (told.result or {}).get("channels", {}) or {"nobody": told.error}
    event = f"analysts told (containment failed): {', '.join(sorted(channels))}"
    yield from attempt(save(ctx, case_id, {"timeline": timeline(ctx, event)}))


def _contain_account(
    ctx: task.OrchestrationContext, payload: Json, planned: list[PlannedAction]
) -> Steps[list[Json]]:
    """Record what was there, act in order, then read back until verified or out of patience."""
    base: Json = {key: payload[key] for key in ("case_id", "object_id", "directory") if key in payload}
    state = yield from attempt(case_activity(ctx, Activity.READ_ACCOUNT_STATE, base, Retry.CONTAIN))
    request = base | {"before": state.result, "attempt": ctx.instance_id.replace(":", "-")}
    wanted = {item.action: item for item in planned}
    outcomes: list[Json] = []
    before: Json = {}
    for action, activity in IDENTITY_ORDER:
        if action not in wanted:
            continue
        settled = yield from attempt(case_activity(ctx, activity, request, Retry.CONTAIN))
        target = wanted[action].target
        if settled.result:
            outcomes.append(settled.result["outcome"] | {"target": target})
            before[action] = settled.result["before"]
        else:
            outcomes.append(_outcome(ctx, action, target, ActionStatus.FAILED, settled.error))
    return (yield from _verify_account(ctx, base | {"before": before}, outcomes))


def _verify_account(
    ctx: task.OrchestrationContext, request: Json, outcomes: list[Json]
) -> Steps[list[Json]]:
    verified = outcomes
    for wait in (0, *ACCOUNT_READ_BACK_SECONDS):
        if not any(_needs_read_back(item) for item in verified):
            break
        if wait:
            yield ctx.create_timer(timedelta(seconds=wait))
        payload = request | {"outcomes": verified}
        settled = yield from attempt(
            case_activity(ctx, Activity.VERIFY_ACCOUNT, payload, Retry.READ)
        )
        if settled.result:
            verified = settled.result["outcomes"]
    return verified


def _needs_read_back(outcome: Json) -> bool:
    return outcome["status"] == ActionStatus.SUCCEEDED and outcome["verified"] is not True


def block_address(
    ctx: task.OrchestrationContext, payload: Json
) -> Generator[task.Task[Any], Any, Json]:
    """Block one address on the firewall and wait, by durable timer, until it is in force.

    Input: ``{"case_id", "address"}``; output: one action outcome. Runs beside the account's
    containment, which never waits for it.
    """
    address = payload["address"]
    before = yield from attempt(case_activity(ctx, Activity.READ_BLOCK, payload, Retry.READ))
    request = payload | {"before": before.result}
    settled = yield from attempt(case_activity(ctx, Activity.BLOCK_IP, request, Retry.FIREWALL))
    if not settled.result:
        return _outcome(ctx, ActionName.BLOCK_IP, address, ActionStatus.FAILED, settled.error)
    outcome: Json = settled.result
    for wait in FIREWALL_READ_BACK_SECONDS:
        if not _needs_read_back(outcome):
            break
        yield ctx.create_timer(timedelta(seconds=wait))
        state = yield from attempt(case_activity(ctx, Activity.READ_BLOCK, payload, Retry.READ))
        if state.result and state.result["present"] and state.result["provisioned"]:
            outcome = outcome | {"verified": True, "detail": f"in force: {state.result['rule_id']}"}
        elif state.result and not state.result["present"]:
            outcome = outcome | {"verified": False, "detail": "the address is not in the group"}
    return outcome


def _outcome(
    ctx: task.OrchestrationContext,
    action: ActionName,
    target: str,
    status: ActionStatus,
    detail: str | None,
) -> Json:
    return ActionOutcome(
        action=action,
        target=target,
        status=status,
        detail=detail or "no answer",
        at=format_utc(utc_now(ctx)),  # type: ignore[arg-type]
    ).to_json()
