"""E-mail by Microsoft Graph behind the ``Notifier`` port."""

from shared.providers.graph_mail.mail import GraphMail

__all__ = ["GraphMail"]
