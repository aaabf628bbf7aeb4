"""Real incidents and alerts (tests/data/incidents), and hand-made ones in other vendors' shapes."""

import json
from typing import Any

import pytest

from shared.models.case import CaseRequest, OperatingMode
from shared.playbook.intake import InvalidBody, parse_sentinel_incident
from tests.unit.playbook.bodies import (
    ARM_ID,
    RECEIVED,
    alert,
    around,
    read_json,
    read_lines,
    trigger,
    unflatten,
)


def parse(body: object) -> list[CaseRequest]:
    return parse_sentinel_incident(body, mode=OperatingMode.OBSERVE, received_at=RECEIVED)


def principals(cases: list[CaseRequest]) -> set[str]:
    return {case.account.user_id for case in cases if case.account}


def test_the_training_lab_incident() -> None:
    [row] = read_lines("sentinel_nb_training_incident.jsonl")
    entities = [{"kind": kind, "properties": values} for kind, values in row["Entities"]]
    alerts = [
        alert(systemAlertId=one["ID"], alertDisplayName=one["Name"], Entities=one["Entities"])
        for one in row["Alerts"]
    ]
    incident = unflatten(row)
    [case] = parse(around(incident, entities=entities, alerts=alerts))
    assert case.account is not None
    assert case.account.user_principal_name == "jeffl@seccxpninja.onmicrosoft.com"
    assert case.account.object_id == "313a54a7-bc65-1473-fa90-e60e7d1f57c8"
    assert case.addresses == ["26.68.157.223"]
    assert case.incident.alert_group_identifiers == ["98513445-5947-bfcb-ca66-4182c794c2ba"]
    texts = [json.dumps(entity) for entity in reversed(entities)]
    as_text = around(
        incident, entities=texts, alerts=[alert(Entities=json.dumps(row["Alerts"][0]["Entities"]))]
    )
    assert [again.case_id for again in parse(as_text)] == [case.case_id]


def test_a_rest_incident_without_entities() -> None:
    [case] = parse(around(read_json("rapid7_sentinel_incident.json")))
    assert case.account is None
    assert case.incident.title == "Not a test at all"
    assert case.incident.severity == "Low"
    assert case.now.year == 2022


def test_the_official_rest_examples() -> None:
    entities = read_json("azure_rest_GetAllIncidentEntities.json")["responses"]["200"]["body"]
    alerts = read_json("azure_rest_GetAllIncidentAlerts.json")["responses"]["200"]["body"]
    body = around(
        read_json("rapid7_sentinel_incident.json"),
        entities=entities["entities"],
        alerts=alerts["value"],
    )
    [case] = parse(body)
    assert case.account is not None and case.account.user_id == "administrator"
    assert case.account.user_principal_name is None
    assert "Alerts: myAlert" in case.initial_alert_details
    assert case.incident.alert_group_identifiers == ["baa8a239-6fde-4ab7-a093-d09f7b75c58c"]


def test_scrambled_incidents_fail_only_where_they_are_scrambled() -> None:
    for row in read_lines("msticpy_sent_incidents_obfuscated.jsonl"):
        incident = unflatten(row)
        with pytest.raises(InvalidBody) as caught:
            parse(around(incident))
        assert [error.field for error in caught.value.errors] == ["object.id"]
        [case] = parse(around(incident | {"id": ARM_ID}))
        assert case.account is None


def test_entities_of_a_defender_alert() -> None:
    entities = list(read_json("msticpy_alert_entities.json").values())
    [case] = parse(trigger(alerts=[alert(Entities=json.dumps(entities))]))
    assert principals([case]) == {"msticalertswin1$"}


@pytest.mark.parametrize(
    "row",
    read_lines("msticpy_security_alerts.jsonl"),
    ids=lambda row: row["AlertName"][:40],
)
def test_rows_of_the_security_alert_table(row: dict[str, Any]) -> None:
    entities = json.loads(row["Entities"])
    cases = parse(trigger(alerts=[row], title=row["AlertName"]))
    named = [entity for entity in entities if entity.get("Type") == "account"]
    assert len(cases) == max(1, len({(e["Name"], e.get("NTDomain")) for e in named}))
    public = [e["Address"] for e in entities if e.get("Type") == "ip"]
    assert set(cases[0].addresses) <= set(public)
    again = parse(trigger(alerts=[json.dumps(row)], title=row["AlertName"]))
    assert [case.case_id for case in again] == [case.case_id for case in cases]


def test_an_incident_as_the_python_sdk_prints_it_is_refused_with_reasons() -> None:
    snake_case = {"id": ARM_ID, "name": "1", "incident_number": 11, "title": "test 11"}
    with pytest.raises(InvalidBody) as caught:
        parse(snake_case)
    assert "object" in {error.field for error in caught.value.errors}


def test_a_closed_incident_with_an_owner_but_no_account_is_for_a_person() -> None:
    body = trigger(
        status="Closed",
        owner={"email": "john.doe@example.com", "userPrincipalName": "john@example.com"},
        additionalData={"tactics": ["InitialAccess", "Persistence"]},
    )
    [case] = parse(body)
    assert case.account is None
    assert case.incident.tactics == ["InitialAccess", "Persistence"]
