"""Each ticketing and notification vendor failing in each way: people know, the record says what.

The orchestrator's own parts that tell people, their real activities and the real clients of every
vendor, against the simulators. Cases run at the same time; each meets its own faults, which are
about its own id. That whole cases go on with vendors away is tests/lab/test_block_failures.py.
"""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import product
from typing import Any, cast

import pytest
from durabletask import task

from activities.communication import comment_incident, notify_analysts
from activities.record import save_case
from activities.ticketing import open_ticket
from orchestrators.case_file import CaseFile
from orchestrators.flow import Retry, Steps, attempt, case_activity
from orchestrators.hand_over import hand_over
from orchestrators.late_ticket import is_complete, open_ticket_late
from orchestrators.names import Activity
from shared.bootstrap import Providers, set_providers
from shared.models.block import BlockName
from shared.models.case import CaseRequest
from shared.playbook.reporting.record import initial_record
from shared.policy import get_policy
from shared.providers.credentials import close_credential
from shared.providers.sessions import close_sessions
from shared.settings import get_settings
from tests.contract.away import MAILS, OF_CASE, WAYS, House, OfCase, fault
from tests.contract.processes import Lab, connect_patiently
from tests.contract.sentinel_data import INCIDENT
from tests.contract.test_mail_ways import MAILBOX
from tests.support.fake_stores import FakeCases
from tests.support.scripts import case_payload, decided
from tests.support.told_by_hand import ByHand

type Json = dict[str, Any]
TICKETS = ("servicenow", "jira", "google_secops_soar", "sentinel")
CHANNELS = ("slack", "teams", "pagerduty", *MAILS)
GROUPS = {
    **{vendor: (vendor,) for vendor in (*TICKETS, *CHANNELS)},
    "all tickets": TICKETS,
    "all channels": ("slack", "teams", "pagerduty", "email"),
    "everybody": ("servicenow", "slack", "teams", "pagerduty", "email"),
}
MESSAGES = ("slack", "teams", "pages", "mails", "sentMail", "communicationServicesMails")
SIMULATED = {"graph_mail": ("entra", "sendMail")}
"""Vendor and operation of a fault, where the simulator has another name."""
AT_ONCE = 20


@dataclass
class Case:
    """One case of the matrix, and what became of it."""

    number: int
    group: str
    way: str
    record: Json = field(default_factory=dict)
    ended: bool = False
    tickets: str = ""
    messages: str = ""

    @property
    def case_id(self) -> str:
        return f"case-{0xA0000 + self.number:024x}"

    @property
    def incident_id(self) -> str:
        return INCIDENT[:-12] + f"{self.number:012x}"

    @property
    def block(self) -> Json:
        found: Json = self.record["blocks"][BlockName.NOTIFICATION]
        return found

    def faults(self) -> list[Json]:
        """What the vendors of the group are told to do to this case's requests."""
        found = []
        for vendor in GROUPS[self.group]:
            about = self.incident_id if vendor == "sentinel" else self.case_id
            simulated, operation = SIMULATED.get(vendor, (vendor, "*"))
            found.append(fault(simulated, self.way, about, operation=operation))
        return found

    def providers(self, house: House) -> Providers:
        """Whom the case asks: about tickets all systems and mail, else one and all channels."""
        away = GROUPS[self.group]
        every = house.providers(away, self.way)
        if set(away) <= set(TICKETS):
            return replace(every, notifiers=every.notifiers[-1:])
        return replace(every, ticketing=every.ticketing[:1])


CASES = [Case(number, group, way) for number, (group, way) in enumerate(product(GROUPS, WAYS))]
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def matrix(simulators: Lab) -> Iterator[dict[tuple[str, str], Case]]:
    """Every case after its end."""
    caches = (get_settings, get_policy)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in simulators.environment.items():
            patch.setenv(name, value)
        connect_patiently(patch)
        patch.setattr("orchestrators.late_ticket.TICKET_RETRY_MINUTES", (1,))
        patch.setattr("orchestrators.late_ticket.TICKET_LIMIT", timedelta(0))
        for cached in caches:
            cached.cache_clear()
        try:
            asyncio.run(play(simulators))
            yield {(case.group, case.way): case for case in CASES}
        finally:
            set_providers(None)
            simulators.reset()
            for cached in caches:
                cached.cache_clear()


async def play(simulators: Lab) -> None:
    """Tell people of all cases, many at once: those of silent vendors wait for a deadline."""
    simulators.reset()
    simulators.tenant(directory={"users": [MAILBOX]})
    simulators.call("PUT", "faults", [one for case in CASES for one in case.faults()])
    store = FakeCases()
    house = House.of(simulators, store)
    set_providers(OfCase())
    gate = asyncio.Semaphore(AT_ONCE)
    await asyncio.gather(*(tell(case, store, case.providers(house), gate) for case in CASES))
    await close_credential()
    await close_sessions()
    state = simulators.state()
    for case in CASES:
        case.record = store.records[case.case_id]
        case.tickets = of_case(case, state, "tickets", "jira_issues", "google_secops_cases")
        case.messages = of_case(case, state, *MESSAGES)


