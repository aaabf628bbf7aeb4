import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.case_links import (
    REPORT_LINK_SECONDS,
    Claims,
    Purpose,
    Use,
    case_links,
    csrf_token,
    is_valid,
    read_token,
    sign,
    with_signed_links,
)
from shared.models.base import format_utc
from shared.settings import Settings

KEY = "a key that nobody knows"
CASE = "case-0123456789abcdef01234567"
NOW = 1_800_000_000
TOKEN = sign(KEY, CASE, Purpose.DECISION, NOW + 60)


def valid(token: str, case_id: str = CASE, purpose: Purpose = Purpose.DECISION) -> bool:
    return is_valid(KEY, token, case_id, purpose, now=NOW)


def test_a_genuine_token_is_valid_until_it_expires() -> None:
    assert valid(TOKEN)
    assert is_valid(KEY, TOKEN, CASE, Purpose.DECISION, now=NOW + 60)
    assert not is_valid(KEY, TOKEN, CASE, Purpose.DECISION, now=NOW + 61)


def test_a_token_is_good_for_one_case_and_one_purpose() -> None:
    assert not valid(TOKEN, "case-0123456789abcdef01234568")
    assert not valid(TOKEN, purpose=Purpose.REPORT)


def test_a_token_of_another_key_is_refused() -> None:
    assert not valid(sign("another key", CASE, Purpose.DECISION, NOW + 60))


def test_a_later_expiry_breaks_the_signature() -> None:
    expiry, _dot, signature = TOKEN.partition(".")
    assert not valid(f"{int(expiry) + 3600}.{signature}")


def test_another_question_breaks_the_signature() -> None:
    expiry, _question, run, signature = TOKEN.split(".")
    assert not valid(f"{expiry}.2.{run}.{signature}")
    second = sign(KEY, CASE, Purpose.DECISION, NOW + 60, question=2)
    assert read_token(KEY, second, CASE, Purpose.DECISION, now=NOW) == Claims(NOW + 60, 2)


def test_another_run_of_the_case_breaks_the_signature() -> None:
    expiry, question, run, signature = TOKEN.split(".")
    assert not valid(f"{expiry}.{question}.{run}1.{signature}")


def test_a_link_is_no_session_and_a_session_is_no_link() -> None:
    session = sign(KEY, CASE, Purpose.DECISION, NOW + 60, use=Use.SESSION)
    assert not valid(session)
    for token, use in ((TOKEN, Use.SESSION), (session, Use.LINK)):
        assert isinstance(read_token(KEY, token, CASE, Purpose.DECISION, now=NOW, use=use), str)
    assert read_token(KEY, session, CASE, Purpose.DECISION, now=NOW, use=Use.SESSION)


def test_a_refused_token_says_why_to_the_log_alone() -> None:
    later = NOW + 61
    assert read_token(KEY, TOKEN, CASE, Purpose.DECISION, now=later) == "expired"
    forged = TOKEN[:-4] + "AAAA"
    for now in (NOW, later):
        assert "not signed" in str(read_token(KEY, forged, CASE, Purpose.DECISION, now=now))
    assert read_token(KEY, "x", CASE, Purpose.DECISION, now=NOW) == "malformed"


def test_a_form_of_one_session_is_none_of_another() -> None:
    assert csrf_token(KEY, "one") == csrf_token(KEY, "one")
    assert len({csrf_token(KEY, "one"), csrf_token(KEY, "two"), csrf_token("k", "one")}) == 3


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "1800000060",
        "1800000060.",
        TOKEN + "=",
        TOKEN + "A",
        " " + TOKEN,
        TOKEN.replace(".", ".."),
        "+" + TOKEN,
        "-1." + TOKEN.partition(".")[2],
        "٣" * 10 + "." + TOKEN.partition(".")[2],
        "9" * 5000 + "." + TOKEN.partition(".")[2],
        "\ud800." + TOKEN.partition(".")[2],
        TOKEN + "\ud800",
    ],
)
def test_malformed_tokens_are_refused_and_never_raise(token: str) -> None:
    assert not valid(token)


