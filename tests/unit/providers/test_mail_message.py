import ssl
from email.message import EmailMessage

import aiosmtplib
import pytest

from shared.errors import (
    PermanentError,
    PermissionDenied,
    RetryableError,
    TourniquetError,
)
from shared.models.message import Notification
from shared.providers.email.compose import compose
from shared.providers.email.mail import to_error
from shared.providers.retry import NotSent

SENDER = "tourniquet@contoso.example"
SOC = ["soc@contoso.example"]


def message(**values: object) -> Notification:
    usual = {"case_id": "case-1", "title": "Account compromised", "summary": "What happened"}
    return Notification.model_validate({**usual, **values})


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    text: str = body.get_content()
    return text


def test_text_and_html_say_the_same() -> None:
    mail = compose(
        message(
            facts=[("Account", "ada@contoso.example")],
            lines=["Sessions revoked"],
            links=[("Open the case", "https://contoso.example/api/cases/1?a=1&b=2")],
        ),
        sender=SENDER,
        recipients=SOC,
    )
    assert mail.get_content_type() == "multipart/alternative"
    for kind in ("plain", "html"):
        text = part(mail, kind)
        for said in ("What happened", "ada@contoso.example", "Sessions revoked", "Open the case"):
            assert said in text
    assert 'href="https://contoso.example/api/cases/1?a=1&amp;b=2"' in part(mail, "html")


def test_html_is_escaped_everywhere() -> None:
    evil = "<img src=x onerror=alert(1)>\"'&"
    mail = compose(
        message(
            case_id=evil,
            title=evil,
            summary=evil,
            facts=[(evil, evil)],
            lines=[evil],
            links=[(evil, "https://contoso.example"), ("x", "javascript:alert(1)")],
        ),
        sender=SENDER,
        recipients=SOC,
    )
    html = part(mail, "html")
    assert "<img" not in html
    assert "javascript:" not in html


def test_no_value_becomes_a_header() -> None:
    evil = "Done\r\nBcc: everyone@contoso.example\r\n\r\nbody\x00\u2028end"
    mail = compose(message(case_id=evil, title=evil), sender=SENDER, recipients=SOC)
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Done Bcc: everyone@contoso.example body end"
    headers = mail.as_bytes().partition(b"\r\n\r\n")[0]
    assert not any(line.lower().startswith(b"bcc") for line in headers.split(b"\r\n"))


@pytest.mark.parametrize(
    "address",
    ["", "soc", "soc@", "@contoso.example", "a@b.c, d@e.f", "a@b.c\r\nBcc: d@e.f", "a b@c.d"],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(PermanentError, match="not a mail address"):
        compose(message(), sender=SENDER, recipients=[address])


def test_a_sender_may_have_a_name() -> None:
    mail = compose(message(), sender="Tourniquet <soar@contoso.example>", recipients=SOC)
    assert mail["From"] == "Tourniquet <soar@contoso.example>"
    assert mail["Message-ID"].endswith("@contoso.example>")


def test_the_message_id_follows_the_content() -> None:
    def identity(recipients: list[str] = SOC, **values: object) -> str:
        mail = compose(message(**values), sender=SENDER, recipients=recipients)
        return str(mail["Message-ID"])

    assert identity() == identity()
    assert identity().startswith("<case-1.")
    assert len({identity(), identity(summary="Other"), identity(recipients=["b@c.example"])}) == 3
    assert identity(case_id="case 1/ø>").startswith("<case-1---.")


def test_an_answer_joins_the_conversation_of_its_reference() -> None:
    first = compose(message(), sender=SENDER, recipients=SOC)["Message-ID"]
    reply = compose(message(reference=first), sender=SENDER, recipients=SOC)
    assert reply["In-Reply-To"] == first
    other = compose(message(reference="C01:1.2\r\nX: y"), sender=SENDER, recipients=SOC)
    assert other["In-Reply-To"] is None


def test_urgent_mail_says_so() -> None:
    assert compose(message(urgent=True), sender=SENDER, recipients=SOC)["Importance"] == "high"
    assert compose(message(), sender=SENDER, recipients=SOC)["Importance"] is None


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (aiosmtplib.SMTPAuthenticationError(535, "no"), PermissionDenied),
        (aiosmtplib.SMTPAuthenticationError(454, "later"), RetryableError),
        (aiosmtplib.SMTPDataError(452, "full"), RetryableError),
        (aiosmtplib.SMTPDataError(550, "spam"), PermanentError),
        (aiosmtplib.SMTPSenderRefused(553, "no", "a@b.c"), PermanentError),
        (aiosmtplib.SMTPConnectError("refused"), NotSent),
        (aiosmtplib.SMTPConnectTimeoutError("slow"), NotSent),
        (aiosmtplib.SMTPReadTimeoutError("slow"), RetryableError),
        (aiosmtplib.SMTPServerDisconnected("gone"), RetryableError),
        (aiosmtplib.SMTPNotSupported("no STARTTLS"), PermanentError),
        (ConnectionResetError(), RetryableError),
        (ssl.SSLCertVerificationError("self-signed"), PermanentError),
    ],
)
def test_smtp_errors_have_their_type(error: Exception, expected: type[TourniquetError]) -> None:
    assert type(to_error(error)) is expected


def test_some_recipients_to_try_again_make_the_whole_retryable() -> None:
    refused = [
        aiosmtplib.SMTPRecipientRefused(550, "no", "a@b.c"),
        aiosmtplib.SMTPRecipientRefused(451, "later", "d@e.f"),
    ]
    assert type(to_error(aiosmtplib.SMTPRecipientsRefused(refused))) is RetryableError
    assert type(to_error(aiosmtplib.SMTPRecipientsRefused(refused[:1]))) is PermanentError
