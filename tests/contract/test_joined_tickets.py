"""Incidents that joined a case follow it in the system whose incidents are its tickets."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from activities import joined_tickets
from activities.ticketing import open_ticket
from shared.bootstrap import Providers, set_providers
from shared.models.case import CaseRequest
from shared.playbook.reporting.record import initial_record
from shared.providers.people import is_ticket, ticket_systems
from shared.settings import Settings, get_settings
from tests.contract.processes import Lab
from tests.contract.sentinel_data import INCIDENT
from tests.support.fake_stores import FakeCases
from tests.support.scripts import case_payload, decided

ANA = "ana.lyst@contoso.example"
STATE = ("status", "severity", "classification", "classificationReason")


def incident_id(number: int) -> str:
    return INCIDENT[:-12] + f"{number:012x}"


def joined(found: str, title: str) -> dict[str, Any]:
    fixed = {"case_id": "case-2", "number": 2, "severity": "Low", "alert_type": "impossible_travel"}
    return fixed | {
        "incident_id": found,
        "title": title,
        "at": "2026-11-20T12:00:00Z",
        "evidence": "incidents/case-2.json",
    }


@pytest.fixture
def store(
    lab: Lab, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeCases]:
    """A case of a Sentinel incident, which two more and one from elsewhere have joined."""
    get_settings.cache_clear()
    settings = make_settings(servicenow_url=None, sentinel_tickets=True)
    incident = case_payload()["incident"] | {"incident_id": incident_id(1)}
    request = CaseRequest.model_validate(case_payload(incident=incident))
    kept = FakeCases()
    record = initial_record(request)
    record |= {"verdict": decided()["verdict"], "plan": decided()["plan"]}
    record["joined"] = [
        joined(incident_id(2), "Impossible travel"),
        joined(incident_id(3), "Password spray"),
        joined("SOAR-4711", "Not of Sentinel"),
    ]
    record["sla"] = {"reviewed_by": ANA, "closed_by": ANA}
    kept.records[request.case_id] = record
    set_providers(Providers(cases=kept, ticketing=ticket_systems(settings)))
    yield kept
    set_providers(None)
    get_settings.cache_clear()


async def tell(store: FakeCases, phase: str) -> dict[str, Any]:
    [case_id] = store.records
    return await open_ticket(cast(Any, None), {"case_id": case_id, "phase": phase})


def incidents(lab: Lab) -> dict[str, dict[str, Any]]:
    return {one["name"][-1]: one for one in lab.state()["incidents"]}


async def test_joined_incidents_show_what_the_cases_own_shows(lab: Lab, store: FakeCases) -> None:
    await tell(store, "joined")
    held = incidents(lab)
    assert set(held) == {"1", "2", "3"}
    for one in held.values():
        assert one["properties"]["status"] == "Active"
        assert one["properties"]["owner"]["userPrincipalName"] == ANA
    await tell(store, "closed")
    await tell(store, "closed")
    held = incidents(lab)
    first, second, third = (held[name]["properties"] for name in "123")
    assert first["status"] == "Closed" and first["classification"] == "TruePositive"
    assert first["severity"] == "High"
    for other in (second, third):
        assert [other[name] for name in STATE] == [first[name] for name in STATE]
        assert other["labels"] == first["labels"]
        assert other["classificationComment"] == first["classificationComment"]
    assert sum(one["operation"] == "incidents.put" for one in lab.ledger("sentinel")) == 6
    assert not [one for one in lab.ledger("sentinel") if one.get("violation")]


async def test_open_work_stays_with_the_first(lab: Lab, store: FakeCases) -> None:
    [record] = store.records.values()
    step = {"what": "Do it by hand.", "who": "L1", "kind": "task", "urgency": "now"}
    record["hand_over"] = [step]
    await tell(store, "completed")
    held = incidents(lab)
    assert [len(held[name]["tasks"]) for name in "123"] == [1, 0, 0]


async def test_one_that_cannot_be_written_costs_the_ticket_nothing_and_is_said_once(
    lab: Lab, store: FakeCases
) -> None:
    fault = {"vendor": "sentinel", "operation": "incidents.put", "kind": "status", "value": 403}
    lab.call("PUT", "faults", [fault | {"about": [incident_id(3)]}])
    for _again in range(2):
        told = await tell(store, "joined")
        assert told["missing"] == {} and len(told["tickets"]) == 1
    held = incidents(lab)
    assert held["2"]["properties"]["status"] == "Active"
    assert held["3"]["properties"]["status"] == "New"
    [record] = store.records.values()
    [line] = [one["event"] for one in record["timeline"] if "NOT brought" in one["event"]]
    assert "in sentinel: Password spray" in line and "403" in line


async def test_only_so_many_follow(
    lab: Lab, store: FakeCases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joined_tickets, "MOST_FOLLOWED", 1)
    await tell(store, "joined")
    assert set(incidents(lab)) == {"1", "2"}
    [record] = store.records.values()
    assert record["timeline"][-1]["event"] == (
        "1 more joined incidents do not follow the case in sentinel"
    )


@pytest.mark.parametrize(
    ("found", "system", "siem", "is_one"),
    [
        (INCIDENT, "sentinel", "sentinel", True),
        ("SOAR-4711", "sentinel", "sentinel", False),
        ("401", "google_secops_soar", "google_secops", True),
        ("401", "google_secops_soar", "sentinel", False),
        (INCIDENT, "servicenow", "sentinel", False),
    ],
)
def test_which_incidents_are_tickets(
    make_settings: Callable[..., Settings], found: str, system: str, siem: str, is_one: bool
) -> None:
    assert is_ticket(found, system, make_settings(siem=siem)) is is_one
