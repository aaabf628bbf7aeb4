"""Whether mail can be sent the way that is chosen, as far as that can be told without sending."""

import ssl

import aiosmtplib

from shared.errors import NotConfigured
from shared.providers.communication_services.check import check as check_communication_services
from shared.providers.email.compose import VENDOR
from shared.providers.email.mail import to_error
from shared.providers.graph_mail.check import check as check_graph
from shared.settings import Settings


async def check(settings: Settings) -> str:
    """Ask the mail server, Microsoft Graph or Communication Services; nothing is sent.

    Raises:
        NotConfigured: no sender or recipient, or what the chosen way needs.
        TourniquetError: see ``shared.errors``.
    """
    if not settings.mail_from or not settings.soc_mail_to:
        raise NotConfigured("TOURNIQUET_MAIL_FROM or TOURNIQUET_SOC_MAIL_TO not set", vendor=VENDOR)
    said = f"mail from {settings.mail_from} to {', '.join(settings.soc_mail_to)}"
    if settings.mail_via == "graph":
        return f"{said}; {await check_graph(settings)}"
    if settings.mail_via == "communication_services":
        return f"{said}; {await check_communication_services(settings)}"
    await _check_smtp(settings)
    return said


async def _check_smtp(settings: Settings) -> None:
    """Connect, secure the connection, log in, and leave."""
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
