"""E-mail by Azure Communication Services behind the ``Notifier`` port."""

from shared.providers.communication_services.mail import CommunicationServicesMail

__all__ = ["CommunicationServicesMail"]
