"""SMTP: the channel that still works when the ticketing system and the chat do not."""

import logging
import ssl
from email.message import EmailMessage
from functools import cached_property

import aiosmtplib

from shared.errors import (
    NotConfigured,
    PermanentError,
    PermissionDenied,
    RetryableError,
    TourniquetError,
)
from shared.models.message import Notification, NotificationReceipt
from shared.providers.email.compose import VENDOR, compose
from shared.providers.retry import CallPolicy, NotSent, Retry, call_with_retries
from shared.settings import Settings

OPERATION = "message.send"
LOGGER = logging.getLogger(__name__)


class SmtpMail:
    """A ``Notifier``. A mail cannot be changed once sent: an update is a reply to the first one."""

    channel = "email"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._policy = CallPolicy.from_settings(settings)

    async def notify(self, notification: Notification) -> NotificationReceipt:
        """Hand the mail to the SMTP server; ``reference`` of the receipt is its Message-ID.

        A lost answer is not tried again here, because the server may have taken the mail already.

        Raises:
            NotConfigured: no server, sender or recipient, or credentials without TLS.
            PermissionDenied: the server refuses our credentials.
            RetryableError: the server is not reachable or says to come back later.
            PermanentError: the server refuses the mail, or its certificate is not trusted.
        """
        message = self._message(notification)
        await call_with_retries(
            lambda: self._send(message),
            self._policy,
            vendor=VENDOR,
            operation=OPERATION,
            retry=Retry.IF_NOT_PROCESSED,
        )
        return NotificationReceipt(channel=self.channel, reference=message["Message-ID"])

    def _message(self, notification: Notification) -> EmailMessage:
        settings = self._settings
        recipients = notification.recipients or settings.soc_mail_to
        needed = {
            "TOURNIQUET_SMTP_HOST": settings.smtp_host,
            "TOURNIQUET_MAIL_FROM": settings.mail_from,
            "TOURNIQUET_SOC_MAIL_TO": recipients,
        }
        if missing := [name for name, value in needed.items() if not value]:
            raise NotConfigured(f"{', '.join(missing)} not set", vendor=VENDOR)
        if settings.smtp_password is not None and settings.smtp_tls == "none":
            raise NotConfigured(
                "TOURNIQUET_SMTP_TLS is none: a password is never sent in clear", vendor=VENDOR
            )
        unique = list(dict.fromkeys(recipients))
        return compose(notification, sender=settings.mail_from or "", recipients=unique)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        # Reading the trusted authorities takes some 20 ms and holds up the worker: once is enough.
        return ssl.create_default_context()

    async def _send(self, message: EmailMessage) -> None:
        settings = self._settings
        password = settings.smtp_password
        try:
            refused, _ = await aiosmtplib.send(
                message,
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_username if password else None,
                password=password.get_secret_value() if password else None,
                start_tls=settings.smtp_tls == "starttls",
                use_tls=settings.smtp_tls == "tls",
                tls_context=None if settings.smtp_tls == "none" else self._tls,
                timeout=self._policy.attempt_timeout,
            )
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise to_error(error) from error
        if refused:
            LOGGER.warning("the mail server refused %d of the recipients", len(refused))


def to_error(error: Exception) -> TourniquetError:
    """Return our error; the server's words are left out, they may repeat what was sent."""
    code = getattr(error, "code", None)
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        codes = [refusal.code for refusal in error.recipients]
        code = min(codes) if codes else None
    if _has_untrusted_certificate(error):
        return _fail(PermanentError, "the mail server's certificate is not trusted")
    if isinstance(error, aiosmtplib.SMTPAuthenticationError) and not _is_transient(code):
        return _fail(PermissionDenied, f"the mail server refuses our credentials ({code})")
    if isinstance(code, int) and code < 0:
        return _fail(RetryableError, "the mail server's answer is garbled")
    if isinstance(code, int) and not isinstance(error, aiosmtplib.SMTPConnectError):
        kind = RetryableError if _is_transient(code) else PermanentError
        return _fail(kind, f"the mail server answered {code}")
    name = type(error).__name__
    match error:
        case aiosmtplib.SMTPConnectError() | aiosmtplib.SMTPConnectTimeoutError():
            return _fail(NotSent, f"the mail server is not reachable ({name})")
        case aiosmtplib.SMTPServerDisconnected() | aiosmtplib.SMTPTimeoutError() | OSError():
            return _fail(RetryableError, f"the mail server does not answer ({name})")
        case _:
            return _fail(PermanentError, f"the mail could not be sent ({name})")


def _fail(kind: type[TourniquetError], message: str) -> TourniquetError:
    return kind(message, vendor=VENDOR, operation=OPERATION)


def _is_transient(code: object) -> bool:
    return isinstance(code, int) and 400 <= code < 500


def _has_untrusted_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
