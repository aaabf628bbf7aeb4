"""Names that infra/ and the app both use are the same, and nobody's ids are in the repository."""

import ast
import json
import re
from collections.abc import Mapping

import pytest
import yaml

from shared.permissions import DIRECTORY_ROLES, NEEDS
from tests.unit.source_files import ROOT
from tools.bicep.house import DURATION
from tools.bicep.reader import read
from tools.bicep.syntax import BicepFile, Text
from tools.bicep.types import check_resources
from tools.detection_rules import load_rules
from tools.provision import azure_roles
from tools.provision.lookups import PROVIDERS, SENTINEL_APP

RULES = "modules/sentinel-rules.bicep"
GUID = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE
)


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def functions_of_intake() -> set[str]:
    tree = ast.parse(text("triggers/intake.py"))
    return {one.name for one in tree.body if isinstance(one, ast.AsyncFunctionDef)}


def test_the_functions_that_are_called_are_the_apps() -> None:
    called = set(re.findall(r"/functions/(\w+)", text("infra/events.bicep")))
    called |= set(re.findall(r"/functions/(\w+)", text("infra/modules/relay.bicep")))
    called -= {"listkeys"}
    assert called == {"on_security_event", "post_incident"}
    assert called <= functions_of_intake()


def test_the_relay_posts_where_the_app_takes_incidents() -> None:
    prefix = json.loads(text("host.json"))["extensions"]["http"]["routePrefix"]
    tree = ast.parse(text("triggers/intake.py"))
    (intake,) = (
        one
        for one in tree.body
        if isinstance(one, ast.AsyncFunctionDef) and one.name == "post_incident"
    )
    (route,) = (
        word.value.value
        for decorator in intake.decorator_list
        if isinstance(decorator, ast.Call)
        for word in decorator.keywords
        if word.arg == "route" and isinstance(word.value, ast.Constant)
    )
    assert isinstance(route, str)
    assert f"/{prefix}/{route}" in text("infra/relay.workflow.json")


def test_every_detection_is_deployed_from_its_own_file() -> None:
    loaded = re.findall(r"loadYamlContent\('\.\./detections/(\w+)\.yaml'\)", text(f"infra/{RULES}"))
    assert sorted(loaded) == sorted(load_rules())


def as_service_says(duration: str) -> str:
    """What the template makes of a duration."""
    return ("P" if duration.endswith("d") else "PT") + duration.upper()


@pytest.mark.parametrize("name", sorted(load_rules()))
def test_what_a_detection_says_is_what_the_service_takes(name: str) -> None:
    rule = yaml.safe_load(text(f"infra/detections/{name}.yaml"))
    grouping = rule["incidentConfiguration"]["groupingConfiguration"]
    times = [rule["queryFrequency"], rule["queryPeriod"], grouping["lookbackDuration"]]
    assert all(DURATION.fullmatch(as_service_says(one)) for one in times)
    assert list(check_resources(read("rule.bicep", resource_of(rule)))) == []


def test_a_detection_that_the_service_would_refuse_is_noticed() -> None:
    rule = yaml.safe_load(text("infra/detections/token_theft.yaml"))
    rule["entityMappings"][0]["entityType"] = "User"
    rule["alertDetailsOverride"]["alertName"] = "x"
    said = "\n".join(str(one) for one in check_resources(read("rule.bicep", resource_of(rule))))
    assert "entityType is none of" in said
    assert "alertName is no property" in said


def resource_of(rule: dict[str, object]) -> str:
    """The rule's resource with the file's values in place of the expressions that read them."""
    values = {name: bicep_of(value) for name, value in rule.items()}
    body = text(f"infra/{RULES}")
    start = body.index("resource rules")
    part = body[start : body.index("}]", start)].replace("[for (one, index) in detections: ", "")
    part = re.sub(r"\b(frequencies|periods|lookBacks)\[index\]", "'PT5M'", part)
    part = re.sub(r"one\.incidentConfiguration\.groupingConfiguration\.(\w+)", "any", part)
    part = part.replace("one.incidentConfiguration.createIncident", "true")
    part = re.sub(r"guid\(workspace\.id, one\.id\)", "'rule'", part)
    return re.sub(r"\bone\.(\w+)", lambda found: values[found[1]], part) + "}\n"


def bicep_of(value: object) -> str:
    """A YAML value as Bicep writes it."""
    if isinstance(value, dict):
        return "{\n" + "".join(f"{key}: {bicep_of(one)}\n" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[\n" + "".join(f"{bicep_of(one)}\n" for one in value) + "]"
    if isinstance(value, bool | int):
        return str(value).lower()
    return "'" + re.sub(r"[^\w .{}/]", "", str(value)).replace("${", "") + "'"


def test_containers_are_named_as_the_hooks_and_settings_name_them(
    bicep: Mapping[str, BicepFile],
) -> None:
    value = bicep["modules/evidence-storage.bicep"].variables["evidenceContainerName"].value
    assert isinstance(value, Text)
    assert value.literal == "evidence"
    assert "containers/evidence/" in text("tools/provision/lookups.py")


def test_every_resource_provider_is_registered(bicep: Mapping[str, BicepFile]) -> None:
    used = {
        block.target.partition("/")[0]
        for file in bicep.values()
        for block in file.resources.values()
    }
    assert used - {"Microsoft.Authorization", "Microsoft.Resources"} <= set(PROVIDERS)


def test_no_rule_of_the_linter_is_weakened_without_a_reason() -> None:
    rules = json.loads(text("infra/bicepconfig.json"))["analyzers"]["core"]["rules"]
    weaker = {name for name, one in rules.items() if one["level"] != "error"}
    # Versions are chosen by what is checked here and used in Microsoft's samples, not by age.
    assert weaker == {"use-recent-api-versions"}


def public_ids() -> set[str]:
    """Ids that are the same in every tenant, and those of our own rules."""
    roles = json.loads(text("infra/roles.json")).values()
    needs = {one.role_id for one in NEEDS if one.role_id}
    directory = {one.template_id for one in DIRECTORY_ROLES}
    rules = {str(one.id) for one in load_rules().values()}
    apis = set(GUID.findall(text("tools/provision/grants.py")))
    # The namespace of names that RFC 9562 defines.
    namespace = {"6ba7b811-9dad-11d1-80b4-00c04fd430c8"}
    return {*roles, *needs, *directory, *rules, *apis, *namespace, SENTINEL_APP}


def test_no_ids_of_tenants_or_subscriptions_are_here() -> None:
    folders = ("infra", "tools/provision", ".github")
    files = [one for folder in folders for one in (ROOT / folder).rglob("*") if one.is_file()]
    files = [one for one in files if "__pycache__" not in one.parts] + [ROOT / "azure.yaml"]
    queries = {"00000000-0000-0000-0000-000000000000", str(azure_roles.NAMESPACE)}
    found = {guid for file in files for guid in GUID.findall(file.read_text(encoding="utf-8"))}
    assert found <= public_ids() | queries
