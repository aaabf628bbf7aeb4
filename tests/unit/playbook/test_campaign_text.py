from typing import Any

import pytest

from shared.models.base import Json
from shared.models.case import CaseRequest
from shared.models.directory import DirectoryUser
from shared.playbook.reporting.campaign_text import MOST_SHOWN, hit_words
from shared.playbook.reporting.case_text import incident_comment_for, notification_for, ticket_for
from shared.playbook.reporting.case_view import LINE_LIMIT
from shared.playbook.reporting.next_steps import escalations, next_steps
from shared.playbook.reporting.recipients import without_the_account
from shared.playbook.reporting.record import initial_record, merge_record
from tests.support.scripts import case_payload, decided

BASE = "https://soc.example/api/cases"


def hit(number: int, account: str = "") -> Json:
    return {
        "case_id": f"case-{number:024x}",
        "account": account or f"user{number}@contoso.example",
        "address": "203.0.113.66",
        "opened_at": f"2026-11-20T12:{number:02d}:00.000Z",
        "confidence": "High",
    }


def record(count: int, **changes: Any) -> Json:
    first = initial_record(CaseRequest.model_validate(case_payload()))
    hits = [hit(number) for number in range(count)]
    known = {
        "verdict": decided()["verdict"],
        "links": {
            "status": f"{BASE}/{first['case_id']}",
            "report": "https://soc.example/r?token=x",
        },
        "campaign": hits,
        "campaign_count": count,
    }
    return merge_record(first, known | changes)


def step(found: Json) -> str:
    [line] = [line for line in next_steps(found) if "hit from" in line and "other" in line]
    return line


def test_a_case_alone_says_nothing_of_others() -> None:
    lone = record(0)
    assert not [line for line in next_steps(lone) if "other account" in line]
    assert "HIT FROM" not in ticket_for(lone).description
    assert "widespread compromise:" not in " ".join(escalations(lone))


def test_the_next_step_leads_to_the_other_case() -> None:
    assert step(record(1)) == (
        "1 other account was hit from 203.0.113.66: user0@contoso.example "
        f"({BASE}/case-{0:024x}/report); look at them together. [L1]"
    )


def test_the_next_step_of_many_names_the_latest_and_fits_in_a_line() -> None:
    line = step(record(40, campaign=[hit(n, "a" * 200 + str(n)) for n in range(40)]))
    assert line.startswith("40 other accounts were hit from 203.0.113.66: ")
    assert line.endswith(" and 37 more; look at them together. [L1]")
    assert len(line) <= LINE_LIMIT
    assert [f"case-{n:024x}" in line for n in (36, 37, 38, 39)] == [False, True, True, True]


def test_three_accounts_are_a_widespread_compromise_unless_they_are_no_compromise() -> None:
    words = "Escalate to the incident response team: widespread compromise: 3 accounts"
    assert not escalations(record(1))[0].startswith(words)
    assert escalations(record(2))[0].startswith(words)
    low = decided()["verdict"] | {"compromise_confidence_score": "Low"}
    assert not escalations(record(2, verdict=low))[0].startswith(words)


def test_ticket_and_comment_list_the_others_with_links_that_hold_no_token() -> None:
    many = record(30, campaign_count=90)
    note = ticket_for(many, phase="campaign").work_note
    assert note.startswith("SEVERAL ACCOUNTS, ONE ADDRESS")
    section = note.partition("HIT FROM THE SAME ADDRESS\n")[2].partition("\n\n")[0].splitlines()
    assert len(section) == MOST_SHOWN + 1 and section[-1] == f"... and {90 - MOST_SHOWN} more"
    assert section[0] == (
        "2026-11-20 12:29:00Z user29@contoso.example (High, from 203.0.113.66): "
        f"{BASE}/case-{29:024x}/report"
    )
    assert "Hit from the same address" in incident_comment_for(many)
    assert "token" not in "\n".join(section)


def test_the_message_to_the_soc_links_the_other_cases_first() -> None:
    why = hit_words(2, ["kim@contoso.example", "omar@contoso.example"], "203.0.113.66")
    message = notification_for(record(2), "campaign", why=why)
    assert message.urgent
    assert message.title == ("SEVERAL ACCOUNTS, ONE ADDRESS: 3 accounts were hit from 203.0.113.66")
    assert message.summary.startswith(
        "2 other accounts were hit from 203.0.113.66: kim@contoso.example, omar@contoso.example. "
    )
    assert message.links[:2] == [
        ("Case of user1@contoso.example", f"{BASE}/case-{1:024x}/report"),
        ("Case of user0@contoso.example", f"{BASE}/case-{0:024x}/report"),
    ]
    assert message.question is None


def test_no_mail_goes_to_another_account_of_the_campaign() -> None:
    listed = ["soc@contoso.example", "User1@Contoso.example", "user2@contoso.example"]
    left = without_the_account(listed, record(2))
    assert left == ["soc@contoso.example", "user2@contoso.example"]


@pytest.mark.parametrize("address", ["a.archer@contoso.com", "ann@okta.example"])
def test_nor_at_an_address_that_only_a_directory_knows(address: str) -> None:
    twin = {"user_principal_name": "ann@corp.example", "mail_addresses": ["Ann@okta.example"]}
    user = DirectoryUser(
        object_id="1",
        user_principal_name="ann@contoso.com",
        mail_addresses=["A.Archer@contoso.com"],
    )
    details = {"profile": user.to_json(), "also_in": [twin]}
    case = record(0) | {"blocks": {"AD_User_Enrichment": {"details": details}}}
    assert without_the_account([address, "soc@contoso.example"], case) == ["soc@contoso.example"]


@pytest.mark.parametrize("account", ["a\nb", "<script>", "x" * 500, "\u202eevil"])
def test_a_hostile_name_breaks_no_line(account: str) -> None:
    line = step(record(1, campaign=[hit(1, account)]))
    assert "\n" not in line and len(line) <= LINE_LIMIT
    assert "\n" not in hit_words(1, [account], "203.0.113.66")


def test_without_a_link_the_case_is_named() -> None:
    first = initial_record(CaseRequest.model_validate(case_payload()))
    lone = merge_record(first, {"campaign": [hit(1)], "campaign_count": 1})
    assert f"user1@contoso.example (case-{1:024x}); look" in step(lone)
    assert notification_for(lone, "campaign", why="x").links == []
