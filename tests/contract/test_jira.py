"""Jira: one issue per case, notes once, text that stays text."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import NotFound, PermanentError, PermissionDenied, RetryableError
from shared.models.message import Ticket
from shared.providers.jira import Jira
from shared.providers.jira.document import LONGEST_TEXT, document, plain_text
from shared.providers.jira.issues import Fields, Priority, raised
from shared.settings import Settings
from tests.contract.processes import Lab

type MakeSettings = Callable[..., Settings]


def ticket(note: str = "", **values: object) -> Ticket:
    usual = {
        "correlation_id": "case-1",
        "title": "Account compromised: ada@contoso.example",
        "description": "What is known\nin two lines\n\nand a paragraph",
        "severity": "High",
    }
    return Ticket.model_validate({**usual, "work_note": note, **values})


def address(lab: Lab) -> str:
    return lab.environment["TOURNIQUET_GRAPH_URL"].partition("/graph")[0] + "/jira"


def issues(lab: Lab) -> list[dict[str, Any]]:
    return list(lab.state()["jira_issues"])


def comments(lab: Lab) -> list[str]:
    [issue] = issues(lab)
    texts = [plain_text(one["body"]) for one in issue["fields"]["comment"]["comments"]]
    return [text.partition("\n[tourniquet ")[0] for text in texts]


@pytest.fixture
def jira(lab: Lab, make_settings: MakeSettings) -> Jira:
    return Jira(make_settings(jira_url=address(lab)))


async def test_an_issue_is_created_once_though_the_search_lags_behind(lab: Lab, jira: Jira) -> None:
    first = await jira.upsert(ticket())
    known = {"jira": first.own_id or ""}
    again = await jira.upsert(ticket("Sessions revoked", known=known))
    assert (first.created, again.created) == (True, False)
    assert first.ticket_id == again.ticket_id == "SOC-1"
    assert (first.url or "").endswith("/jira/browse/SOC-1")
    [issue] = issues(lab)
    fields = issue["fields"]
    assert fields["labels"] == ["tourniquet", "severity-high", "case-1"]
    assert (fields["priority"], fields["issuetype"]) == ({"name": "High"}, {"name": "Task"})
    assert plain_text(fields["description"]).split() == ticket().description.split()
    assert all("violation" not in line for line in lab.ledger("jira")), lab.ledger("jira")


async def test_a_note_is_written_once_however_often_it_comes(lab: Lab, jira: Jira) -> None:
    first = await jira.upsert(ticket("Verdict High"))
    known = {"jira": first.own_id or ""}
    for note in ("Sessions revoked", "Password reset", "Sessions revoked", "Verdict High"):
        await jira.upsert(ticket(note, known=known))
    assert comments(lab) == ["Sessions revoked", "Password reset"]
    [issue] = issues(lab)
    assert "Verdict High" in plain_text(issue["fields"]["description"])


async def test_a_comment_whose_answer_was_lost_is_not_written_twice(lab: Lab, jira: Jira) -> None:
    first = await jira.upsert(ticket())
    known = {"jira": first.own_id or ""}
    lab.fault("jira", "reset", operation="comment.post", when="after", times=1)
    with pytest.raises(RetryableError):
        await jira.upsert(ticket("Sessions revoked", known=known))
    await jira.upsert(ticket("Sessions revoked", known=known))
    assert comments(lab) == ["Sessions revoked"]


async def test_an_issue_is_raised_with_the_case_and_never_lowered(lab: Lab, jira: Jira) -> None:
    first = await jira.upsert(ticket(severity="Low"))
    known = {"jira": first.own_id or ""}
    for severity in ("High", "Low"):
        await jira.upsert(ticket(severity, severity=severity, known=known))
        [issue] = issues(lab)
        assert issue["fields"]["priority"] == {"name": "High"}
        assert sorted(issue["fields"]["labels"]) == ["case-1", "severity-high", "tourniquet"]
    assert all("violation" not in line for line in lab.ledger("jira")), lab.ledger("jira")


def test_a_priority_that_an_analyst_raised_stands() -> None:
    there = Fields(labels=["severity-low"], priority=Priority(name="Highest"))
    assert raised(there, ticket(severity="High")) == {"labels": ["severity-high"]}


async def test_another_case_has_an_issue_of_its_own(lab: Lab, jira: Jira) -> None:
    first = await jira.upsert(ticket())
    second = await jira.upsert(ticket(correlation_id="case-2", known={"jira": first.own_id or ""}))
    assert second.created and second.ticket_id != first.ticket_id


async def test_a_project_without_priority_gets_the_issue_all_the_same(lab: Lab, jira: Jira) -> None:
    made = ticket().model_copy(update={"severity": "NoSuchPriority"})
    reference = await jira.upsert(made)
    assert reference.created
    [issue] = issues(lab)
    assert "priority" not in issue["fields"]


async def test_what_jira_does_not_take_is_said_by_field(
    lab: Lab, make_settings: MakeSettings
) -> None:
    with pytest.raises(PermanentError, match="refused fields: issuetype"):
        await Jira(make_settings(jira_url=address(lab), jira_issue_type="Riddle")).upsert(ticket())
    assert issues(lab) == []


async def test_a_wrong_token_is_a_missing_permission(lab: Lab, make_settings: MakeSettings) -> None:
    with pytest.raises(PermissionDenied) as refused:
        await Jira(make_settings(jira_url=address(lab), jira_api_token="wrong-4711")).upsert(
            ticket()
        )
    assert "wrong-4711" not in str(refused.value)


@pytest.mark.parametrize("case_id", ['case" OR labels = "x', "a b", "", "x" * 256])
async def test_only_a_plain_case_id_reaches_a_query(lab: Lab, jira: Jira, case_id: str) -> None:
    with pytest.raises(PermanentError):
        await jira.upsert(ticket(correlation_id=case_id))
    assert lab.ledger("jira") == []


@given(st.text(max_size=300))
def test_any_text_stays_text(text: str) -> None:
    made = document(text)
    assert "".join(plain_text(made).split()) == "".join(text.split())
    assert _kinds(made) <= {"doc", "paragraph", "text", "hardBreak"}


def test_a_long_text_is_cut_where_one_sees_it() -> None:
    made = document("x" * 100_000)
    assert "\N{HORIZONTAL ELLIPSIS}" in plain_text(made)
    assert len(json.dumps(made)) < LONGEST_TEXT


def test_a_long_note_keeps_its_mark() -> None:
    made = document("d" * 100_000, "n" * 100_000 + "\n\n[mark]")
    assert plain_text(made).endswith("[mark]") and "ddd" in plain_text(made)
    assert len(json.dumps(made)) < LONGEST_TEXT


async def test_an_issue_that_was_made_is_not_made_again_for_its_first_note(
    lab: Lab, jira: Jira
) -> None:
    lab.fault("jira", "status", value=503, operation="comment.post")
    reference = await jira.upsert(ticket("Verdict High"))
    assert reference.created and len(issues(lab)) == 1


def _kinds(node: Any) -> set[str]:
    inside = [_kinds(one) for one in node.get("content", [])]
    return {node["type"]}.union(*inside)


async def test_what_only_adds_a_note_opens_no_ticket(lab: Lab, jira: Jira) -> None:
    with pytest.raises(NotFound):
        await jira.upsert(ticket("Two accounts more", must_exist=True))
    assert issues(lab) == []
