"""Containment under way: the account in one orchestration, devices and addresses in their own.

Nothing about the account waits for a firewall or for devices, whose changes take minutes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from durabletask import task

from orchestrators.flow import Steps, settle, utc_now
from orchestrators.names import Event, Orchestrator
from orchestrators.standing import Standing
from shared.models.base import Json, format_utc
from shared.models.case import CaseRequest
from shared.models.firewall import block_instance
from shared.models.plan import ActionName, PlannedAction
from shared.playbook.acting.containment import IDENTITY_ACTIONS, by_hand
from shared.playbook.acting.devices import DEVICE_ACTIONS
from shared.playbook.planning.decided import Decided


@dataclass(frozen=True)
class Containment:
    """What was started together: the planned actions and the orchestrations that do them."""

    actions: list[PlannedAction]
    account: list[task.Task[Any]]
    devices: list[task.Task[Any]]
    addresses: dict[str, task.Task[Any]]
    """Each block's own orchestration, which lives until the block ends."""

    @property
    def acts(self) -> bool:
        """Whether anything was started."""
        return bool(self.account or self.takes_minutes)

    @property
    def takes_minutes(self) -> bool:
        """Whether anything is done outside the directory."""
        return bool(self.devices or self.addresses)


def start_containment(
    ctx: task.OrchestrationContext,
    standing: Standing,
    actions: list[PlannedAction],
    number: int,
    *,
    asking: bool,
    patch: Json | None = None,
) -> Containment:
    """Start the planned actions; ``number`` keeps the instance ids of two rounds apart.

    ``asking``: a question stands beside them, and the case writes down nothing until its answer;
    each orchestration writes its own outcomes.
    ``patch``: what the account's containment writes into the record with its outcomes.
    """
    case, decided = standing.case, standing.decided
    doable = [item.to_json() for item in actions if item.action in IDENTITY_ACTIONS]
    account: list[task.Task[Any]] = []
    if doable and case.account:
        payload: Json = {
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
        if patch:
            payload["patch"] = patch
        account = [
            ctx.call_sub_orchestrator(
                str(Orchestrator.CONTAIN),
                input=payload,
                instance_id=f"{ctx.instance_id}:contain:{number}",
            )
        ]
    return Containment(
        actions,
        account,
        _start_devices(ctx, case, decided, actions, number, asking=asking),
        _start_blocks(ctx, standing, actions, asking=asking),
    )


def _start_blocks(
    ctx: task.OrchestrationContext,
    standing: Standing,
    actions: list[PlannedAction],
    *,
    asking: bool,
) -> dict[str, task.Task[Any]]:
    """Start a block of each address that this case does not block already."""
    case = standing.case
    beside = {"asking": True} if asking else {}
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
                **beside,
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
    *,
    asking: bool,
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
        **({"asking": True} if asking else {}),
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
    elsewhere = (ActionName.BLOCK_IP, *DEVICE_ACTIONS)
    mine = [item for item in under_way.actions if item.action not in elsewhere]
    settled = yield from settle(under_way.account)
    if settled and settled[0].result is None:
        return by_hand(mine, at, error=settled[0].error or "no answer")
    done: list[Json] = settled[0].result if settled else []
    return done


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
