"""E-mail behind the ``Notifier`` port."""

from shared.providers.email.mail import SmtpMail

__all__ = ["SmtpMail"]
