"""Whether the mail server takes our credentials; nothing is sent."""

import ssl

import aiosmtplib

from shared.errors import NotConfigured
from shared.providers.email.compose import VENDOR
from shared.providers.email.mail import to_error
from shared.settings import Settings


async def check(settings: Settings) -> str:
    """Connect, secure the connection, log in, and leave.

    Raises:
        NotConfigured: no sender or recipient, or a password without TLS.
        TourniquetError: see ``shared.errors``.
    """
    if not settings.mail_from or not settings.soc_mail_to:
        raise NotConfigured("TOURNIQUET_MAIL_FROM or TOURNIQUET_SOC_MAIL_TO not set", vendor=VENDOR)
    password = settings.smtp_password
    if password is not None and settings.smtp_tls == "none":
        raise NotConfigured("a password is never sent in clear", vendor=VENDOR)
    client = aiosmtplib.SMTP(
        hostname=settings.smtp_host,
        port=settings.smtp_port,
        username=settings.smtp_username if password else None,
        password=password.get_secret_value() if password else None,
        start_tls=settings.smtp_tls == "starttls",
        use_tls=settings.smtp_tls == "tls",
        tls_context=None if settings.smtp_tls == "none" else ssl.create_default_context(),
        timeout=settings.call_timeout_seconds,
    )
    try:
        async with client:
            await client.noop()
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        raise to_error(error) from error
    return f"mail from {settings.mail_from} to {', '.join(settings.soc_mail_to)}"
