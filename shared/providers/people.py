"""Who serves tickets and channels, as the settings name them."""

from shared.ports import Notifier, Ticketing
from shared.settings import Settings


def ticket_systems(settings: Settings) -> list[Ticketing]:
    """Return every ticketing system that is configured; the first is the case's."""
    found: list[Ticketing] = []
    if settings.servicenow_url:
        from shared.providers.servicenow import ServiceNow

        found.append(ServiceNow(settings))
    if settings.jira_url:
        from shared.providers.jira import Jira

        found.append(Jira(settings))
    if settings.google_secops_case_assignee:
        from shared.providers.google_secops_soar import GoogleSecOpsCases

        found.append(GoogleSecOpsCases(settings))
    if settings.sentinel_tickets:
        from shared.providers.sentinel.tickets import SentinelTickets

        found.append(SentinelTickets(settings))
    return found


def is_ticket(incident_id: str, system: str, settings: Settings) -> bool:
    """Return whether an incident is itself a ticket of a system, as Sentinel's incidents are."""
    if system == "sentinel":
        return incident_id.startswith("/subscriptions/")
    if system == "google_secops_soar" and settings.siem == "google_secops":
        from shared.providers.google_secops_soar.models import case_number

        return case_number(incident_id) is not None
    return False


def notifiers(settings: Settings) -> list[Notifier]:
    """Return every channel that is configured."""
    found: list[Notifier] = []
    if settings.slack_bot_token:
        from shared.providers.slack import Slack

        found.append(Slack(settings))
    if settings.teams_webhook_url:
        from shared.providers.teams import Teams

        found.append(Teams(settings))
    if settings.pagerduty_routing_key:
        from shared.providers.pagerduty import PagerDuty

        found.append(PagerDuty(settings))
    return [*found, *_mail(settings)]


def _mail(settings: Settings) -> list[Notifier]:
    """Return who sends mail, by one way: nobody gets a mail twice."""
    if settings.mail_via == "graph":
        from shared.providers.graph_mail import GraphMail

        return [GraphMail(settings)]
    if settings.mail_via == "communication_services":
        from shared.providers.communication_services import CommunicationServicesMail

        return [CommunicationServicesMail(settings)]
    if settings.mail_via == "smtp" or settings.smtp_host:
        from shared.providers.email import SmtpMail

        return [SmtpMail(settings)]
    return []
