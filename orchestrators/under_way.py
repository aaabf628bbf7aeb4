"""Containment under way: the account in one orchestration, devices and addresses in their own.

Nothing about the account waits for a firewall or for devices, whose changes take minutes.
"""

from dataclasses import dataclass
from typing import Any

from durabletask import task

from orchestrators.flow import Steps, settle, utc_now
from orchestrators.names import Orchestrator
from shared.models.base import Json, format_utc
from shared.models.case import CaseRequest
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
    case: CaseRequest,
    decided: Decided,
    actions: list[PlannedAction],
    number: int,
) -> Containment:
    """Start the planned actions; ``number`` keeps the instance ids of two rounds apart."""
    doable = [item.to_json() for item in actions if item.action in IDENTITY_ACTIONS]
    account: list[task.Task[Any]] = []
    if doable and case.account:
        payload = {
            "case_id": case.case_id,
            "account_key": decided.object_id or case.account.key,
            "object_id": decided.object_id or case.account.user_id,
            "directory": decided.directory,
            "since": format_utc(decided.compromised_since) if decided.compromised_since else None,
            "attacked_at": format_utc(decided.attacked_at) if decided.attacked_at else None,
            "actions": doable,
        }
        account = [
            ctx.call_sub_orchestrator(
                str(Orchestrator.CONTAIN),
                input=payload,
                instance_id=f"{ctx.instance_id}:contain:{number}",
            )
        ]
    addresses = [item.target for item in actions if item.action is ActionName.BLOCK_IP]
    return Containment(
        actions,
        account,
        _start_devices(ctx, case, decided, actions, number),
        {
            address: ctx.call_sub_orchestrator(
                str(Orchestrator.BLOCK_ADDRESS),
                input={"case_id": case.case_id, "address": address},
                instance_id=f"{ctx.instance_id}:block:{number}:{index}",
            )
            for index, address in enumerate(addresses)
        },
    )


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
    payload = {
        "case_id": case.case_id,
        "account": decided.user_principal_name or doable[0].target,
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
    elsewhere = (ActionName.BLOCK_IP, *DEVICE_ACTIONS)
    mine = [item for item in under_way.actions if item.action not in elsewhere]
    settled = yield from settle(under_way.account)
    if settled and settled[0].result is None:
        return by_hand(mine, at, error=settled[0].error or "no answer")
    done: list[Json] = settled[0].result if settled else []
    return done


def block_addresses(ctx: task.OrchestrationContext, under_way: Containment) -> Steps[list[Json]]:
    """Wait for the firewall, which may take minutes."""
    settled = yield from settle(list(under_way.addresses.values()))
    at = utc_now(ctx)
    outcomes: list[Json] = []
    for address, one in zip(under_way.addresses, settled, strict=True):
        lines = [item for item in under_way.actions if item.target == address]
        failed = by_hand(lines, at, error=one.error or "no answer")
        outcomes += [one.result] if one.result else failed
    return outcomes


def finish_devices(ctx: task.OrchestrationContext, under_way: Containment) -> Steps[list[Json]]:
    """Wait for the account's devices, which may take minutes."""
    settled = yield from settle(under_way.devices)
    if settled and settled[0].result is None:
        lines = [item for item in under_way.actions if item.action in DEVICE_ACTIONS]
        return by_hand(lines, utc_now(ctx), error=settled[0].error or "no answer")
    return settled[0].result if settled else []
