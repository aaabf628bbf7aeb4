"""A stand-in for Azure's role assignments, held to the service's own specification."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import jsonschema_rs

from tests.infra.cloud import ENVIRONMENT, PRINCIPAL, FakeCloud
from tests.unit.source_files import ROOT
from tools.provision.azure_roles import PLACEHOLDER, assignment_name
from tools.provision.cloud import Json, Missing

SPEC: Json = json.loads((ROOT / "tests/data/permissions/role_assignments.json").read_text("utf-8"))
SUBSCRIPTION = ENVIRONMENT["AZURE_SUBSCRIPTION_ID"]
RELAY = "22222222-3333-4444-5555-666666666666"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-test/providers"
OWN_WORKSPACE = f"{GROUP}/Microsoft.OperationalInsights/workspaces/log-test"
DEFINITIONS = "/providers/Microsoft.Authorization/roleDefinitions/"
CUSTOM = {"Tourniquet IP group writer x": "c-1", "Tourniquet firewall rule reader x": "c-2"}
NOTHING_CHOSEN = {
    "DURABLE_BACKEND": "azureStorage",
    "BLOCK_AT_FIREWALL": "false",
    "FIREWALL_POLICY_ID": "",
    "SENTINEL_WORKSPACE_ID": "",
    "EVENT_PUBLISHER_IDS": "",
}
"""What a deployment puts out of these choices where nobody made one."""


class Azure(FakeCloud):
    """Role assignments as the service lists and deletes them, held to its specification."""

    def __init__(self, *held: Json, **values: str) -> None:
        known = {
            "TOURNIQUET_RELAY_PRINCIPAL_ID": RELAY,
            "TOURNIQUET_EVENT_TOPIC": "evgt-tourniquet-x",
        }
        known |= NOTHING_CHOSEN
        known["TOURNIQUET_TELEMETRY_WORKSPACE_ID"] = OWN_WORKSPACE
        names = {rf"{one}\?": {"properties": {"roleName": name}} for name, one in CUSTOM.items()}
        super().__init__(names, **{**known, **values})
        self.held = list(held)
        self.addresses = [PLACEHOLDER]

    def get(self, url: str) -> Json:
        if "Microsoft.Authorization/roleAssignments" in url:
            return self.list(url)
        if "/ipGroups/" in url:
            return {"properties": {"ipAddresses": self.addresses}}
        return super().get(url)

    def list(self, url: str) -> Json:
        path, asked = called("get", url)
        scope = path.partition("/providers/Microsoft.Authorization/")[0]
        if "$filter" not in asked:
            # Above, at and below it.
            places = [(one["properties"]["scope"], one) for one in self.held]
            found = [one for at, one in places if scope.startswith(at) or at.startswith(scope)]
        else:
            (principal,) = re.findall(r"^principalId eq '(.+)'$", asked["$filter"])
            found = [
                one
                for one in self.held
                if one["properties"]["principalId"] == principal
                and one["properties"]["scope"].lower().startswith(scope.lower())
            ]
        # Two a page.
        skip = int(asked.get("$skipToken", "0"))
        answer: Json = {"value": found[skip : skip + 2]}
        if found[skip + 2 :]:
            answer["nextLink"] = f"{url.partition('&$skipToken')[0]}&$skipToken={skip + 2}"
        of_the_spec("RoleAssignmentListResult", answer)
        return answer

    def send(self, method: str, url: str, body: Json | None = None) -> Json:
        if "Microsoft.Authorization" not in url:
            return super().send(method, url, body)
        path, _ = called(method, url)
        there = [one for one in self.held if one["id"] == path]
        if not there:
            raise Missing(url)
        super().send(method, url, body)
        self.held.remove(there[0])
        return there[0]


def called(method: str, url: str) -> tuple[str, dict[str, str]]:
    """Return path and query of a request that the specification knows."""
    parts = urlsplit(url)
    kind = {"get": "/{scope}/providers/Microsoft.Authorization/roleAssignments"}
    operation = SPEC["paths"][kind.get(method, "/{roleAssignmentId}")][method]
    asked = {name: one for name, (one,) in parse_qs(parts.query).items()}
    allowed = {*operation["parameters"], "$skipToken"}
    assert parts.netloc == SPEC["host"]
    assert asked["api-version"] == SPEC["info"]["version"]
    assert asked.keys() <= allowed
    return parts.path, asked


def of_the_spec(name: str, answer: Json) -> None:
    schema = {"$ref": f"#/definitions/{name}", "definitions": SPEC["definitions"]}
    jsonschema_rs.validator_for(schema).validate(answer)


def held(scope: str, role: str, principal: str = PRINCIPAL, name: str = "") -> Json:
    """An assignment as the templates make it, or of another name."""
    name = name or assignment_name(scope, principal, role)
    about = {"scope": scope, "principalId": principal, "principalType": "ServicePrincipal"}
    one = {
        "id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}",
        "name": name,
        "type": "Microsoft.Authorization/roleAssignments",
        "properties": {**about, "roleDefinitionId": f"/subscriptions/x{DEFINITIONS}{role}"},
    }
    of_the_spec("RoleAssignment", one)
    return one
