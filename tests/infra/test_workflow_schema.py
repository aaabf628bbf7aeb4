"""Our schema of the relay's language allows nothing that Microsoft's own types do not know.

The file that ``$schema`` names could not be had: it is in no repository or registry, and was
reported not to exist (Azure/azure-quickstart-templates#4595, of 2018, open). What the designer
reads and writes are the types of Azure/LogicAppsUX
``libs/logic-apps-shared/src/utils/src/lib/models/logicAppsV2.ts`` @
0707212a177aa1efa07abc25136215a8cdf0174f (MIT), which name that address: their properties are listed
here (facts), ``!`` after what must be there.
"""

import json
from typing import Any

import jsonschema_rs
import pytest

from tests.infra.conftest import INFRA
from tools.bicep.types import DATA
from tools.infra.relay import SCHEMA

OPERATION = "type! kind description metadata operationOptions runtimeConfiguration"
ACTION = f"{OPERATION} runAfter trackedProperties"
TRIGGER = f"{OPERATION} conditions splitOn correlation splitOnConfiguration"
RETRYABLE = "authentication operationOptions retryPolicy"
CONNECTION = f"{RETRYABLE} host! path! body headers method queries"
KNOWN = {
    "": "$schema contentVersion parameters triggers actions outputs description metadata "
    "staticResults",
    "properties/parameters/additionalProperties": "type! description defaultValue allowedValues "
    "metadata",
    "$defs/incidentTrigger": f"{TRIGGER} inputs!",
    "$defs/incidentTrigger/properties/inputs": f"{CONNECTION} schema",
    "$defs/http": f"{ACTION} inputs! limit",
    "$defs/http/properties/inputs": f"{RETRYABLE} body cookie headers method! queries uri!",
    "$defs/connection": f"{ACTION} inputs! limit",
    "$defs/connection/properties/inputs": CONNECTION,
    "$defs/terminate": f"{ACTION} inputs!",
    "$defs/terminate/properties/inputs": f"{RETRYABLE} runStatus! runError",
    "$defs/terminate/properties/inputs/properties/runError": "code message",
    "$defs/secureData": "paginationPolicy secureData",
    "$defs/secureData/properties/secureData": "properties!",
    "$defs/connectionHost": "api connection",
    "$defs/retryPolicy/oneOf/0": "count interval type minimumInterval maximumInterval",
    "$defs/retryPolicy/oneOf/1": "count interval type minimumInterval maximumInterval",
}
CLOSED_BY_US = {
    "$defs/connectionHost/properties/connection": "a managed connection, as the reference shows it",
    "$defs/http/properties/inputs/properties/authentication": "only by a managed identity",
    "$defs/incidentTrigger/properties/inputs/properties/body": "as the connector's trigger is",
}
"""Objects that the types leave open."""
type Json = Any


def our_schema() -> Json:
    return json.loads(SCHEMA.read_text("utf-8"))


def objects(node: Json, path: str = "") -> dict[str, Json]:
    """Every object of the schema that names its properties, by its place."""
    found: dict[str, Json] = {}
    parts = node if isinstance(node, dict) else {}
    if isinstance(parts.get("properties"), dict) and parts.get("additionalProperties") is False:
        found[path] = node
    if isinstance(node, list):
        parts = dict(enumerate(node))
    for name, part in parts.items():
        found |= objects(part, f"{path}/{name}".lstrip("/"))
    return found


def problems(schema: Json) -> list[str]:
    """What the schema lets through, or leaves out, against the types."""
    found = []
    for path, one in objects(schema).items():
        if path in CLOSED_BY_US:
            continue
        names = KNOWN[path].split()
        known = {name.rstrip("!") for name in names}
        must = {name.rstrip("!") for name in names if name.endswith("!")}
        found += [
            f"{path}: {name} is not in the types" for name in one["properties"].keys() - known
        ]
        found += [f"{path}: {name} must be there" for name in must - set(one.get("required", ()))]
    return found


def test_the_schema_allows_what_the_types_know() -> None:
    assert problems(our_schema()) == []
    assert objects(our_schema()).keys() == KNOWN.keys() | CLOSED_BY_US.keys()


@pytest.mark.parametrize(
    ("place", "name", "said"),
    [
        (("$defs", "http", "properties", "inputs"), "url", "url is not in the types"),
        (("$defs", "connection"), "runsAfter", "runsAfter is not in the types"),
        (("$defs", "retryPolicy", "oneOf", 1), "maxInterval", "maxInterval is not in the types"),
    ],
)
def test_a_property_that_microsoft_does_not_know_is_noticed(
    place: tuple[str | int, ...], name: str, said: str
) -> None:
    schema = our_schema()
    one = schema
    for part in place:
        one = one[part]
    one["properties"][name] = True
    assert said in "\n".join(problems(schema))


def test_what_must_be_there_is_asked_for() -> None:
    schema = our_schema()
    schema["$defs"]["http"]["properties"]["inputs"]["required"].remove("uri")
    assert "uri must be there" in "\n".join(problems(schema))


def test_kinds_of_parameters_are_those_of_the_resource_type() -> None:
    """``Microsoft.Logic/workflows@2019-05-01`` lists them."""
    types = json.loads(DATA.read_text("utf-8"))["types"]
    (workflow,) = (one for one in types if one.get("name") == "WorkflowParameter")
    union = types[int(workflow["properties"]["type"]["type"]["$ref"].rpartition("/")[2])]
    values = {
        types[int(one["$ref"].rpartition("/")[2])].get("value", "") for one in union["elements"]
    }
    parameter = our_schema()["properties"]["parameters"]["additionalProperties"]
    assert set(parameter["properties"]["type"]["enum"]) == values - {"", "NotSpecified"}


def test_the_relay_is_held_to_it() -> None:
    definition = json.loads((INFRA / "relay.workflow.json").read_text("utf-8"))
    schema = jsonschema_rs.validator_for(our_schema())
    assert schema.is_valid(definition)
    for action in definition["actions"].values():
        action["input"] = action.pop("inputs")
    assert not schema.is_valid(definition)
