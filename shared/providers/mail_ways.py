"""Which of the ways to send mail is used: one, so that nobody gets a mail twice."""

from shared.ports import Notifier
from shared.settings import Settings


def mail_notifiers(settings: Settings) -> list[Notifier]:
    """Return who sends mail by the way that is chosen; nobody without a choice and a server."""
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
