"""What a containment that began early still has to do: how its case tells it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from durabletask import task

from orchestrators.flow import Steps
from orchestrators.names import Event
from shared.models.base import Json
from shared.models.plan import PlannedAction

PATIENCE = timedelta(minutes=5)
"""Longer than gathering and deciding take; without it, a case that broke off would keep its
account locked."""


@dataclass(frozen=True)
class Rest:
    """What else there is to do."""

    actions: list[PlannedAction] = field(default_factory=list)
    asking: bool = True
    """Whether nobody else writes the outcomes; so it is when the case says nothing at all."""


def send_rest(
    ctx: task.OrchestrationContext,
    instance_id: str,
    actions: Sequence[PlannedAction],
    *,
    asking: bool,
) -> None:
    """Tell a containment what else there is to do; it waits for that also when it is nothing."""
    data: Json = {"actions": [item.to_json() for item in actions], "asking": asking}
    ctx.send_event(instance_id, str(Event.REST), data=data)


def wait_for_rest(ctx: task.OrchestrationContext) -> Steps[Rest]:
    """Wait until the case has said what else there is to do, or for five minutes."""
    told = ctx.wait_for_external_event(str(Event.REST))
    patience = ctx.create_timer(PATIENCE)
    yield task.when_any([told, patience])
    if not told.is_complete:
        told.cancel()
        return Rest()
    patience.cancel()
    data = told.get_result()
    actions = [PlannedAction.model_validate(item) for item in data["actions"]]
    return Rest(actions, asking=data["asking"])
