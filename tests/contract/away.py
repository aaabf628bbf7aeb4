"""Vendors of tickets and channels that are away in each way, each case asking its own clients.

Only a vendor that is to be silent has a short deadline: whoever is well is waited for, however busy
the machine is.
"""

from collections.abc import Collection
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Self

from shared.bootstrap import Providers
from shared.ports import CaseStore, Notifier, Siem, Ticketing
from shared.providers.communication_services import CommunicationServicesMail
from shared.providers.email import SmtpMail
from shared.providers.graph_mail import GraphMail
from shared.providers.people import notifiers, ticket_systems
from shared.providers.sentinel import Sentinel
from shared.settings import Settings
from tests.contract.google_account import origin, secops
from tests.contract.processes import Lab

type Json = dict[str, Any]
WAYS: dict[str, Json] = {
    "timeout": {"kind": "latency", "value": 60},
    "401": {"kind": "status", "value": 401},
    "429": {"kind": "status", "value": 429, "retry_after": 60},
    "500": {"kind": "status", "value": 500},
    "malformed": {"kind": "malformed"},
    "hang": {"kind": "timeout"},
}
SMTP_CODES = {"401": 535, "429": 451, "500": 554}
SILENT = {"timeout", "hang"}
"""Ways that show only when the deadline is over."""
SHORT_SECONDS, LONG_SECONDS = 2.0, 100.0
MAILS: dict[str, type[SmtpMail | GraphMail | CommunicationServicesMail]] = {
    "email": SmtpMail,
    "graph_mail": GraphMail,
    "communication_services": CommunicationServicesMail,
}


@dataclass
class Clients:
    """Every vendor's client, all with the same deadline."""

    siem: Siem
    ticketing: list[Ticketing]
    channels: list[Notifier]
    """Without mail."""
    mails: dict[str, Notifier]

    @classmethod
    def with_deadline(cls, seconds: float, lab: Lab) -> Self:
        settings = Settings(
            call_timeout_seconds=seconds,
            call_budget_seconds=seconds,
            call_attempts=1,
            jira_url=f"{origin(lab)}/jira",
            sentinel_tickets=True,
            **secops(lab),
        )
        return cls(
            siem=Sentinel(settings),
            ticketing=ticket_systems(settings),
            channels=[one for one in notifiers(settings) if one.channel != "email"],
            mails={name: way(settings) for name, way in MAILS.items()},
        )


OF_CASE: ContextVar[Providers] = ContextVar("OF_CASE")
"""Whom the case that runs now asks."""


class OfCase(Providers):
    """The app has one set of providers; here each case has its own."""

    def __getattribute__(self, name: str) -> Any:
        return getattr(OF_CASE.get(), name)


@dataclass
class House:
    """Both kinds of clients, and the case store."""

    cases: CaseStore
    patient: Clients
    hasty: Clients

    @classmethod
    def of(cls, lab: Lab, cases: CaseStore) -> Self:
        kinds = (Clients.with_deadline(seconds, lab) for seconds in (LONG_SECONDS, SHORT_SECONDS))
        return cls(cases, *kinds)

    def providers(self, away: Collection[str], way: str) -> Providers:
        """Return everybody, those of the vendors that are silent with the short deadline."""

        def of(name: str) -> Clients:
            return self.hasty if way in SILENT and name in away else self.patient

        mail = next((one for one in away if one in MAILS), "email")
        systems = {one.name: place for place, one in enumerate(self.patient.ticketing)}
        channels = {one.channel: place for place, one in enumerate(self.patient.channels)}
        return Providers(
            siem=of("sentinel").siem,
            cases=self.cases,
            ticketing=[of(name).ticketing[place] for name, place in systems.items()],
            notifiers=[
                *(of(name).channels[place] for name, place in channels.items()),
                of(mail).mails[mail],
            ],
        )


def fault(vendor: str, way: str, about: str, *, operation: str = "*") -> Json:
    """Return what a vendor is told to do to the requests about something."""
    one = {**WAYS[way], "vendor": vendor, "operation": operation, "about": [about]}
    if vendor == "email" and way in SMTP_CODES:
        one["value"] = SMTP_CODES[way]
    return one
