"""Who works on a ticket, as each system tells it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.models.handling import Handled, TicketKey
from shared.models.message import Ticket
from shared.ports.people import TicketWatching
from shared.providers.basic_auth import basic_client
from shared.providers.google_secops_soar.cases import GoogleSecOpsCases
from shared.providers.jira.issues import Issue, Jira
from shared.providers.sentinel.tickets import SentinelTickets
from shared.providers.servicenow import ServiceNow
from shared.settings import Settings
from tests.contract.processes import Lab
from tests.contract.sentinel_data import INCIDENT
from tests.contract.test_google_secops_soar import soar

__all__ = ["soar"]

KEY = TicketKey(correlation_id="case-1", incident_id=INCIDENT)
TICKET = Ticket(correlation_id="case-1", title="t", description="d", severity="High")


async def work(settings: Settings, lab: Lab, **fields: str) -> None:
    """Change the incident in ServiceNow, as a person does."""
    (kept,) = lab.state()["tickets"]
    client = basic_client(
        "servicenow",
        settings,
        url=settings.servicenow_url,
        user=settings.servicenow_username,
        secret=settings.servicenow_password,
        named="the lab's",
    )
    target = f"/api/now/table/incident/{kept['sys_id']}"
    await client.request("incident.patch", "PATCH", target, json=fields)


async def test_servicenow_says_who_works_on_an_incident_and_who_resolved_it(
    lab: Lab, settings: Settings
) -> None:
    servicenow = ServiceNow(settings)
    assert await servicenow.handling(KEY) is None
    await servicenow.upsert(TICKET)
    found = await servicenow.handling(KEY)
    assert found is not None and found.state is Handled.NOT
    await work(settings, lab, assigned_to="Kim Doe")
    found = await servicenow.handling(KEY)
    assert found is not None and found.state is Handled.NOT, "a rule may have assigned it"
    await work(settings, lab, state="2")
    found = await servicenow.handling(KEY)
    assert found is not None and (found.state, found.by) == (Handled.TAKEN, "Kim Doe")
    await work(settings, lab, state="6")
    found = await servicenow.handling(KEY)
    assert found is not None and found.state is Handled.CLOSED
    assert found.by == settings.servicenow_username, "who resolved it, not whose it is"
    assert found.at is not None and abs(found.at - datetime.now(UTC)) < timedelta(minutes=2)
    assert all("violation" not in line for line in lab.ledger("servicenow"))


@pytest.mark.parametrize(
    ("category", "assignee", "state"),
    [
        ("new", {"displayName": "Kim Doe"}, Handled.NOT),
        ("indeterminate", {"displayName": "Kim Doe"}, Handled.TAKEN),
        ("indeterminate", None, Handled.NOT),
        ("done", None, Handled.CLOSED),
        ("done", {"displayName": "Kim Doe"}, Handled.CLOSED),
    ],
)
async def test_jira_says_it_by_the_kind_of_status(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    category: str,
    assignee: dict[str, str] | None,
    state: Handled,
) -> None:
    fields = {
        "status": {"name": "a site's own", "statusCategory": {"key": category}},
        "assignee": assignee,
        "resolutiondate": "2026-11-20T14:00:00.000+0100" if category == "done" else None,
    }
    issue = Issue.model_validate({"id": "1", "key": "SOC-1", "fields": fields})

    async def find(*_given: Any, **_named: Any) -> Issue:
        return issue

    jira = Jira(settings)
    monkeypatch.setattr(jira, "find", find)
    found = await jira.handling(KEY)
    assert found is not None and found.state is state
    told = {} if category == "done" else assignee or {}
    assert found.by == told.get("displayName", ""), "whose it is need not be who closed it"
    assert (found.at is not None) == (category == "done")


@pytest.mark.parametrize("system", [SentinelTickets, GoogleSecOpsCases])
def test_who_does_not_tell_who_closed_is_not_asked(
    system: Callable[[Settings], object], settings: Settings
) -> None:
    assert not isinstance(system(settings), TicketWatching)


@pytest.mark.parametrize("system", [ServiceNow, Jira])
def test_the_others_can_say(system: Callable[[Settings], object], settings: Settings) -> None:
    assert isinstance(system(settings), TicketWatching)
