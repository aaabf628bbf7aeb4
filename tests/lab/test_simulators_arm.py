"""Azure Resource Manager: IP groups as long-running operations, Sentinel incidents."""

import copy
import time
import uuid
from typing import Any

import pytest

from tests.contract.processes import IP_GROUP_DELAY_SECONDS
from tests.lab.simulators_support import ATTACKER, INCIDENT, TRIGGER, World, wait_until


@pytest.fixture
def group(world: World) -> str:
    """The path of the app's own IP group."""
    return world.env["TOURNIQUET_FIREWALL_IP_GROUP_ID"]


@pytest.fixture
def incident(world: World) -> str:
    """The path of an incident that exists."""
    world.lab.call("PUT", "incidents", [TRIGGER])
    return str(TRIGGER["object"]["id"])


def _put(world: World, path: str, addresses: list[str], **more: Any) -> Any:
    body = {"location": "westeurope", "properties": {"ipAddresses": addresses}}
    return world.arm("PUT", path, body, **more)


def _code(answer: Any) -> str:
    return str(answer.json()["error"]["code"])


def _settle(world: World, group: str) -> None:
    def done() -> bool:
        found = world.arm("GET", group).json()["properties"]["provisioningState"]
        return bool(found == "Succeeded")

    wait_until(done)


def test_an_update_runs_a_while_and_can_be_polled(world: World, group: str) -> None:
    began = time.monotonic()
    answer = _put(world, group, ["192.0.2.1", ATTACKER])
    assert answer.status_code == 200
    assert answer.json()["properties"]["provisioningState"] == "Updating"
    poll = answer.headers["Azure-AsyncOperation"]
    at_once = world.arm("GET", poll).json()
    late = time.monotonic() - began > IP_GROUP_DELAY_SECONDS
    assert at_once == {"status": "InProgress"} or late
    wait_until(lambda: world.arm("GET", poll).json()["status"] == "Succeeded")
    _settle(world, group)
    found = world.arm("GET", group).json()
    assert found["properties"]["ipAddresses"] == ["192.0.2.1", ATTACKER]
    put = next(i for i in world.lab.ledger("azure_firewall") if i["operation"] == "ipGroups.put")
    assert put["effect"]
    assert put["detail"] == {"added": [ATTACKER], "removed": []}


def test_the_same_addresses_again_change_nothing(world: World, group: str) -> None:
    _put(world, group, ["192.0.2.1"])
    assert world.effects("azure_firewall") == []


def test_one_update_at_a_time(world: World, group: str) -> None:
    _put(world, group, [ATTACKER])
    answer = _put(world, group, ["198.51.100.9"])
    assert (answer.status_code, _code(answer)) == (409, "AnotherOperationInProgress")
    assert len(world.effects("azure_firewall")) == 1


def test_an_old_etag_is_refused(world: World, group: str) -> None:
    etag = world.arm("GET", group).headers["ETag"]
    assert _put(world, group, [ATTACKER], headers={"If-Match": etag}).status_code == 200
    _settle(world, group)
    answer = _put(world, group, [], headers={"If-Match": etag})
    assert (answer.status_code, _code(answer)) == (412, "PreconditionFailed")


@pytest.mark.parametrize("address", ["300.1.1.1", "2001:db8::1", "10.0.0.9-10.0.0.1", "example"])
def test_only_ipv4_addresses_networks_and_ranges(world: World, group: str, address: str) -> None:
    assert _put(world, group, [address]).status_code == 400
    assert _put(world, group, ["10.0.0.1-10.0.0.9", "10.1.0.0/16", "10.2.0.1"]).status_code == 200


def test_wrong_requests_get_azures_errors(world: World, group: str) -> None:
    body: dict[str, Any] = {"properties": {"ipAddresses": []}}
    assert _code(world.arm("PUT", group, body)) == "LocationRequired"
    answer = world.arm("GET", group, params={"api-version": "2019-01-01"})
    assert _code(answer) == "NoRegisteredProviderFound"
    assert _code(world.arm("GET", group, params={})) == "MissingApiVersionParameter"
    assert world.arm("GET", f"{group}-other").status_code == 404
    wrong = {"location": "x", "properties": {"ipAdresses": []}}
    assert _code(world.arm("PUT", group, wrong)) == "InvalidRequestContent"
    assert world.arm("GET", group, headers={"Authorization": "Bearer x"}).status_code == 401
    assert world.arm("GET", group.upper()).status_code == 200, "paths are case-insensitive"


def test_a_new_group_is_created(world: World, group: str) -> None:
    assert _put(world, f"{group}-new", [ATTACKER]).status_code == 201


# -- Sentinel


