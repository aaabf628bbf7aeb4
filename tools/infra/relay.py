"""The relay's workflow definition against the Workflow Definition Language.

Microsoft's own schema could not be had; ``workflow-definition.schema.json`` says what its reference
says of the operations in use, and is compared with its designer's types (MicrosoftDocs/azure-docs,
``logic-apps-workflow-definition-language.md`` and ``logic-apps-workflow-actions-triggers.md``).
What a schema cannot say is checked here: what runs after what, and which parameters are given.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs

from tools.bicep.syntax import BicepFile, Object

FILE = "infra/relay.workflow.json"
SCHEMA = Path(__file__).with_name("workflow-definition.schema.json")
PARAMETER = re.compile(r"parameters\('([^']+)'\)")
ACTION = re.compile(r"(?:body|outputs|actions)\('([^']+)'\)")
SECURE = {
    "Sentinel_incident": "outputs",
    "Read_function_key": "outputs",
    "Hand_over_incident": "inputs",
}
"""What each operation keeps out of the run's history."""
SAYS: dict[str, object] = {
    "triggers.Sentinel_incident.inputs.path": "/incident-creation",
    "actions.Read_function_key.inputs.method": "POST",
    "actions.Read_function_key.inputs.authentication": {
        "type": "ManagedServiceIdentity",
        "identity": "@parameters('identityId')",
        "audience": "@parameters('keysAudience')",
    },
    "actions.Hand_over_incident.inputs.method": "POST",
    "actions.Say_that_it_failed.inputs.method": "post",
    "actions.Say_that_it_failed.inputs.path": "/Incidents/Comment",
    "actions.Say_that_it_failed.inputs.body.incidentArmId": "@triggerBody()?['object']?['id']",
    "actions.Hand_over_incident.inputs.headers.x-functions-key": (
        "@{body('Read_function_key')?['default']}"
    ),
    "actions.Hand_over_incident.inputs.uri": "@{parameters('appUrl')}/api/incidents",
    "actions.Hand_over_incident.inputs.body": "@triggerBody()",
    "actions.Hand_over_incident.runAfter": {"Read_function_key": ["Succeeded"]},
    "actions.Hand_over_incident.operationOptions": "DisableAsyncPattern",
    "actions.Read_function_key.inputs.uri": "@parameters('keysUrl')",
    "actions.Say_that_it_failed.runAfter": {
        "Hand_over_incident": ["Failed", "Skipped", "TimedOut"]
    },
}
"""What it does, whatever the schema allows."""
type Json = dict[str, Any]


def check(text: str, bicep: Mapping[str, BicepFile]) -> list[str]:
    """Return what is wrong with the definition, and with what relay.bicep gives it."""
    try:
        definition: Json = json.loads(text)
    except ValueError as error:
        return [f"{FILE}: cannot be read: {error}"]
    schema = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text(encoding="utf-8")))
    problems = [
        f"{FILE}: {'/'.join(map(str, one.instance_path))}: {one.message[:300]}"
        for one in schema.iter_errors(definition)
    ]
    if problems:
        return problems
    return [
        *_order(definition),
        *_uses(text, definition),
        *_given(definition, bicep),
        *_keeps_quiet(definition),
    ]


def _keeps_quiet(definition: Json) -> Iterator[str]:
    """Yield what would show an incident or a key in the history, or hand over another key."""
    operations: Json = definition["triggers"] | definition["actions"]
    for name, wanted in SECURE.items():
        runtime = operations.get(name, {}).get("runtimeConfiguration", {})
        if runtime.get("secureData", {}).get("properties") != [wanted]:
            yield f"{FILE}: {name} must keep its {wanted} out of the history"
    for path, value in SAYS.items():
        found: Any = definition
        for part in path.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if found != value:
            yield f"{FILE}: {path} must be {value}"


def _order(definition: Json) -> Iterator[str]:
    actions: Json = definition["actions"]
    for name, action in actions.items():
        for before in action.get("runAfter", {}):
            if before not in actions:
                yield f"{FILE}: {name} runs after {before}, which is not there"
            elif _comes_after(before, name, actions, set()):
                yield f"{FILE}: {name} and {before} wait for each other"


def _comes_after(name: str, wanted: str, actions: Json, seen: set[str]) -> bool:
    if name in seen or name not in actions:
        return False
    before = actions[name].get("runAfter", {})
    return wanted in before or any(
        _comes_after(one, wanted, actions, {*seen, name}) for one in before
    )


def _uses(text: str, definition: Json) -> Iterator[str]:
    used = set(PARAMETER.findall(text))
    for name in sorted(used ^ set(definition["parameters"])):
        yield f"{FILE}: parameter {name} is used or declared, but not both"
    for name in sorted(set(ACTION.findall(text)) - set(definition["actions"])):
        yield f"{FILE}: {name} is read and not there"


def _given(definition: Json, bicep: Mapping[str, BicepFile]) -> Iterator[str]:
    block = bicep["modules/relay.bicep"].resources.get("relay")
    given = block.body.get("properties", "parameters") if block else None
    names = {key.literal for key, _ in given.pairs} if isinstance(given, Object) else set()
    for name in definition["parameters"]:
        if name not in names:
            yield f"infra/modules/relay.bicep: the workflow is not given {name}"
    for one in sorted(str(name) for name in names - set(definition["parameters"])):
        yield f"infra/modules/relay.bicep: the workflow takes no {one}"