@given(st.text(max_size=80))
def test_no_text_is_a_token(text: str) -> None:
    assert not valid(text)


@given(st.integers(0, len(TOKEN) - 1), st.characters())
def test_no_character_of_a_token_can_be_changed(position: int, character: str) -> None:
    changed = TOKEN[:position] + character + TOKEN[position + 1 :]
    assert valid(changed) == (changed == TOKEN)


@given(
    st.text(min_size=1, max_size=40),
    st.text(min_size=1, max_size=40),
    st.sampled_from(Purpose),
    st.sampled_from(Purpose),
)
def test_a_token_opens_its_own_case_only(
    one: str, other: str, given_for: Purpose, used_for: Purpose
) -> None:
    token = sign(KEY, one, given_for, NOW + 60)
    same = (one, given_for) == (other, used_for)
    assert is_valid(KEY, token, other, used_for, now=NOW) == same


RECEIVED = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)


def record(**changes: object) -> dict[str, Any]:
    known = {"sla": {"received_at": format_utc(RECEIVED)}}
    return {"case_id": CASE, "status": "gathering", "links": {}} | known | changes


def settings(key: str | None = KEY) -> Settings:
    return Settings(
        link_signing_key=key,  # type: ignore[arg-type]
        public_url="https://soc.example/",
    )


def token_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["token"][0]


def test_without_a_key_only_the_status_is_linked() -> None:
    for make in (case_links, signed):
        links = make(record(status="awaiting_decision"), settings(None))
        assert links == {"status": f"https://soc.example/api/cases/{CASE}"}


def signed(one: dict[str, Any], own: Settings) -> dict[str, str]:
    made = with_signed_links(one, own)
    assert {**made, "links": one["links"]} == one, "nothing else changes"
    links: dict[str, str] = made["links"]
    return links


def test_the_report_link_is_good_for_thirty_days_of_the_incident() -> None:
    links = signed(record(), settings())
    assert set(links) == {"status", "report"}
    token, now = token_of(links["report"]), time.time()
    end = RECEIVED.timestamp() + REPORT_LINK_SECONDS
    assert is_valid(KEY, token, CASE, Purpose.REPORT, now=now)
    assert is_valid(KEY, token, CASE, Purpose.REPORT, now=end)
    assert not is_valid(KEY, token, CASE, Purpose.REPORT, now=end + 1)
    assert not is_valid(KEY, token, CASE, Purpose.DECISION, now=now)
    assert signed(record(links=links), settings()) == links, (
        "the same text when it is written again"
    )


def test_what_the_record_keeps_opens_nothing() -> None:
    kept = case_links(waiting(), settings())
    assert {name: url.rpartition("/")[2] for name, url in kept.items()} == {
        "status": CASE,
        "report": "report",
        "decision": "decision",
    }


def waiting(minutes: float = 30, **changes: object) -> dict[str, Any]:
    end = format_utc(datetime.now(UTC) + timedelta(minutes=minutes))
    return record(status="awaiting_decision", asked={"answer_by": end}) | changes


def test_the_decision_link_is_there_while_a_decision_is_awaited_and_ends_with_its_deadline() -> (
    None
):
    links = signed(waiting(), settings())
    now = time.time()
    token = token_of(links["decision"])
    assert is_valid(KEY, token, CASE, Purpose.DECISION, now=now + 29 * 60)
    assert not is_valid(KEY, token, CASE, Purpose.DECISION, now=now + 31 * 60)
    assert "decision" not in signed(waiting(status="containing"), settings())


def test_a_link_is_for_the_question_that_is_open() -> None:
    links = signed(waiting(question=3), settings())
    found = read_token(KEY, token_of(links["decision"]), CASE, Purpose.DECISION, now=time.time())
    assert isinstance(found, Claims) and found.question == 3
