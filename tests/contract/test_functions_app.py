"""The app as Azure's own Python worker library indexes it."""

import importlib
import inspect
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest
from azure.durable_functions.internal.serialization import DEFAULT_FUNCTIONS_DATA_CONVERTER
from azure_functions_runtime import functions, loader
from azure_functions_runtime.bindings.meta import load_binding_registry
from durabletask import task

from activities import registry
from lab.functions_host import protos
from orchestrators.names import Activity, Entity, Event, Orchestrator
from shared import warm_up

ROOT = Path(__file__).resolve().parents[2]

FUNCTION, ANONYMOUS = "FUNCTION", "ANONYMOUS"
ROUTES = {
    ("POST", "incidents"): FUNCTION,
    ("POST", "cases"): FUNCTION,
    ("GET", "cases"): FUNCTION,
    ("GET", "cases/{case_id}"): FUNCTION,
    ("POST", "cases/{case_id}/acknowledge"): FUNCTION,
    ("POST", "cases/{case_id}/close"): FUNCTION,
    # People reach these by a link; the app itself checks who asks (triggers/identity.py).
    ("GET", "cases/{case_id}/report"): ANONYMOUS,
    ("GET", "cases/{case_id}/decision"): ANONYMOUS,
    ("POST", "cases/{case_id}/decision"): ANONYMOUS,
    ("POST", "cases/{case_id}/handling"): ANONYMOUS,
    ("POST", "cases/{case_id}/undo"): ANONYMOUS,
    ("POST", "cases/{case_id}/access-pass"): ANONYMOUS,
    ("GET", "cases/{case_id}/evidence"): ANONYMOUS,
    ("POST", "cases/{case_id}/blocks"): ANONYMOUS,
    ("GET", "block-list"): FUNCTION,
    # Slack signs what it sends; the app checks it (triggers/slack.py).
    ("POST", "slack/interactions"): ANONYMOUS,
    ("POST", "breaker/reset"): FUNCTION,
    ("GET", "health"): ANONYMOUS,
}
"""Every route of the app with its auth level; what is not here must not exist."""

DURABLE = {
    "orchestrationTrigger": ({str(name) for name in Orchestrator}, "orchestration"),
    "activityTrigger": ({str(name) for name in Activity}, "activity"),
    "entityTrigger": ({str(name) for name in Entity}, "entityName"),
}
BUILT_IN = {"BuiltIn__HttpActivity", "BuiltIn__HttpPollOrchestrator"}
"""The SDK registers these two itself."""


@dataclass(frozen=True)
class Indexed:
    """One function as the host gets to know it."""

    name: str
    bindings: list[dict[str, Any]]

    @property
    def trigger(self) -> dict[str, Any]:
        return next(one for one in self.bindings if one["type"].lower().endswith("trigger"))


def index(app: Any) -> list[Indexed]:
    """Hand an app's functions to the worker library, as it does when a worker starts."""
    load_binding_registry()
    found = loader.process_indexed_function(
        protos, functions.Registry(), app.get_functions(), str(ROOT)
    )
    return [Indexed(one.name, [json.loads(raw) for raw in one.raw_bindings]) for one in found[0]]


@pytest.fixture(scope="module")
def app() -> list[Indexed]:
    """The real app; the SDK lets its functions be listed once in a process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warm_up, "warm_up_in_background", lambda: None)
        imported = importlib.import_module("function_app")
    return index(imported.app)


def triggered_by(app: list[Indexed], kind: str) -> list[Indexed]:
    return [one for one in app if one.trigger["type"] == kind]


def test_every_route_has_exactly_its_auth_level(app: list[Indexed]) -> None:
    found = {
        (method, one.trigger["route"]): one.trigger["authLevel"]
        for one in triggered_by(app, "httpTrigger")
        for method in one.trigger["methods"]
    }
    assert {key: str(level).upper() for key, level in found.items()} == ROUTES


def test_there_is_one_event_grid_function(app: list[Indexed]) -> None:
    assert [one.name for one in triggered_by(app, "eventGridTrigger")] == ["on_security_event"]


def test_nothing_else_can_start_the_app(app: list[Indexed]) -> None:
    kinds = {one.trigger["type"] for one in app}
    assert kinds == {"httpTrigger", "eventGridTrigger", *DURABLE}


@pytest.mark.parametrize("kind", DURABLE)
def test_durable_names_and_registered_functions_are_the_same(app: list[Indexed], kind: str) -> None:
    names, field = DURABLE[kind]
    found = [
        str(one.trigger.get(field) or one.name)
        for one in triggered_by(app, kind)
        if one.name not in BUILT_IN
    ]
    assert len(found) == len(set(found))
    assert set(found) == names


def test_every_durable_binding_speaks_the_protocol_of_the_2x_sdk(app: list[Indexed]) -> None:
    durable = [one.trigger for kind in DURABLE for one in triggered_by(app, kind)]
    assert durable and all(one.get("durableRequiresGrpc") for one in durable)


def test_event_names_differ_without_regard_to_case() -> None:
    assert len({name.casefold() for name in Event}) == len(Event)


def test_activities_take_context_and_payload(app: list[Indexed]) -> None:
    for one in triggered_by(app, "activityTrigger"):
        if one.name not in BUILT_IN:
            assert one.trigger["name"] == "payload", one.name


async def one_argument(payload: dict[str, Any]) -> dict[str, Any]:
    return payload


async def two_arguments(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    return payload


def test_the_worker_refuses_generic_annotations_of_one_argument_activities() -> None:
    """Why every activity has two arguments: the SDK's adapter takes the generics away."""
    trapped = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
    trapped.activity_trigger(input_name="payload")(one_argument)
    with pytest.raises(Exception, match="invalid non-type annotation"):
        index(trapped)
    fine = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
    fine.activity_trigger(input_name="payload")(two_arguments)
    assert "two_arguments" in {one.name for one in index(fine)}


@pytest.mark.parametrize("activity", registry.ACTIVITIES, ids=lambda one: one.__name__)
def test_every_activity_says_its_effect_idempotency_and_permission(activity: Any) -> None:
    for heading in ("Effect:", "Idempotency:", "Permission:"):
        assert f"\n{heading} " in (inspect.getdoc(activity) or ""), heading


def test_strict_typing_builds_no_class_that_a_payload_names() -> None:
    """Without it the SDK calls ``from_json`` of whatever class an alert's JSON names."""
    trap = {"alert": {"__class__": "Trap", "__module__": __name__, "__data__": "{}"}}
    found = DEFAULT_FUNCTIONS_DATA_CONVERTER.deserialize(json.dumps(trap), dict)
    assert found == trap
    assert not Trap.built


class Trap:
    built = False

    @classmethod
    def from_json(cls, data: object) -> "Trap":
        cls.built = True
        return cls()
