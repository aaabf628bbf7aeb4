from collections.abc import Callable

import pytest

from shared.errors import NotConfigured, PermissionDenied, RetryableError
from shared.models.message import Notification
from shared.providers.teams import Teams
from shared.settings import Settings
from tests.contract.processes import Lab

NASTY = "[click](https://evil.example) **b** <at>all</at> {{x}} \\u0000 <script>"


def message(text: str = "Account compromised", count: int = 1) -> Notification:
    links = [
        (text or "-", "https://contoso.example/case?id=1&x=<2>"),
        ("Decide", "https://a.example"),
    ]
    return Notification(
        case_id="case-1",
        title=text,
        summary=text,
        facts=[(text, text)] * count,
        lines=[text] * count,
        links=links * count,
        urgent=True,
    )


@pytest.mark.parametrize(
    "text",
    [NASTY, "x" * 5000, "\N{ROCKET}" * 3000, " ", ""],
    ids=["nasty", "long", "emoji", "blank", "empty"],
)
@pytest.mark.parametrize("count", [0, 1, 7, 400])
async def test_whatever_is_said_is_a_card_that_teams_takes(
    lab: Lab, settings: Settings, text: str, count: int
) -> None:
    receipt = await Teams(settings).notify(message(text, count))
    assert (receipt.channel, receipt.reference) == ("teams", None)
    (line,) = lab.ledger("teams")
    assert "violation" not in line
    assert line["effect"]


async def test_what_comes_from_outside_is_never_markdown(lab: Lab, settings: Settings) -> None:
    await Teams(settings).notify(message(NASTY))
    (card,) = lab.state()["teams"]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    assert [action["url"] for action in card["actions"]] == ["https://a.example"]


async def test_a_wrong_signature_is_denied_and_never_quoted(
    lab: Lab, settings: Settings, make_settings: Callable[..., Settings]
) -> None:
    assert settings.teams_webhook_url is not None
    url = settings.teams_webhook_url.get_secret_value() + "wrong-signature"
    with pytest.raises(PermissionDenied) as denied:
        await Teams(make_settings(teams_webhook_url=url)).notify(message())
    assert "sig=" not in str(denied.value)
    assert "wrong-signature" not in str(denied.value)


async def test_an_address_without_tls_is_refused(make_settings: Callable[..., Settings]) -> None:
    with pytest.raises(NotConfigured):
        await Teams(make_settings(teams_webhook_url="http://localhost/x")).notify(message())


async def test_a_lost_answer_is_not_posted_again_blindly(lab: Lab, settings: Settings) -> None:
    lab.fault("teams", "reset", operation="webhook.post", when="after")
    with pytest.raises(RetryableError):
        await Teams(settings).notify(message())
    assert len(lab.ledger("teams")) == 1
