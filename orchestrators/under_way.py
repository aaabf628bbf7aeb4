"""Containment under way: the account in one orchestration, devices and addresses in their own.

Nothing about the account waits for a firewall or for devices, whose changes take minutes.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from durabletask import task

from orchestrators.flow import Steps, settle, utc_now
from orchestrators.names import Event, Orchestrator
from orchestrators.rest import send_rest
from orchestrators.standing import Containment, Standing
from shared.models.base import Json, format_utc
from shared.models.case import CaseRequest
from shared.models.firewall import block_instance
from shared.models.plan import ActionName, PlannedAction
from shared.playbook.acting.containment import IDENTITY_ACTIONS, by_hand
from shared.playbook.acting.devices import DEVICE_ACTIONS
from shared.playbook.planning.decided import Decided


def start_containment(
    ctx: task.OrchestrationContext,
    standing: Standing,
    actions: list[PlannedAction],
    *,
    asking: bool,
    early: bool = False,
) -> Containment:
    """Start the planned actions.

    ``asking``: a question stands beside them, and the case writes down nothing until its answer.
    ``early``: the case says later what else there is to do to the account (``add_rest``).
    """
    number = standing.next_containment()
    return Containment(
        actions,
        _start_account(ctx, standing, actions, number, asking=asking, early=early),
        _start_devices(ctx, standing.case, standing.decided, actions, number),
        _start_blocks(ctx, standing, actions),
        number,
        early,
    )


def add_rest(
    ctx: task.OrchestrationContext,
    standing: Standing,
    begun: Containment,
    actions: list[PlannedAction],
    *,
    asking: bool,
) -> Containment:
    """Let a containment that began early do the others of the planned actions, too.

    If it has ended, as its case took too long, they are started as any others.
    """
    known = {(line.action, line.target) for line in begun.actions}
    others = [line for line in actions if (line.action, line.target) not in known]
    if all(one.is_complete for one in begun.account):
        started = start_containment(ctx, standing, others, asking=asking)
        account = [*begun.account, *started.account]
        return replace(started, actions=[*begun.actions, *others], account=account)
    mine = [line for line in others if line.action in IDENTITY_ACTIONS]
    send_rest(ctx, _instance(ctx, begun.number), mine, asking=asking)
    elsewhere = [line for line in others if line.action not in IDENTITY_ACTIONS]
    started = start_containment(ctx, standing, elsewhere, asking=asking)
    actions = [*begun.actions, *others]
    return replace(started, actions=actions, account=begun.account, early=True)


def _instance(ctx: task.OrchestrationContext, number: int) -> str:
    return f"{ctx.instance_id}:contain:{number}"


def _start_account(
    ctx: task.OrchestrationContext,
    standing: Standing,
    actions: list[PlannedAction],
    number: int,
    *,
    asking: bool,
    early: bool,
) -> list[task.Task[Any]]:
    case, decided = standing.case, standing.decided
    doable = [item.to_json() for item in actions if item.action in IDENTITY_ACTIONS]
    if not doable or not case.account:
        return []
    payload = {
        "case_id": case.case_id,
        "run": case.run,
        "account_key": decided.object_id or case.account.key,
        "object_id": decided.object_id or case.account.user_id,
        "directory": decided.directory,
        "since": format_utc(decided.compromised_since) if decided.compromised_since else None,
        "attacked_at": format_utc(decided.attacked_at) if decided.attacked_at else None,
        "actions": doable,
        "asking": asking,
    }
    return [
        ctx.call_sub_orchestrator(
            str(Orchestrator.CONTAIN),
            input=payload | {"early": True} if early else payload,
            instance_id=_instance(ctx, number),
        )
    ]


def _start_blocks(
    ctx: task.OrchestrationContext, standing: Standing, actions: list[PlannedAction]
) -> dict[str, task.Task[Any]]:
    """Start a block of each address that this case does not block already."""
    case = standing.case
    started: dict[str, task.Task[Any]] = {}
    for address in [item.target for item in actions if item.action is ActionName.BLOCK_IP]:
        earlier = standing.blocks.setdefault(address, [])
        if any(not one.is_complete for one in earlier):
            continue
        started[address] = ctx.call_sub_orchestrator(
            str(Orchestrator.BLOCK_ADDRESS),
            input={
                "case_id": case.case_id,
                "address": address,
                "hours": case.timing.block_hours,
                "report_to": ctx.instance_id,
            },
            instance_id=block_instance(case.case_id, address, len(earlier) + 1),
        )
        earlier.append(started[address])
    return started


def _start_devices(
    ctx: task.OrchestrationContext,
    case: CaseRequest,
    decided: Decided,
    actions: list[PlannedAction],
    number: int,
) -> list[task.Task[Any]]:
    doable = [item for item in actions if item.action in DEVICE_ACTIONS]
    if not doable:
        return []
    account = decided.user_principal_name or doable[0].target
    payload = {
        "case_id": case.case_id,
        "run": case.run,
        "account": account,
        "object_id": decided.object_id or (case.account.user_id if case.account else account),
        "directory": decided.directory,
        "now": format_utc(case.now),
        "actions": [item.to_json() for item in doable],
    }
    return [
        ctx.call_sub_orchestrator(
            str(Orchestrator.CONTAIN_DEVICES),
            input=payload,
            instance_id=f"{ctx.instance_id}:devices:{number}",
        )
    ]


def contain_account(ctx: task.OrchestrationContext, under_way: Containment) -> Steps[list[Json]]:
    """Wait for the account's actions; neither devices nor the firewall are waited for."""
    at = utc_now(ctx)
    settled = yield from settle(under_way.account)
    done = [item for one in settled for item in one.result or []]
    failed = next((one for one in settled if one.result is None), None)
    if failed is not None:
        return [*done, *by_hand(left_over(under_way, done), at, error=failed.error or "no answer")]
    return done


