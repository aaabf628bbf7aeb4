import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema_rs
import pytest

from lab.scenarios.expander import expand
from lab.scenarios.loader import list_scenarios, load_common, load_scenario

NOW = datetime(2026, 11, 20, 12, 9, tzinfo=UTC)
SCHEMA = Path("lab/simulators/specs/sentinel-incident-trigger.schema.json")


@pytest.mark.parametrize("name", list_scenarios())
def test_the_incident_is_what_the_logic_app_sends(name: str) -> None:
    schema = json.loads((Path(__file__).parents[3] / SCHEMA).read_text(encoding="utf-8"))
    body = expand(load_scenario(name), load_common(), NOW).incident
    errors = [str(error) for error in jsonschema_rs.validator_for(schema).iter_errors(body)]
    assert errors == []


def test_ids_are_arm_ids_and_times_are_absolute() -> None:
    body = expand(load_scenario("brute-force-success"), load_common(), NOW).incident
    incident = body["object"]
    properties = incident["properties"]
    assert incident["id"].endswith(f"/Incidents/{incident['name']}")
    assert properties["firstActivityTimeUtc"] == "2026-11-20T12:00:00.000Z"
    assert [entity["kind"] for entity in properties["relatedEntities"]] == ["Account", "Ip"]
    assert all("/Entities/" in entity["id"] for entity in properties["relatedEntities"])
    assert properties["alerts"][0]["properties"]["endTimeUtc"] == "2026-11-20T12:07:55.000Z"
