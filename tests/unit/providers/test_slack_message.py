import pytest

from shared.errors import (
    NotFound,
    PermanentError,
    PermissionDenied,
    RetryableError,
    Throttled,
    TourniquetError,
)
from shared.models.message import Notification
from shared.providers.response import VendorResponse
from shared.providers.slack.blocks import MOST_LETTERS, escape, fallback_text, to_blocks
from shared.providers.slack.chat import MessageGoneError, to_error


def message(**values: object) -> Notification:
    usual = {"case_id": "case-1", "title": "Account compromised", "summary": "What happened"}
    return Notification.model_validate({**usual, **values})


def test_control_characters_are_escaped() -> None:
    assert escape("<!channel> & <@U1>") == "&lt;!channel&gt; &amp; &lt;@U1&gt;"
    assert fallback_text(message(title="<!here>")) == "&lt;!here&gt;: What happened"


def test_values_from_outside_are_plain_text_and_labels_are_escaped() -> None:
    blocks = to_blocks(message(facts=[("<!here>", "<!channel> *x*")], lines=["<@U1>"]))
    facts = next(block["fields"] for block in blocks if "fields" in block)
    assert facts[0] == {"type": "mrkdwn", "text": "*&lt;!here&gt;*", "verbatim": True}
    assert facts[1] == {"type": "plain_text", "text": "<!channel> *x*", "emoji": False}
    interpreted = [t for b in blocks for t in [b.get("text", {})] if t.get("type") == "mrkdwn"]
    assert interpreted == []


def test_only_web_links_become_buttons() -> None:
    links = [("Open", "https://contoso.example/1"), ("Bad", "javascript:alert(1)")]
    (actions,) = [b for b in to_blocks(message(links=links)) if b["type"] == "actions"]
    assert [button["url"] for button in actions["elements"]] == ["https://contoso.example/1"]


def test_the_links_and_the_case_id_survive_a_message_that_is_too_long() -> None:
    blocks = to_blocks(
        message(lines=["x" * 2000] * 100, links=[("Open", "https://contoso.example")])
    )
    assert [block["type"] for block in blocks[-2:]] == ["actions", "context"]
    assert "more" in blocks[-3]["text"]["text"]
    letters = sum(len(block["text"]["text"]) for block in blocks[:-2])
    assert letters < MOST_LETTERS + 100


def answer(body: object) -> VendorResponse:
    return VendorResponse(200, {"Retry-After": "7"}, body)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ratelimited", Throttled),
        ("rate_limited", Throttled),
        ("invalid_auth", PermissionDenied),
        ("missing_scope", PermissionDenied),
        ("channel_not_found", NotFound),
        ("not_in_channel", NotFound),
        ("fatal_error", RetryableError),
        ("message_not_found", MessageGoneError),
        ("msg_blocks_too_long", PermanentError),
        ("<script>", PermanentError),
    ],
)
def test_ok_false_is_a_failure_by_its_code(code: str, expected: type[TourniquetError]) -> None:
    error = to_error(answer({"ok": False, "error": code}), "chat.postMessage")
    assert type(error) is expected
    assert "<script>" not in str(error)


def test_a_throttled_answer_keeps_its_waiting_time() -> None:
    error = to_error(answer({"ok": False, "error": "ratelimited"}), "chat.postMessage")
    assert isinstance(error, Throttled)
    assert error.retry_after == 7


@pytest.mark.parametrize("body", [None, [], {}, {"ok": "yes"}, "ok"])
def test_an_answer_without_ok_is_garbled(body: object) -> None:
    assert type(to_error(answer(body), "chat.postMessage")) is RetryableError


def test_ok_is_no_error() -> None:
    assert to_error(answer({"ok": True}), "chat.postMessage") is None