def left_over(under_way: Containment, outcomes: Sequence[Json]) -> list[PlannedAction]:
    """Return the account's actions without an outcome: of what ended before it was told of them."""
    elsewhere = (ActionName.BLOCK_IP, *DEVICE_ACTIONS)
    known = {(item["action"], item["target"]) for item in outcomes}
    return [
        line
        for line in under_way.actions
        if line.action not in elsewhere and (line.action, line.target) not in known
    ]


def block_addresses(
    ctx: task.OrchestrationContext, every: Sequence[Containment]
) -> Steps[list[Json]]:
    """Wait until the firewalls have answered, which may take minutes; not for blocks to end."""
    blocks = {address: one for under_way in every for address, one in under_way.addresses.items()}
    lines = [item for under_way in every for item in under_way.actions]
    outcomes: dict[str, Json] = {}
    while missing := [address for address in blocks if address not in outcomes]:
        told = ctx.wait_for_external_event(str(Event.BLOCKED))
        winner = yield task.when_any([told, *(blocks[address] for address in missing)])
        if winner is told:
            answer = told.get_result()
            outcomes[answer["address"]] = answer["outcome"]
            continue
        told.cancel()
        [address] = [name for name in missing if blocks[name] is winner]
        ended = (yield from settle([winner]))[0]
        mine = [item for item in lines if item.target == address]
        failed = by_hand(mine, utc_now(ctx), error=ended.error or "no answer")
        outcomes[address] = ended.result or failed[0]
    return list(outcomes.values())


def finish_devices(ctx: task.OrchestrationContext, under_way: Containment) -> Steps[list[Json]]:
    """Wait for the account's devices, which may take minutes."""
    settled = yield from settle(under_way.devices)
    if settled and settled[0].result is None:
        lines = [item for item in under_way.actions if item.action in DEVICE_ACTIONS]
        return by_hand(lines, utc_now(ctx), error=settled[0].error or "no answer")
    return settled[0].result if settled else []
