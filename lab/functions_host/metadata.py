"""What the worker says about the app's functions, in the form the host works with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

HTTP_TRIGGER = "httpTrigger"
ORCHESTRATION_TRIGGER = "orchestrationTrigger"
ACTIVITY_TRIGGER = "activityTrigger"
ENTITY_TRIGGER = "entityTrigger"
EVENT_GRID_TRIGGER = "eventGridTrigger"
TIMER_TRIGGER = "timerTrigger"
DURABLE_CLIENT = "durableClient"

# Where a durable trigger's binding carries a name that differs from the function's.
_DURABLE_NAME_FIELD = {
    ORCHESTRATION_TRIGGER: "orchestration",
    ACTIVITY_TRIGGER: "activity",
    ENTITY_TRIGGER: "entityName",
}


class Binding(BaseModel):
    """One binding in function.json form; fields of its own type are in `settings`."""

    model_config = ConfigDict(frozen=True)

    name: str
    type: str
    direction: str = "IN"
    settings: Mapping[str, Any] = Field(default_factory=dict)

    @classmethod
    def parse(cls, raw: str) -> Binding:
        """Read a binding from the JSON text the worker sends."""
        fields = json.loads(raw)
        return cls(
            name=fields["name"],
            type=fields["type"],
            direction=str(fields.get("direction", "IN")),
            settings=fields,
        )


class Function(BaseModel):
    """A function of the app with its trigger."""

    model_config = ConfigDict(frozen=True)

    name: str
    function_id: str
    script_file: str
    bindings: tuple[Binding, ...]

    @property
    def trigger(self) -> Binding:
        """The binding that starts the function.

        Raises:
            ValueError: The function has no trigger.
        """
        for binding in self.bindings:
            if binding.type.lower().endswith("trigger"):
                return binding
        raise ValueError(f"function {self.name} has no trigger")

    @property
    def durable_name(self) -> str:
        """The name under which orchestrations call it: the binding's, else the function's."""
        field = _DURABLE_NAME_FIELD.get(self.trigger.type)
        return str((field and self.trigger.settings.get(field)) or self.name)


class FunctionTable:
    """The app's functions by trigger; durable names are looked up without regard to case."""

    def __init__(self, described: Iterable[Mapping[str, Any]]) -> None:
        self._functions = [
            Function(
                name=entry["name"],
                function_id=entry["function_id"],
                script_file=entry["script_file"] or "",
                bindings=tuple(Binding.parse(raw) for raw in entry["bindings"]),
            )
            for entry in described
        ]
        self._durable = {
            (function.trigger.type, function.durable_name.casefold()): function
            for function in self._functions
        }

    def __iter__(self) -> Iterator[Function]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def by_trigger(self, trigger: str) -> list[Function]:
        """Functions with this trigger, in the order the app declares them."""
        return [function for function in self._functions if function.trigger.type == trigger]

    def durable(self, trigger: str, name: str) -> Function | None:
        """The orchestrator, activity or entity of this name, `None` when the app has none."""
        return self._durable.get((trigger, name.casefold()))

    def named(self, name: str) -> Function | None:
        """The function of this name, `None` when the app has none."""
        wanted = name.casefold()
        return next((item for item in self._functions if item.name.casefold() == wanted), None)
