"""A SOAR case that was made, and whose priority, note, tasks or owner are then refused."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from activities.ticketing import open_ticket
from shared.bootstrap import Providers, set_providers
from shared.models.case import CaseRequest
from shared.playbook.reporting.record import initial_record
from shared.providers.people import ticket_systems
from shared.settings import Settings, get_settings
from tests.contract.google_account import secops
from tests.contract.processes import Lab
from tests.support.fake_stores import FakeCases
from tests.support.scripts import case_payload, decided

VENDOR = "google_secops_soar"


@pytest.fixture
def kept(lab: Lab, make_settings: Callable[..., Settings]) -> Iterator[FakeCases]:
    get_settings.cache_clear()
    settings = make_settings(servicenow_url=None, **secops(lab))
    request = CaseRequest.model_validate(case_payload())
    record = initial_record(request) | {key: decided()[key] for key in ("verdict", "plan")}
    record["hand_over"] = [
        {"what": "Do it by hand.", "who": "L1", "kind": "task", "urgency": "now"}
    ]
    kept = FakeCases()
    kept.records[request.case_id] = record | {"status": "contained"}
    set_providers(Providers(cases=kept, ticketing=ticket_systems(settings)))
    yield kept
    set_providers(None)
    get_settings.cache_clear()


async def tell(kept: FakeCases, phase: str) -> dict[str, Any]:
    [case_id] = kept.records
    return await open_ticket(cast(Any, None), {"case_id": case_id, "phase": phase})


def lines(kept: FakeCases) -> list[str]:
    [record] = kept.records.values()
    return [one["event"] for one in record["timeline"]]


@pytest.mark.parametrize("status", [403, 500])
@pytest.mark.parametrize(
    ("operation", "what"), [("cases.patch", "priority"), ("caseComments.create", "note")]
)
async def test_a_case_that_was_made_keeps_its_number(
    lab: Lab, kept: FakeCases, operation: str, what: str, status: int
) -> None:
    lab.fault(VENDOR, "status", value=status, operation=operation)
    first = await tell(kept, "opened")
    [case] = lab.state()["google_secops_cases"]
    assert first["ticket_id"] == "401" and case["tags"][0] == "tourniquet"
    assert any(f"NOT brought up to date in {VENDOR}: {what}: " in one for one in lines(kept))
    lab.call("PUT", "faults", [])
    again = await tell(kept, "opened")
    assert again["ticket_id"] == "401", "the search lags: only the kept number finds it"
    [case] = lab.state()["google_secops_cases"]
    assert case["priority"] == "PRIORITY_HIGH" and case["comments"]


async def test_refused_tasks_are_in_the_record_once(lab: Lab, kept: FakeCases) -> None:
    lab.fault(VENDOR, "status", value=403, operation="tasks.create")
    for _again in range(2):
        told = await tell(kept, "completed")
        assert told["ticket_id"] == "401" and told["missing"] == {}
    said = [one for one in lines(kept) if f"NOT brought up to date in {VENDOR}: tasks: " in one]
    assert len(said) == 1
    assert len(lab.state()["google_secops_cases"]) == 1
