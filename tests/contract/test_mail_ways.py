"""Mail by Microsoft Graph and by Azure Communication Services, as the SMTP one is tested."""

from collections.abc import Callable

import pytest

from shared.errors import (
    NotConfigured,
    NotFound,
    PermanentError,
    PermissionDenied,
    RetryableError,
    TourniquetError,
)
from shared.models.message import Notification
from shared.providers.communication_services import CommunicationServicesMail
from shared.providers.communication_services import mail as sending
from shared.providers.email.check import check
from shared.providers.graph_mail import GraphMail
from shared.settings import Settings
from tests.contract.processes import Lab

SENDER = "tourniquet@contoso.example"
MAILBOX = {
    "id": "5f0c2b1a-7d3e-4a61-9c2b-8e4d1f6a7b90",
    "userPrincipalName": SENDER,
    "mail": SENDER,
    "displayName": "Tourniquet",
}
NASTY = "Ada\r\nBcc: eve@evil.example <script>alert(1)</script> \N{RIGHT-TO-LEFT OVERRIDE}"


def message(**values: object) -> Notification:
    usual = {"case_id": "case-1", "title": "Account compromised", "summary": "What happened"}
    return Notification.model_validate({**usual, **values})


@pytest.fixture
def mailbox(lab: Lab) -> Lab:
    lab.tenant(directory={"users": [MAILBOX]})
    return lab


async def test_graph_sends_from_the_mailbox_and_keeps_the_conversation(
    mailbox: Lab, settings: Settings
) -> None:
    mail = GraphMail(settings)
    first = await mail.notify(message(subject="Case 1", urgent=True))
    await mail.notify(message(subject="Case 1", summary="Later", reference=first.reference))
    one, two = mailbox.state()["sentMail"]
    assert one["subject"] == two["subject"] == "Case 1"
    assert one["internetMessageId"] == first.reference != two["internetMessageId"]
    assert one["importance"] == "high"
    assert one["toRecipients"][0]["emailAddress"]["address"] == "soc@contoso.example"
    thread = {header["name"]: header["value"] for header in two["internetMessageHeaders"]}
    assert thread["In-Reply-To"] == thread["References"] == first.reference
    assert not [line for line in mailbox.ledger("entra") if line.get("violation")]


async def test_graph_without_the_mailbox_or_the_permission_says_so(
    lab: Lab, settings: Settings
) -> None:
    with pytest.raises(NotFound):
        await GraphMail(settings).notify(message())
    lab.tenant(directory={"users": [MAILBOX], "appPermissionsWithheld": ["Mail.Send"]})
    with pytest.raises(PermissionDenied):
        await GraphMail(settings).notify(message())


async def test_communication_services_wait_until_it_is_sent_and_send_once(
    lab: Lab, settings: Settings
) -> None:
    mail = CommunicationServicesMail(settings)
    first = await mail.notify(message(subject="Case 1"))
    again = await mail.notify(message(subject="Case 1"))
    assert first.reference == again.reference
    (sent,) = lab.state()["communicationServicesMails"]
    assert sent["headers"]["Message-ID"] == first.reference
    assert sent["to"] == ["soc@contoso.example"]
    later = await mail.notify(message(subject="Case 1", title="x", reference=first.reference))
    assert later.reference != first.reference
    headers = lab.state()["communicationServicesMails"][1]["headers"]
    assert headers["In-Reply-To"] == headers["References"] == first.reference
    looks = [one["operation"] for one in lab.ledger("communication_services")]
    assert looks.count("emails.send") == 3 and looks.count("emails.operations.get") >= 2
    assert not [line for line in lab.ledger("communication_services") if line.get("violation")]


async def test_a_lost_answer_of_communication_services_is_no_second_mail(
    lab: Lab, settings: Settings
) -> None:
    lab.fault("communication_services", "reset", operation="emails.send", when="after", times=1)
    await CommunicationServicesMail(settings).notify(message())
    assert len(lab.state()["communicationServicesMails"]) == 1


@pytest.mark.parametrize(
    ("recipient", "expected", "said"),
    [
        ("ada@nowhere.example", PermanentError, "EmailDropped"),
        ("not an address", TourniquetError, "not a mail address"),
    ],
)
async def test_a_mail_that_is_dropped_did_not_reach_anybody(
    lab: Lab,
    settings: Settings,
    recipient: str,
    expected: type[TourniquetError],
    said: str,
) -> None:
    with pytest.raises(expected, match=said):
        await CommunicationServicesMail(settings).notify(message(recipients=[recipient]))
    assert lab.state()["communicationServicesMails"] == []


async def test_a_sending_that_never_ends_is_not_waited_for_for_ever(
    lab: Lab, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = settings.call_budget_seconds
    monkeypatch.setattr(sending, "parse_retry_after", lambda _header: whole)
    monkeypatch.setattr(sending, "LONGEST_WAIT_SECONDS", whole)
    with pytest.raises(RetryableError, match="may still be"):
        await CommunicationServicesMail(settings).notify(message())


@pytest.mark.parametrize("way", [GraphMail, CommunicationServicesMail])
@pytest.mark.parametrize("missing", [{"mail_from": None}, {"soc_mail_to": []}])
async def test_what_is_missing_is_said(
    lab: Lab,
    make_settings: Callable[..., Settings],
    way: type[GraphMail | CommunicationServicesMail],
    missing: dict[str, object],
) -> None:
    with pytest.raises(NotConfigured):
        await way(make_settings(**missing)).notify(message())
    assert lab.ledger("entra") == lab.ledger("communication_services") == []


async def test_what_comes_from_outside_is_no_header_and_no_tag(
    mailbox: Lab, settings: Settings
) -> None:
    nasty = message(title=NASTY, summary=NASTY, lines=[NASTY], subject=NASTY)
    await GraphMail(settings).notify(nasty)
    await CommunicationServicesMail(settings).notify(nasty)
    (by_graph,) = mailbox.state()["sentMail"]
    (by_azure,) = mailbox.state()["communicationServicesMails"]
    assert len(by_graph["toRecipients"]) == len(by_azure["to"]) == 1
    for text in (by_graph["body"]["content"], by_azure["html"]):
        assert "<script>" not in text
    assert "\n" not in by_graph["subject"] + by_azure["subject"]


async def test_the_doctor_asks_without_sending(
    mailbox: Lab, make_settings: Callable[..., Settings]
) -> None:
    assert "EVERY mailbox" in await check(make_settings(mail_via="graph"))
    said = await check(make_settings(mail_via="communication_services"))
    assert "our identity may ask" in said
    assert mailbox.state()["sentMail"] == mailbox.state()["communicationServicesMails"] == []
