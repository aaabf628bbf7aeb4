"""Each ticketing and notification vendor failing in each way: people know, the record says what.

The orchestrator's own parts that tell people, their real activities and the real clients of every
vendor, against the simulators. Cases run at the same time; each meets its own faults, which are
about its own id. That whole cases go on with vendors away is tests/lab/test_block_failures.py.
"""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
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
from shared.models.message import Notification, NotificationReceipt
from shared.playbook.reporting.record import initial_record
from shared.policy import get_policy
from shared.ports import Notifier
from shared.providers.communication_services import CommunicationServicesMail
from shared.providers.credentials import close_credential
from shared.providers.email import SmtpMail
from shared.providers.graph_mail import GraphMail
from shared.providers.people import notifiers, ticket_systems
from shared.providers.sentinel import Sentinel
from shared.providers.sessions import close_sessions
from shared.settings import Settings, get_settings
from tests.contract.google_account import origin, secops
from tests.contract.processes import Lab
from tests.contract.sentinel_data import INCIDENT
from tests.contract.test_mail_ways import MAILBOX
from tests.support.fake_stores import FakeCases
from tests.support.scripts import case_payload, decided
from tests.support.told_by_hand import ByHand

type Json = dict[str, Any]
WAYS: dict[str, Json] = {
    "timeout": {"kind": "latency", "value": 6},
    "401": {"kind": "status", "value": 401},
    "429": {"kind": "status", "value": 429, "retry_after": 60},
    "500": {"kind": "status", "value": 500},
    "malformed": {"kind": "malformed"},
    "hang": {"kind": "timeout"},
}
SMTP_CODES = {"401": 535, "429": 451, "500": 554}
SILENT = {"timeout", "hang"}
"""Ways that show only when the deadline is over."""
TICKETS = ("servicenow", "jira", "google_secops_soar", "sentinel")
MAILS: dict[str, type[SmtpMail | GraphMail | CommunicationServicesMail]] = {
    "email": SmtpMail,
    "graph_mail": GraphMail,
    "communication_services": CommunicationServicesMail,
}
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
            one = {**WAYS[self.way], "vendor": simulated, "operation": operation, "about": [about]}
            if vendor == "email" and self.way in SMTP_CODES:
                one["value"] = SMTP_CODES[self.way]
            found.append(one)
        return found


class MailByCase:
    """Sends each case's mail in its own way: an app has one."""

    channel = "email"

    def __init__(self, settings: Settings) -> None:
        self._ways = {name: way(settings) for name, way in MAILS.items()}
        self.way_of: dict[str, str] = {}

    async def notify(self, notification: Notification) -> NotificationReceipt:
        return await self._ways[self.way_of[notification.case_id]].notify(notification)


CASES = [Case(number, group, way) for number, (group, way) in enumerate(product(GROUPS, WAYS))]


@pytest.fixture(scope="module")
def matrix(simulators: Lab) -> Iterator[dict[tuple[str, str], Case]]:
    """Every case after its end."""
    caches = (get_settings, get_policy)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in simulators.environment.items():
            patch.setenv(name, value)
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
    """Tell people of all cases; those that have to wait for a deadline wait together."""
    simulators.reset()
    simulators.tenant(directory={"users": [MAILBOX]})
    simulators.call("PUT", "faults", [fault for case in CASES for fault in case.faults()])
    store = FakeCases()
    for seconds, ways in ((20.0, set(WAYS) - SILENT), (2.0, SILENT)):
        settings = Settings(
            call_timeout_seconds=seconds,
            call_budget_seconds=seconds,
            call_attempts=1,
            jira_url=f"{origin(simulators)}/jira",
            sentinel_tickets=True,
            **secops(simulators),
        )
        await play_ways(ways, settings, store)
    await close_credential()
    await close_sessions()
    state = simulators.state()
    for case in CASES:
        case.record = store.records[case.case_id]
        case.tickets = of_case(case, state, "tickets", "jira_issues", "google_secops_cases")
        case.messages = of_case(case, state, *MESSAGES)


async def play_ways(ways: set[str], settings: Settings, store: FakeCases) -> None:
    """Cases about tickets have all ticketing systems and mail, the others one and all channels."""
    mail = MailByCase(settings)
    channels: list[Notifier] = [one for one in notifiers(settings) if one.channel != "email"]
    systems = ticket_systems(settings)
    about_tickets = [one for one in CASES if set(GROUPS[one.group]) <= set(TICKETS)]
    about_channels = [one for one in CASES if one not in about_tickets]
    channels.append(mail)
    for cases, ticketing, told in (
        (about_tickets, systems, channels[-1:]),
        (about_channels, systems[:1], channels),
    ):
        set_providers(
            Providers(siem=Sentinel(settings), cases=store, ticketing=ticketing, notifiers=told)
        )
        played = [case for case in cases if case.way in ways]
        for case in played:
            vendors = GROUPS[case.group]
            mail.way_of[case.case_id] = next((one for one in vendors if one in MAILS), "email")
        await asyncio.gather(*(tell(case, store) for case in played))


async def tell(case: Case, store: FakeCases) -> None:
    """Tell people as a case does, from its verdict to its end."""
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
    assert vendor in json.dumps(case.block["notes"])
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
