"""Ticket, messages and comment: the answer first, every seed field, nothing from logs gets out."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.models.block import BLOCK_INPUTS, BlockName, BlockStatus
from shared.playbook.reporting.case_text import (
    COMMENT_LIMIT,
    DESCRIPTION_LIMIT,
    TITLE_LIMIT,
    WORK_NOTE_LIMIT,
    incident_comment_for,
    notification_for,
    ticket_for,
)
from tests.unit.playbook.records import AT, action, changed_block, planned, record

PHASES = ["opened", "decision_needed", "completed", "not_held", "emergency"]
HOSTILE = "<script>x</script> [a](http://evil.example) **b**\n# c `d` www.evil.example\u202e"


def test_the_ticket_answers_first_and_has_every_seed_field() -> None:
    ticket = ticket_for(record(), phase="completed")
    assert ticket.correlation_id == "case-0123456789abcdef01234567"
    assert ticket.severity == "High"
    assert ticket.title == (
        "High confidence of compromise: ann@contoso.com "
        "(brute force followed by a success from 203.0.113.7)"
    )
    lines = ticket.description.split("\n")
    assert lines[0] == "ANSWER"
    assert lines[1].startswith("High confidence (91 of 100) that ann@contoso.com is compromised")
    assert lines[2].startswith("Done: ForcePasswordReset on ann@contoso.com (verified)")
    for name in BLOCK_INPUTS[BlockName.NOTIFICATION]:
        assert f"\n{name}: " in ticket.description
    assert "password_reset_status: succeeded, verified" in ticket.description
    assert "exported_ad_logs_link: https://blob.example/ad.jsonl.gz" in ticket.description
    assert "(+2.5) Brute force followed by a success" in ticket.description
    assert ticket.work_note.startswith("response completed\n\nANSWER")


def test_before_containment_the_statuses_say_so() -> None:
    skipped = {
        name: changed_block(name, BlockStatus.SKIPPED, ["not run yet"])[name]
        for name in (BlockName.CONTAINMENT, BlockName.FIREWALL)
    }
    text = ticket_for(record(blocks=record()["blocks"] | skipped, actions=[])).description
    assert "password_reset_status: not done yet" in text
    assert "ip_block_status: not done yet" in text
    assert "Nothing was changed so far." in text


def test_failures_and_missing_parts_are_in_the_ticket() -> None:
    blocks = changed_block(BlockName.USER, BlockStatus.PARTIAL, ["roles: entra (HTTP 429)"])
    failed = [action("RevokeSessions", "failed", detail="403"), action("BlockIP", verified=False)]
    verdict = record()["verdict"] | {"compromise_confidence_score": "Medium"}
    ticket = ticket_for(record(actions=failed, blocks=blocks, verdict=verdict))
    expected = "FAILED, do by hand now: RevokeSessions on ann@contoso.com, BlockIP on 203.0.113.7."
    assert expected in ticket.description
    why = "the account is a guest: its password belongs to its home tenant"
    never = [action("ForcePasswordReset", "failed", detail=why, elsewhere=True)]
    text = ticket_for(record(actions=never)).description
    assert f"FAILED: ForcePasswordReset on ann@contoso.com: {why}." in text
    assert "do by hand now" not in text
    task = "look the user up in the directory by hand"
    assert f"User enrichment is partial; {task}: roles: entra (HTTP 429)" in ticket.description
    assert ticket.severity == "High"


@pytest.mark.parametrize(
    ("confidence", "kinds", "expected"),
    [
        ("High", ["ordinary"], "High"),
        ("Medium", ["ordinary"], "Medium"),
        ("Medium", ["privileged"], "High"),
        ("Low", ["vip"], "Low"),
        ("Low", ["ordinary"], "Low"),
    ],
)
def test_severity(confidence: str, kinds: list[str], expected: str) -> None:
    verdict = record()["verdict"] | {"compromise_confidence_score": confidence}
    account = {"user_principal_name": "ann@contoso.com", "kinds": kinds}
    assert ticket_for(record(verdict=verdict, account=account)).severity == expected
    assert ticket_for(record(verdict=None)).severity == "High"


@pytest.mark.parametrize("phase", PHASES)
def test_messages_of_every_phase(phase: str) -> None:
    message = notification_for(record(), phase, why="servicenow: HTTP 503")
    assert message.case_id == "case-0123456789abcdef01234567"
    assert "ann@contoso.com" in message.title and len(message.title) <= TITLE_LIMIT
    assert dict(message.facts)["Address"] == "203.0.113.7 (Amsterdam, NL), reputation 97"
    assert message.urgent
    labels = [label for label, _url in message.links]
    assert ("Decide" in labels) == (phase == "decision_needed")
    assert "Report" in labels and "Incident" in labels
    if phase == "emergency":
        assert "could not be written (servicenow: HTTP 503)" in message.summary
        assert "NEXT STEPS" in message.lines
    if phase == "not_held":
        assert message.summary.startswith("A sign-in succeeded after containment")


def test_a_decision_is_asked_for_by_name() -> None:
    plan = [planned("RevokeSessions", "ask", "privileged account")]
    waiting = record(status="awaiting_decision", plan=plan, actions=[])
    message = notification_for(waiting, "decision_needed")
    assert message.lines[0] == "Asked: RevokeSessions on ann@contoso.com (privileged account)"
    assert "WAITING FOR A DECISION" in message.summary
    decision = {"actions": ["RevokeSessions"], "decided_by": "lee@contoso.com", "decided_at": AT,
                "comment": "called the user"}  # fmt: skip
    answered = ticket_for(record(plan=plan, decision=decision)).description
    assert "Decided by lee@contoso.com: RevokeSessions (called the user)." in answered


def test_a_quiet_case_is_not_urgent() -> None:
    verdict = record()["verdict"] | {"compromise_confidence_score": "Low", "score": 6}
    message = notification_for(record(verdict=verdict, actions=[]), "completed")
    assert not message.urgent
    assert "Nothing was changed" in message.summary


def test_a_case_that_knows_nothing_still_has_texts() -> None:
    bare = record(
        account=None, addresses=[], verdict=None, plan=[], actions=[], blocks={}, links={}
    )
    assert "an account that is not known yet" in ticket_for(bare).title
    assert "successful_login_ip: unknown" in ticket_for(bare).description
    assert incident_comment_for(bare).startswith("**Possible compromise")
    assert notification_for(bare, "opened").facts


def test_the_comment_is_markdown_without_anything_alive() -> None:
    incident = record()["incident"] | {"title": HOSTILE}
    comment = incident_comment_for(record(incident=incident))
    assert comment.startswith("**High confidence of compromise: ann@contoso.com")
    assert "[Report](https://soc.example/api/cases/case-1/report?token=1.a)" in comment
    assert "decision?token" not in comment
    for alive in ("<script", "[a](", "http://evil", "**b**", "\n# c", "`d`", " www.evil", "\u202e"):
        assert alive not in comment


def hostile(text: str) -> dict[str, Any]:
    reason = record()["verdict"]["reasons"][0] | {"title": text, "evidence": text}
    return record(
        incident={"title": text, "number": 1, "url": text, "techniques": [text]},
        account={"user_principal_name": text, "kinds": [text]},
        addresses=[text],
        verdict=record()["verdict"] | {"reasons": [reason] * 40},
        plan=[planned("RevokeSessions", "never", text)],
        actions=[action("BlockIP", "failed", detail=text, target=text)] * 30,
        blocks=changed_block(
            BlockName.SIGN_INS,
            BlockStatus.PARTIAL,
            [text] * 20,
            successful_login_details={"time": text, "device": text, text: [text]},
        ),
    )


@settings(max_examples=40, deadline=None)
@given(st.one_of(st.text(max_size=400), st.sampled_from([HOSTILE, "x" * 50_000, "\n" * 500])))
def test_any_text_from_outside_is_bounded_and_escaped(text: str) -> None:
    whole = hostile(text)
    ticket = ticket_for(whole, phase="completed")
    assert len(ticket.title) <= TITLE_LIMIT
    assert len(ticket.description) <= DESCRIPTION_LIMIT
    assert len(ticket.work_note) <= WORK_NOTE_LIMIT
    comment = incident_comment_for(whole)
    assert len(comment) <= COMMENT_LIMIT
    assert "<" not in comment and "\x00" not in comment + ticket.description
    for phase in PHASES:
        message = notification_for(whole, phase)
        assert len(message.summary) <= 1_000 and all(len(line) <= 2_500 for line in message.lines)
        assert message == notification_for(whole, phase)


def test_the_techniques_stand_in_the_ticket_by_name_with_their_page() -> None:
    incident = record()["incident"] | {"techniques": ["T1078.004", "T9999", "not one"]}
    note = ticket_for(record(incident=incident)).work_note
    section = note.partition("MITRE ATT&CK\n")[2].partition("\n\n")[0].splitlines()
    assert section == [
        "T1078.004 Valid Accounts: Cloud Accounts https://attack.mitre.org/techniques/T1078/004/",
        "T1110.001 Brute Force: Password Guessing https://attack.mitre.org/techniques/T1110/001/",
        "T1564.008 Hide Artifacts: Email Hiding Rules "
        "https://attack.mitre.org/techniques/T1564/008/",
        "T9999 https://attack.mitre.org/techniques/T9999/",
        "not one",
    ]
