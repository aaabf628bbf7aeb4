"""An SMTP server with STARTTLS and AUTH; every accepted mail is an effect in the ledger.

Ledger vendor ``email``, operation ``send``, method ``DATA``, target the recipients, body
``{"from", "to", "subject", "headers", "text"}``. Faults: ``status`` answers that SMTP code,
``malformed`` answers nonsense, ``reset`` drops the connection, ``timeout`` never answers,
``latency`` waits.
"""

import asyncio
import email.policy
import logging
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from lab.simulators.config import SimulatorSettings
from lab.simulators.faults import Fault, Faults
from lab.simulators.ledger import Ledger
from lab.simulators.vendor import same

# It warns about its own use of Session.login_data at every login.
logging.getLogger("mail.log").setLevel(logging.ERROR)

VENDOR, OPERATION = "email", "send"


class MailServer:
    """Keeps the mails it accepted, newest last."""

    def __init__(
        self, settings: SimulatorSettings, ledger: Ledger, faults: Faults, tls: ssl.SSLContext
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._faults = faults
        self._tls = tls
        self._server: asyncio.Server | None = None
        self.mails: list[dict[str, Any]] = []

    async def start(self, port: int) -> None:
        """Listen on the loopback address."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, "127.0.0.1", port)

    async def stop(self) -> None:
        """Stop listening and drop open connections."""
        if self._server is not None:
            self._server.close()
            self._server.close_clients()

    @property
    def serving(self) -> bool:
        """Whether mail is accepted."""
        return self._server is not None and self._server.is_serving()

    def reset(self) -> None:
        """Forget the mails."""
        self.mails.clear()

    def _session(self) -> SMTP:
        return SMTP(
            self,
            hostname="localhost",
            tls_context=self._tls,
            require_starttls=True,
            auth_required=True,
            authenticator=self._authenticate,
            data_size_limit=10 * 1024 * 1024,
        )

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        settings = self._settings
        known = (
            isinstance(data, LoginPassword)
            and same(data.login.decode(), settings.tourniquet_smtp_username)
            and same(data.password.decode(), settings.tourniquet_smtp_password)
        )
        return AuthResult(success=known, handled=known)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Accept one mail, or misbehave as told."""
        mail = _read(envelope)
        fault = self._faults.pick(VENDOR, (OPERATION,), str(mail))
        lost = fault is not None and fault.kind != "latency"
        accepted = not lost or (fault is not None and fault.when == "after")
        if await self._faults.is_overtaken(fault):
            return "421 closed"
        if accepted:
            self.mails.append({**mail, "at": datetime.now(UTC).isoformat()})
        self._ledger.write(
            VENDOR, OPERATION, method="DATA", path="smtp",
            target=",".join(envelope.rcpt_tos), body=mail,
            status=_status(fault), effect=accepted, fault=fault.kind if fault else None,
        )  # fmt: skip
        return await self._reply(server, fault)

    async def _reply(self, server: SMTP, fault: Fault | None) -> str:
        if fault is None:
            return "250 OK"
        if fault.kind == "latency":
            await asyncio.sleep(fault.value or 0 if fault.when == "after" else 0)
            return "250 OK"
        if fault.kind == "status":
            return f"{int(fault.value or 451)} The lab was told to answer so"
        if fault.kind == "malformed":
            return "?? this is not SMTP"
        if fault.kind == "timeout":
            await self._faults.wait_for_nothing()
        if isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        return "421 closed"


def _status(fault: Fault | None) -> int:
    if fault is None or fault.kind == "latency":
        return 250
    return int(fault.value or 451) if fault.kind == "status" else 0


def _read(envelope: Envelope) -> dict[str, Any]:
    content = envelope.original_content or b""
    message = email.message_from_bytes(content, EmailMessage, policy=email.policy.default)
    text = message.get_body(("plain", "html"))
    return {
        "from": envelope.mail_from,
        "to": list(envelope.rcpt_tos),
        "subject": str(message["Subject"] or ""),
        "headers": {name: str(value) for name, value in message.items()},
        "text": text.get_content() if text is not None else "",
    }
