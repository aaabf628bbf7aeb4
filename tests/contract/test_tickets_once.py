"""Calls that want to open a case's ticket at the same instant open one, in every system.

The real activity and the real clients against the simulators, whose searches are behind.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from activities import ticket_claims
from activities.ticketing import open_ticket
from shared.bootstrap import Providers, set_providers
from shared.errors import RetryableError
from shared.models.case import CaseRequest
from shared.playbook.reporting.record import initial_record
from shared.providers.people import ticket_systems
from shared.settings import Settings
from tests.contract.google_account import origin, secops
from tests.contract.processes import PATIENCE_SECONDS, Lab
from tests.support.fake_stores import FakeCases
from tests.support.scripts import case_payload

PHASES = ("opened", "sla_warning", "acknowledged", "completed", "sla_missed", "closed")
SOAR = "google_secops_soar"
PLACES = {"servicenow": "tickets", "jira": "jira_issues", SOAR: "google_secops_cases"}
CREATING = {"servicenow": "incident.post", "jira": "issue.post", SOAR: "cases.create"}
CASE = CaseRequest.model_validate(case_payload())


@pytest.fixture
def store(
    lab: Lab, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeCases]:
    """A case store with one case, and every system that opens tickets."""
    monkeypatch.setattr(ticket_claims, "PATIENCE_SECONDS", PATIENCE_SECONDS)
    settings = make_settings(jira_url=f"{origin(lab)}/jira", **secops(lab))
    kept = FakeCases()
    kept.records[CASE.case_id] = initial_record(CASE)
    set_providers(Providers(cases=kept, ticketing=ticket_systems(settings)))
    yield kept
    set_providers(None)


async def tell(phase: str) -> dict[str, Any]:
    payload = {"case_id": CASE.case_id, "phase": phase, "why": phase}
    return await open_ticket(cast(Any, None), payload)


def counts(lab: Lab) -> dict[str, int]:
    state = lab.state()
    return {name: len(state[place]) for name, place in PLACES.items()}


async def test_calls_at_once_open_one_ticket_in_each_system(lab: Lab, store: FakeCases) -> None:
    told = await asyncio.gather(*(tell(phase) for phase in PHASES))
    assert counts(lab) == dict.fromkeys(PLACES, 1)
    assert {one["ticket_id"] for one in told} == {"INC0010001"}
    assert [one["missing"] for one in told] == [{}] * len(PHASES)
    assert len({str(one["tickets"]) for one in told}) == 1, "all name the same tickets"


async def test_a_creation_that_fails_leaves_it_to_the_next_call(lab: Lab, store: FakeCases) -> None:
    down = [
        {"vendor": vendor, "operation": operation, "kind": "status", "value": 503, "times": 2}
        for vendor, operation in CREATING.items()
    ]
    lab.call("PUT", "faults", down)
    with pytest.raises(RetryableError):
        await tell("opened")
    assert counts(lab) == dict.fromkeys(PLACES, 0)
    lab.call("PUT", "faults", [])
    told = await asyncio.gather(tell("opened"), tell("completed"))
    assert counts(lab) == dict.fromkeys(PLACES, 1)
    assert [one["missing"] for one in told] == [{}, {}]


async def test_a_call_delivered_again_goes_on_and_another_waits_for_a_lost_one(
    lab: Lab, store: FakeCases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticket_claims, "PATIENCE_SECONDS", 0.1)
    lost = {"call": ticket_claims._name_of({"lost": True}), "at": "2026-11-20T12:00:00Z"}
    young = lost | {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    names = {name: f"{CASE.case_id}/ticket-{name}-1" for name in PLACES}
    store.claims |= dict.fromkeys(names.values(), young)
    with pytest.raises(RetryableError, match="another call is opening the ticket"):
        await tell("opened")
    assert counts(lab) == dict.fromkeys(PLACES, 0)
    # The worker that began was lost two minutes ago.
    store.claims |= dict.fromkeys(names.values(), lost)
    await tell("opened")
    assert counts(lab) == dict.fromkeys(PLACES, 1)


async def test_a_call_delivered_again_goes_on_with_its_own_claim(
    lab: Lab, store: FakeCases
) -> None:
    payload = {"case_id": CASE.case_id, "phase": "opened", "why": "opened"}
    own = {"call": ticket_claims._name_of(payload), "at": "2026-11-20T12:00:00Z"}
    store.claims |= {f"{CASE.case_id}/ticket-{name}-1": own for name in PLACES}
    await tell("opened")
    assert counts(lab) == dict.fromkeys(PLACES, 1)
    claims = [name.rpartition("/")[2] for name in store.claims]
    assert sorted(claims) == sorted(
        part for name in PLACES for part in (f"ticket-{name}-1", f"ticket-{name}-1-ended")
    )


async def test_without_a_case_store_the_ticket_is_opened_all_the_same(
    lab: Lab, store: FakeCases
) -> None:
    store.failing["claim"] = RetryableError("away", vendor="blob")
    told = await tell("opened")
    assert counts(lab) == dict.fromkeys(PLACES, 1)
    assert told["missing"] == {}