@pytest.mark.parametrize(
    ("method", "below", "body", "status"),
    [
        ("GET", "", None, 200),
        ("POST", "/entities", None, 200),
        ("POST", "/alerts", None, 200),
        ("GET", "/comments", None, 200),
        ("PUT", f"/comments/{uuid.UUID(int=1)}", {"properties": {"message": "m"}}, 201),
    ],
)
def test_every_incident_that_is_sent_exists(
    world: World, method: str, below: str, body: Any, status: int
) -> None:
    path = str(TRIGGER["object"]["id"]).replace("rg-soc", "rg-2").replace("law-soc", "law-2")
    assert world.arm(method, path + below, body).status_code == status
    assert len(world.effects("sentinel")) == (method == "PUT"), "being looked at is no effect"
    found = world.arm("GET", path).json()
    assert (found["id"], found["name"]) == (path, INCIDENT)
    assert found["properties"]["status"] == "New"
    assert world.arm("GET", path).json() == found, "it is the same one from then on"


def test_malformed_incident_ids_are_refused(world: World) -> None:
    path = str(TRIGGER["object"]["id"])
    for wrong in (path.replace("workspaces", "places"), f"{path}/comments/1/2", f"{path}/"):
        assert world.arm("GET", wrong).status_code == 404
    no_guid = path.replace("0b1f6471-1bf0-4dda-aec3-cb9272f09590", "my-subscription")
    assert world.arm("GET", no_guid).status_code == 400
    assert world.lab.state()["incidents"] == []


def test_a_fault_plays_an_incident_that_is_gone(world: World) -> None:
    world.lab.fault("sentinel", "status", value=404)
    assert world.arm("GET", str(TRIGGER["object"]["id"])).status_code == 404


def test_an_incident_with_its_entities_and_alerts(world: World, incident: str) -> None:
    assert world.arm("GET", incident).json()["properties"]["title"] == "Brute force"
    entities = world.arm("POST", f"{incident}/entities").json()
    assert entities["metaData"] == [{"entityKind": "Account", "count": 1}]
    assert entities["entities"][0]["properties"]["accountName"] == "alice"
    assert world.arm("POST", f"{incident}/alerts").json() == {"value": []}


def test_put_replaces_and_needs_the_newest_etag(world: World, incident: str) -> None:
    document = world.arm("GET", incident).json()
    body = {
        "etag": document["etag"],
        "properties": {"title": "Brute force", "severity": "High", "status": "Active"},
    }
    changed = world.arm("PUT", incident, body).json()
    assert "description" not in changed["properties"], "what is not sent is gone"
    assert changed["properties"]["incidentNumber"] == 7, "read-only parts stay"
    again = world.arm("PUT", incident, body)
    assert (again.status_code, _code(again)) == (409, "Conflict")
    assert world.effects("sentinel") == [("incidents.put", INCIDENT)]


def test_closing_needs_a_classification(world: World, incident: str) -> None:
    properties = {"title": "x", "severity": "Low", "status": "Closed"}
    assert world.arm("PUT", incident, {"properties": properties}).status_code == 400
    reason = {"classification": "TruePositive", "classificationReason": "SuspiciousActivity"}
    closed = world.arm("PUT", incident, {"properties": {**properties, **reason}})
    assert closed.json()["properties"]["status"] == "Closed"


def test_an_incident_needs_title_severity_and_status(world: World, incident: str) -> None:
    body = {"properties": {"severity": "High", "status": "New"}}
    assert _code(world.arm("PUT", incident, body)) == "InvalidRequestContent"
    assert "title" in world.lab.ledger("sentinel")[-1]["violation"]


def test_a_comment_is_written_once_per_guid(world: World, incident: str) -> None:
    path = f"{incident}/comments/{uuid.uuid4()}"
    body = {"properties": {"message": "contained"}}
    assert [world.arm("PUT", path, body).status_code for _ in range(2)] == [201, 200]
    assert world.effects("sentinel") == [("incidents.comments.put", INCIDENT)]
    changed = {"properties": {"message": "contained and verified"}}
    world.arm("PUT", path, changed)
    comments = world.arm("GET", f"{incident}/comments").json()["value"]
    assert [c["properties"]["message"] for c in comments] == ["contained and verified"]
    assert len(world.lab.state()["incidents"][0]["comments"]) == 1


def test_sentinels_limits(world: World, incident: str) -> None:
    path = f"{incident}/comments"
    too_long = {"properties": {"message": "x" * 30_001}}
    assert world.arm("PUT", f"{path}/{uuid.uuid4()}", too_long).status_code == 400
    for number in range(100):
        body = {"properties": {"message": str(number)}}
        assert world.arm("PUT", f"{path}/{uuid.uuid4()}", body).status_code == 201
    body = {"properties": {"message": "one too many"}}
    assert world.arm("PUT", f"{path}/{uuid.uuid4()}", body).status_code == 400


def test_tasks(world: World, incident: str) -> None:
    path = f"{incident}/tasks/{uuid.uuid4()}"
    body = {"properties": {"title": "Call the user", "status": "New"}}
    assert world.arm("PUT", path, body).status_code == 201
    done = copy.deepcopy(body)
    done["properties"]["status"] = "Completed"
    assert world.arm("PUT", path, done).status_code == 200
    tasks = world.arm("GET", f"{incident}/tasks").json()["value"]
    assert [task["properties"]["status"] for task in tasks] == ["Completed"]
