"""Every route against what its own OpenAPI document allows, and what it does not.

``TOURNIQUET_FUZZ=2000 pytest tests/unit/fuzz`` looks for as long as it takes, each time elsewhere.
"""

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.bootstrap import set_providers
from tests.unit.fuzz.wsgi import SLACK_SECRET, App
from tests.unit.source_files import ROOT
from tests.unit.triggers.calls import AUTOMATION_KEY, LINK_KEY
from tests.unit.triggers.served import routes
from tools.openapi.__main__ import FILE
from tools.openapi.operations import OPERATIONS

LONG = int(os.environ.get("TOURNIQUET_FUZZ", "0"))
EXAMPLES = LONG or 12
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
LARGEST_ANSWER = 300_000


def document() -> dict[str, Any]:
    """Return the document; Slack's payload is generated from its model, the app packs it."""
    found: dict[str, Any] = copy.deepcopy(json.loads(FILE.read_text(encoding="utf-8")))
    payload = {"application/json": {"schema": {"$ref": "#/components/schemas/Interaction"}}}
    found["paths"]["/api/slack/interactions"]["post"]["requestBody"]["content"] = payload
    for path in found["paths"].values():
        for operation in path.values():
            operation["security"] = []
    return found


@pytest.fixture(autouse=True)
def _world(configure: Callable[..., None]) -> Iterator[None]:
    configure(
        mode="automatic",
        public_url="https://soc.example",
        link_signing_key=LINK_KEY,
        automation_key=AUTOMATION_KEY,
        slack_signing_secret=SLACK_SECRET,
    )
    yield
    set_providers(None)


@pytest.fixture(scope="module")
def apps() -> Iterator[dict[bool, App]]:
    """The app, asked by whoever has every key, or by nobody in particular."""
    made = {inside: App(inside=inside) for inside in (True, False)}
    yield made
    for one in made.values():
        one.close()


TAKES_NOTHING = {"GET /api/block-list", "GET /api/health"}
"""Routes without any input of their own that could be wrong."""
RUNS = [
    pytest.param(
        name, mode, inside, id=f"{name}, {mode.value}, {'inside' if inside else 'outside'}"
    )
    for name in OPERATIONS
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    for inside in (True, False)
    # Who has no function key never gets past the host.
    if (inside or routes()[name].auth == "anonymous")
    and not (name in TAKES_NOTHING and mode is GenerationMode.NEGATIVE)
]


@pytest.mark.parametrize(("name", "mode", "inside"), RUNS)
def test_whatever_is_sent_is_answered_as_the_document_says(
    name: str, mode: GenerationMode, inside: bool, apps: dict[bool, App]
) -> None:
    method, path = name.split(" ")
    schema = schemathesis.openapi.from_dict(document())
    schema.app = apps[inside]
    operation = schema[path][method]

    @settings(
        max_examples=EXAMPLES,
        derandomize=not LONG,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: schemathesis.Case[Any]) -> None:
        response = case.call()
        assert len(response.content) < LARGEST_ANSWER
        case.validate_response(response, checks=CHECKS)

    send()


def test_the_document_is_the_apps() -> None:
    assert set(OPERATIONS) == set(routes())
    # In a process of its own: the app's parts can be registered once in each.
    check = [sys.executable, "-m", "tools.openapi", "--check"]
    assert subprocess.run(check, cwd=ROOT).returncode == 0, "run: python -m tools.openapi"
