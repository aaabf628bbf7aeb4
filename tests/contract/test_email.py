import email.message
import email.policy
from collections.abc import Callable

import pytest

from shared.errors import (
    NotConfigured,
    PermanentError,
    PermissionDenied,
    RetryableError,
    TourniquetError,
)
from shared.models.message import Notification
from shared.providers.email import SmtpMail
from shared.settings import Settings
from tests.contract.processes import PATIENCE_SECONDS, Lab
from tests.support.ports import free_port


def message(**values: object) -> Notification:
    usual = {"case_id": "case-1", "title": "Account compromised", "summary": "What happened"}
    return Notification.model_validate({**usual, **values})


async def test_a_mail_reaches_the_soc_over_starttls(lab: Lab, settings: Settings) -> None:
    receipt = await SmtpMail(settings).notify(message(facts=[("Account", "ada@contoso.example")]))
    (mail,) = lab.state()["mails"]
    assert mail["to"] == ["soc@contoso.example"]
    assert mail["subject"] == "Account compromised"
    assert mail["headers"]["Message-ID"] == receipt.reference
    assert "Account: ada@contoso.example" in mail["text"]


async def test_recipients_of_the_message_win_and_get_it_once(lab: Lab, settings: Settings) -> None:
    people = ["irt@contoso.example", "lead@contoso.example", "irt@contoso.example"]
    await SmtpMail(settings).notify(message(recipients=people))
    assert lab.state()["mails"][0]["to"] == people[:2]


async def test_the_same_mail_again_has_the_same_id_and_another_has_not(
    lab: Lab, settings: Settings
) -> None:
    mail = SmtpMail(settings)
    first, second = await mail.notify(message()), await mail.notify(message())
    other = await mail.notify(message(summary="Contained", reference=first.reference))
    assert first.reference == second.reference != other.reference
    headers = lab.state()["mails"][2]["headers"]
    assert headers["In-Reply-To"] == headers["References"] == first.reference


async def test_wrong_credentials_are_refused_and_never_shown(
    make_settings: Callable[..., Settings],
) -> None:
    with pytest.raises(PermissionDenied) as raised:
        await SmtpMail(make_settings(smtp_password="wrong-secret-value")).notify(message())
    assert "wrong-secret-value" not in raised.value.describe()


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        ("status", {"value": 451}, RetryableError),
        ("status", {"value": 552}, PermanentError),
        ("reset", {}, RetryableError),
        ("timeout", {}, RetryableError),
        ("malformed", {}, TourniquetError),
    ],
)
async def test_failures_have_their_type(
    lab: Lab,
    make_settings: Callable[..., Settings],
    kind: str,
    more: dict[str, float],
    expected: type[TourniquetError],
) -> None:
    lab.fault("email", kind, **more)
    # Also a silent server has to be reached and to be asked.
    timeout = 5 if kind == "timeout" else PATIENCE_SECONDS
    with pytest.raises(expected) as raised:
        await SmtpMail(make_settings(call_timeout_seconds=timeout)).notify(message())
    assert raised.value.vendor == "email"
    assert len(lab.ledger("email")) == 1


async def test_no_server_is_for_later(make_settings: Callable[..., Settings]) -> None:
    port = free_port()
    with pytest.raises(RetryableError, match="not reachable"):
        await SmtpMail(make_settings(smtp_port=port, call_attempts=1)).notify(message())


async def test_an_unknown_authority_is_not_trusted(
    make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(PermanentError, match="certificate"):
        await SmtpMail(make_settings()).notify(message())


@pytest.mark.parametrize(
    "values",
    [{"smtp_host": None}, {"mail_from": None}, {"soc_mail_to": []}, {"smtp_tls": "none"}],
)
async def test_what_is_missing_is_said(
    lab: Lab, make_settings: Callable[..., Settings], values: dict[str, object]
) -> None:
    with pytest.raises(NotConfigured):
        await SmtpMail(make_settings(**values)).notify(message())
    assert lab.ledger("email") == []


def test_the_standard_library_policy_refuses_line_breaks() -> None:
    # The belt to our braces: even a header value that slipped through could not break out.
    built = email.message.EmailMessage(policy=email.policy.SMTP)
    with pytest.raises(ValueError, match="linefeed"):
        built["Subject"] = "a\r\nBcc: b@c.example"
