"""What the pages say about what surrounds a case: two persons, joined incidents, one attack."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.models.base import Json
from shared.models.plan import Decision
from shared.pages import render_decided, render_decision, render_report
from tests.unit.playbook.records import AT, planned, record
from tests.unit.test_pages import HOSTILE, Page, problems

ANSWER = {"actions": ["RevokeSessions"], "decided_by": "kim", "decided_at": AT, "comment": "rang"}


def words(html: str) -> str:
    return " ".join(" ".join(Page(html).words).split())


def waiting(**changes: Any) -> Json:
    plan = [planned("ForcePasswordReset", "ask"), planned("RevokeSessions", "ask")]
    return record(status="awaiting_decision", plan=plan, actions=[], **changes)


def asked(**changes: Any) -> Json:
    return {"at": AT, "answer_by": "2026-11-20T13:12:00.000Z"} | changes


def ticked(html: str) -> list[str | None]:
    return [
        given["value"] for tag, given in Page(html).tags if tag == "input" and "checked" in given
    ]


def around(text: str, case_id: str = "case-" + "1" * 24) -> Json:
    other = {"account": text, "address": text, "opened_at": AT, "confidence": "High"}
    incident = {"case_id": case_id, "incident_id": text, "title": text, "severity": text}
    return {
        "campaign": [other | {"case_id": case_id}],
        "campaign_count": 7,
        "joined": [incident | {"alert_type": "phishing", "at": AT, "evidence": text}],
    }


def test_what_is_recommended_is_ticked_until_somebody_has_answered() -> None:
    assert ticked(render_decision(waiting())) == ["ForcePasswordReset", "RevokeSessions"]
    first = waiting(question=2, asked=asked(two_persons=True, first_answer=ANSWER))
    html = render_decision(first, link_question=2)
    assert ticked(html) == ["RevokeSessions"]
    assert "kim has chosen Terminate sessions" in words(html) and "rang" in words(html)
    assert "A second, different person has to confirm it" in words(html)


def test_an_action_that_the_first_chose_among_the_others_is_not_folded_away() -> None:
    answer = ANSWER | {"actions": ["ScanDevice"]}
    html = render_decision(waiting(question=2, asked=asked(two_persons=True, first_answer=answer)))
    folded = next(given for tag, given in Page(html).tags if tag == "details")
    assert "open" in folded
    plain = next(given for tag, given in Page(render_decision(waiting())).tags if tag == "details")
    assert "open" not in plain


@pytest.mark.parametrize(
    ("minutes", "left"),
    [(0.5, "less than 2 minutes"), (17, "17 minutes"), (180, "3 hours"), (20_000, "13 days")],
)
def test_the_page_says_how_long_there_is_time_to_answer(minutes: float, left: str) -> None:
    case, end = waiting(asked=asked()), datetime(2026, 11, 20, 13, 12, tzinfo=UTC)
    html = render_decision(case, now=end - timedelta(minutes=minutes))
    said = f"Open until 2026-11-20 13:12:00 UTC: {left} left when this page was opened"
    assert said in words(html)
    for late in (None, end + timedelta(minutes=2)):
        assert "left when this page" not in words(render_decision(case, now=late))


def test_who_it_is_and_what_kind_of_account_is_said_at_the_top() -> None:
    account = {"display_name": "Ann A.", "user_principal_name": "ann@contoso.com"}
    kinds = {"kinds": ["ordinary", "vip", "privileged", "break_glass", "unknown"]}
    for render in (render_decision, render_report):
        top = words(render(waiting(account=account | kinds))).partition("mode")
        assert "ann@contoso.com" in top[0]
        badges = "VIP privileged account break-glass account kind not known"
        assert top[2].strip().startswith(badges)


def test_a_reason_to_ask_is_given_once() -> None:
    plan = [planned("RevokeSessions", "ask", "odd; approve mode"), planned("BlockIP", "ask", "odd")]
    html = render_decision(waiting() | {"plan": plan})
    assert "A person is asked because: odd; approve mode." in words(html)


def test_the_first_of_two_is_told_so_before_and_after() -> None:
    case = waiting(asked=asked(two_persons=True))
    assert "two different people have to choose the same" in words(render_decision(case))
    assert "cannot tell who you are" in words(render_decision(case))
    assert "cannot tell who you are" not in words(render_decision(case, is_signed_in=True))
    decision = Decision.model_validate(ANSWER)
    assert "Your answer is one of two" in words(render_decided(case, decision, is_one_of_two=True))
    assert "Your decision is on its way" in words(render_decided(case, decision))


@pytest.mark.parametrize(
    ("silence", "said"),
    [
        (["MonitorOnly"], "Without an answer nothing more is done; the case is only monitored."),
        (["RevokeSessions"], "Without an answer this is done: Terminate sessions."),
    ],
)
def test_the_deadline_and_what_silence_means_are_said(silence: list[str], said: str) -> None:
    html = words(render_decision(waiting(asked=asked(on_silence=silence)), expires_at=1))
    assert "Open until 2026-11-20 13:12:00 UTC." in html
    assert said in html


def test_a_link_of_an_earlier_question_finds_no_form() -> None:
    html = render_decision(waiting(question=2), link_question=1)
    assert not [tag for tag, _given in Page(html).tags if tag == "form"]
    assert "question 2 is open now" in words(html)


def test_two_who_decided_are_both_named() -> None:
    html = render_report(record(decision=ANSWER | {"confirmed_by": "lee"}))
    assert "kim and lee decided on" in words(html)


@pytest.mark.parametrize("render", [render_report, render_decision])
def test_other_accounts_and_further_incidents_are_listed(render: Any) -> None:
    html = render(waiting(**around("ola@contoso.com")))
    said = words(html)
    assert "7 other accounts were hit" in said and "The latest 1 of 7." in said
    assert "Further incidents on this account" in said
    links = [given.get("href") for tag, given in Page(html).tags if tag == "a"]
    assert f"../case-{'1' * 24}/report" in links
    assert "hit from" not in words(render(waiting())).lower()


@pytest.mark.parametrize(
    "case_id", ["../x", "javascript:alert(1)", "case-1", "", "case-" + "٣" * 24]
)
def test_only_a_case_id_becomes_a_link(case_id: str) -> None:
    html = render_report(record(**around("ola", case_id)))
    assert not [given for tag, given in Page(html).tags if tag == "a" and "report" in str(given)]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text(text: str) -> None:
    answer = ANSWER | {"decided_by": text, "comment": text, "confirmed_by": text}
    question = asked(two_persons=True, first_answer=answer)
    case = waiting(question=2, asked=question, decision=answer, **around(text))
    for html in (
        render_report(case),
        render_decision(case),
        render_decision(case, link_question=1),
    ):
        assert not list(problems(html))
        assert "62710561" not in html, "nothing is evaluated"