async def tell(case: Case, store: FakeCases, asked: Providers, gate: asyncio.Semaphore) -> None:
    """Tell people as a case does, from its verdict to its end."""
    OF_CASE.set(asked)
    ctx = ByHand(
        case.case_id,
        {
            "open_ticket": open_ticket,
            "notify_analysts": notify_analysts,
            "comment_incident": comment_incident,
            "save_case": save_case,
        },
    )
    incident = case_payload()["incident"] | {"incident_id": case.incident_id}
    request = CaseRequest.model_validate(case_payload(case_id=case.case_id, incident=incident))
    verdict = {"verdict": decided()["verdict"], "plan": decided()["plan"]}
    store.records[case.case_id] = initial_record(request) | verdict
    wakes = "pagerduty" in GROUPS[case.group]
    async with gate:
        await ctx.drive(telling(cast(task.OrchestrationContext, ctx), request, wakes=wakes))
    case.ended = True


def telling(ctx: task.OrchestrationContext, request: CaseRequest, *, wakes: bool) -> Steps[None]:
    """The verdict, a containment that fails and wakes, hand-over, the late ticket, the end."""
    file = CaseFile(ctx, request)
    if wakes:
        message = {"case_id": request.case_id, "phase": "containment_failed"}
        yield from attempt(case_activity(ctx, Activity.NOTIFY_ANALYSTS, message, Retry.READ))
    ticket = yield from hand_over(ctx, file)
    if not is_complete(ticket):
        systems = [one["system"] for one in ticket.get("tickets", ())]
        late = {"case_id": request.case_id, "systems": systems}
        yield from open_ticket_late(ctx, late)


def of_case(case: Case, state: Json, *places: str) -> str:
    """Return what the vendors hold of a case."""
    held = [json.dumps(one) for place in places for one in state[place]]
    return "\n".join(one for one in held if case.case_id in one)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("group", GROUPS)
def test_the_case_ends_people_know_and_the_record_says_what_happened(
    matrix: dict[tuple[str, str], Case], group: str, way: str
) -> None:
    case = matrix[group, way]
    events = [one["event"] for one in case.record["timeline"]]
    assert case.ended, "the case goes on to its end"
    if group != "everybody":
        assert case.tickets or case.messages
    for vendor in GROUPS[group]:
        if vendor in TICKETS:
            says_what_became_of_the_ticket(case, vendor, events)
        else:
            says_what_became_of_the_message(case, "email" if vendor in MAILS else vendor, vendor)


def says_what_became_of_the_ticket(case: Case, vendor: str, events: list[str]) -> None:
    notes = json.dumps(case.block["notes"])
    assert vendor in notes
    assert not [one for one in TICKETS if one in notes and one not in GROUPS[case.group]]
    assert "not delivered by" not in notes or case.group == "everybody"
    if case.group in ("all tickets", "everybody"):
        assert case.block["outputs"]["incident_ticket_id"] is None
        assert any("the ITSM stayed down; open by hand" in one for one in events)
    else:
        assert case.block["outputs"]["incident_ticket_id"]
        assert f"no ticket in {vendor}: the ITSM stayed down; open by hand" in events


def says_what_became_of_the_message(case: Case, channel: str, vendor: str) -> None:
    state = case.block["outputs"]["analyst_notification_status"][channel]
    assert state["status"] == "failed"
    assert state["reason"].startswith(vendor) and state["at"]
    secret = get_settings().pagerduty_routing_key
    assert secret is not None and secret.get_secret_value() not in json.dumps(case.record)


@pytest.mark.parametrize("way", WAYS)
def test_without_any_ticket_the_emergency_mail_has_the_whole_case(
    matrix: dict[tuple[str, str], Case], way: str
) -> None:
    case = matrix["all tickets", way]
    state = case.block["outputs"]["analyst_notification_status"]["email (emergency)"]
    assert state["status"] == "sent" and state["reference"]
    assert "NO TICKET" in case.messages and "NEXT STEPS" in case.messages
    assert case.tickets == ""


@pytest.mark.parametrize("way", WAYS)
def test_when_nobody_can_be_told_the_record_says_so(
    matrix: dict[tuple[str, str], Case], way: str
) -> None:
    case = matrix["everybody", way]
    assert case.block["status"] == "failed"
    assert case.tickets == ""
    if way != "timeout":
        assert case.messages == "", "what comes too late may come all the same"
