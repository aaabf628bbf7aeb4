from collections.abc import Callable

import pytest

from shared.errors import NotFound, PermanentError, RetryableError
from shared.models.message import Notification
from shared.providers.slack import Slack
from shared.settings import Settings
from tests.contract.processes import Lab

NASTY = "<!channel> & <https://evil.example|click> *b* `c` <@U123>"


def message(**values: object) -> Notification:
    usual = {"case_id": "case-1", "title": "Account compromised", "summary": "What happened"}
    return Notification.model_validate({**usual, **values})


def full(text: str, count: int) -> Notification:
    return message(
        title=text,
        summary=text,
        facts=[(text, text)] * count,
        lines=[text] * count,
        links=[
            (text, "https://contoso.example/case?id=1&x=<2>"),
            (text, "https://contoso.example"),
        ],
        urgent=True,
    )


async def test_a_message_is_posted_and_updated(lab: Lab, settings: Settings) -> None:
    slack = Slack(settings)
    receipt = await slack.notify(message())
    assert receipt.channel == "slack"
    again = await slack.notify(message(summary="Contained", reference=receipt.reference))
    assert again.reference == receipt.reference
    posted, note = lab.state()["slack"]
    assert posted["text"] == note["text"] == "Account compromised: Contained"
    assert note["thread_ts"] == posted["ts"]
    sent = [
        (line["operation"], line["body"].get("reply_broadcast")) for line in lab.ledger("slack")
    ]
    assert sent == [("chat.postMessage", None), ("chat.update", None), ("chat.postMessage", None)]


async def test_what_has_to_be_acted_on_is_said_in_the_channel_and_a_mere_change_nowhere(
    lab: Lab, settings: Settings
) -> None:
    slack = Slack(settings)
    first = (await slack.notify(message())).reference
    await slack.notify(message(summary="x", reference=first, quiet=True))
    await slack.notify(message(summary="y", reference=first, alert=True))
    bodies = [line["body"] for line in lab.ledger("slack")]
    assert [body.get("thread_ts") for body in bodies].count(None) == 3
    assert [body.get("reply_broadcast") for body in bodies] == [None, None, None, True]
    assert all("violation" not in line for line in lab.ledger("slack"))


@pytest.mark.parametrize(
    "text",
    [NASTY, "x" * 5000, "<&>" * 2000, "\N{ROCKET}" * 3000, " ", ""],
    ids=["nasty", "long", "escaped", "emoji", "blank", "empty"],
)
@pytest.mark.parametrize("count", [0, 1, 7, 400])
async def test_whatever_is_said_fits_slacks_own_types_and_limits(
    lab: Lab, settings: Settings, text: str, count: int
) -> None:
    receipt = await Slack(settings).notify(full(text, count))
    await Slack(settings).notify(
        full(text, count).model_copy(update={"reference": receipt.reference})
    )
    assert all("violation" not in line for line in lab.ledger("slack"))


async def test_a_message_that_is_gone_is_posted_anew(lab: Lab, settings: Settings) -> None:
    first = await Slack(settings).notify(message())
    lab.reset()
    again = await Slack(settings).notify(message(reference=first.reference))
    assert again.reference
    assert len(lab.state()["slack"]) == 1


async def test_a_reference_of_another_channel_is_not_used(lab: Lab, settings: Settings) -> None:
    await Slack(settings).notify(message(reference="<mail-id@contoso.example>"))
    assert [line["operation"] for line in lab.ledger("slack")] == ["chat.postMessage"]


async def test_an_unknown_channel_is_not_found(
    lab: Lab, make_settings: Callable[..., Settings]
) -> None:
    with pytest.raises(NotFound, match="channel_not_found"):
        await Slack(make_settings(slack_channel="C0NOWHERE1")).notify(message())


async def test_a_post_whose_answer_was_lost_is_not_repeated_blindly(
    lab: Lab, settings: Settings
) -> None:
    lab.fault("slack", "reset", operation="chat.postMessage", when="after")
    with pytest.raises(RetryableError):
        await Slack(settings).notify(message())
    assert len(lab.ledger("slack")) == 1


def asked(choices: int, *, text: str = "Reset password") -> Notification:
    one = {"action": "RevokeSessions", "label": text, "consequence": text, "recommended": True}
    alone = {"action": "NoAction", "label": "No action", "consequence": text}
    question = {"choices": [one] * choices, "alone": [alone], "token": "1.x" * 20}
    return message(question=question, lines=[text] * 80)


@pytest.mark.parametrize("choices", [0, 1, 10, 23])
@pytest.mark.parametrize("text", ["Reset password", "x" * 400, " ", NASTY])
async def test_a_question_fits_slacks_own_types_and_limits(
    lab: Lab, settings: Settings, choices: int, text: str
) -> None:
    receipt = await Slack(settings).notify(asked(choices, text=text))
    assert all("violation" not in line for line in lab.ledger("slack"))
    await Slack(settings).notify(message(reference=receipt.reference))
    now, _note = lab.state()["slack"]
    assert not [block for block in now["blocks"] if block["type"] == "actions"]


async def test_somebody_is_answered_in_the_messages_thread(lab: Lab, settings: Settings) -> None:
    slack = Slack(settings)
    receipt = await slack.notify(message())
    channel, _colon, ts = (receipt.reference or "").partition(":")
    await slack.reply(channel=channel, ts=ts, user="U0ANALYST1", text="no <!channel>")
    reply = lab.state()["slack"][1]
    assert (reply["thread_ts"], reply["text"]) == (ts, "<@U0ANALYST1> no &lt;!channel&gt;")
    with pytest.raises(PermanentError):
        await slack.reply(channel=channel, ts=ts, user="U1> <!channel", text="x")


async def test_whose_account_a_member_has(lab: Lab, settings: Settings) -> None:
    assert await Slack(settings).mail_of("U0ANALYST1") == "ana.lyst@contoso.example"
    with pytest.raises(NotFound, match="user_not_found"):
        await Slack(settings).mail_of("U0NOBODY")
    assert [line["target"] for line in lab.ledger("slack")] == ["U0ANALYST1", "U0NOBODY"]
