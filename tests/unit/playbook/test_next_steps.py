"""Next steps and escalation, made from the record."""

from typing import Any

import pytest

from shared.models.block import BlockName, BlockStatus
from shared.models.case import CaseRecord
from shared.playbook.reporting.next_steps import escalations, hand_over, next_steps
from tests.unit.playbook.records import AT, action, changed_block, planned, record


def steps(**changes: Any) -> str:
    return "\n".join(next_steps(record(**changes)))


def test_a_contained_case_names_people_addresses_and_techniques() -> None:
    text = steps()
    assert "Call ann@contoso.com on a number from the staff directory" in text
    assert "from 203.0.113.7 (Amsterdam, NL)" in text
    assert 'IPAddress == "203.0.113.7"' in text
    assert "EDR scan" in text and "LAPTOP-9" in text
    assert "Review what was found: New inbox rule [T1564.008], 2 rows." in text
    assert "no MFA is registered for ann@contoso.com" in text
    assert "FAILED" not in text


def test_the_same_record_gives_the_same_steps() -> None:
    assert next_steps(record()) == next_steps(CaseRecord.model_validate(record()))


def test_failures_come_first() -> None:
    actions = [
        action("RevokeSessions"),
        action("ForcePasswordReset", "failed", detail="403 Authorization_RequestDenied"),
        action("BlockIP", verified=False),
        action("DisableAccount", verified=None),
        action("DisableInboxRules", "skipped"),
    ]
    first, second, third, fourth, fifth, *_ = next_steps(record(actions=actions))
    assert first.startswith("ForcePasswordReset on ann@contoso.com FAILED (403 Auth")
    assert "reset the password" in first
    assert "BlockIP on 203.0.113.7 was accepted but is NOT in force" in second
    assert "Verify by hand that DisableAccount" in third
    assert "not automated: disable the suspicious inbox rules" in fourth
    failed = "containment failed (ForcePasswordReset, BlockIP)"
    assert fifth.startswith(f"Escalate to L2 now: {failed}"), "not in force is failed, too"


@pytest.mark.parametrize("status", ["succeeded", "failed", "skipped"])
def test_forwarding_of_the_whole_mailbox_is_a_task_for_a_person(status: str) -> None:
    found = next_steps(record(actions=[action("DisableInboxRules", status)]))
    [task] = [step for step in found if "ForwardingSmtpAddress" in step]
    assert "no inbox rule and was NOT looked at or changed" in task
    assert "Get-Mailbox 'ann@contoso.com'" in task and "[L1, open task]" in task
    assert task.endswith("-DeliverToMailboxAndForward $false"), "nothing of it is cut off"
    assert " # to take it away: Set-Mailbox" in task, "pasting the line changes nothing"
    assert "ForwardingSmtpAddress" not in steps(actions=[action("RevokeSessions")])


def test_what_the_guard_rails_left_to_people() -> None:
    why = "mastered on-premises: the password must be reset in Active Directory, twice, by hand"
    text = steps(
        plan=[planned("ForcePasswordReset", "never", why), planned("MonitorOnly", "never")]
    )
    assert f"Not done: ForcePasswordReset on ann@contoso.com: {why}." in text
    assert "MonitorOnly" not in text


def test_observe_mode_lists_what_to_do_by_hand() -> None:
    why = "observe mode: nothing is done; would be done now: High confidence"
    text = steps(
        mode="observe",
        actions=[],
        plan=[planned("RevokeSessions", "never", why), planned("BlockIP", "never", why)],
    )
    assert "do by hand: RevokeSessions on ann@contoso.com, BlockIP on 203.0.113.7." in text
    assert "Not done" not in text


def test_waiting_for_a_decision_and_silence() -> None:
    plan = [planned("RevokeSessions", "ask")]
    waiting = next_steps(record(status="awaiting_decision", plan=plan, actions=[]))
    assert waiting[0].startswith("Decide now whether to do: RevokeSessions on ann@contoso.com.")
    silence = {"actions": ["MonitorOnly"], "decided_by": "deadline", "decided_at": AT,
               "channel": "deadline"}  # fmt: skip
    assert "Nobody answered before the deadline" in steps(plan=plan, actions=[], decision=silence)


def test_partial_blocks_are_said_plainly() -> None:
    blocks = changed_block(BlockName.USER, BlockStatus.PARTIAL, ["profile: entra: timeout."])
    text = steps(blocks=blocks)
    task = "look the user up in the directory by hand"
    assert f"User enrichment is partial; {task}: profile: entra: timeout" in text
    failed = changed_block(BlockName.EVIDENCE, BlockStatus.FAILED, [])
    missing = "Evidence preservation failed; collect the missing logs by hand: unknown: "
    assert missing in steps(blocks=failed)


def test_what_to_do_survives_notes_that_are_too_long() -> None:
    blocks = changed_block(BlockName.ACTIVITY, BlockStatus.PARTIAL, ["no answer " * 400])
    assert "run the missing hunts by hand" in steps(blocks=blocks)


def test_no_account_and_low() -> None:
    text = steps(account=None, plan=[], actions=[])
    assert "names no account" in text and "Call" not in text
    verdict = record()["verdict"] | {"compromise_confidence_score": "Low", "reasons": []}
    low = next_steps(
        record(verdict=verdict, actions=[], plan=[planned("MonitorOnly", "automatic")])
    )
    assert low[-1].startswith("If the user confirms the login, close the case as benign")
    assert not any(line.startswith(("Scope", "Escalate")) for line in low)


@pytest.mark.parametrize(
    ("technique", "words"),
    [
        ("T1021.001", "lateral movement"),
        ("T1098.005", "persistence"),
        ("T1567", "exfiltration"),
        ("T1485", "destruction"),
    ],
)
def test_serious_findings_go_to_the_response_team(technique: str, words: str) -> None:
    finding = {"id": "x", "title": "Odd thing", "technique": technique, "count": 1, "summary": ""}
    blocks = changed_block(BlockName.ACTIVITY, BlockStatus.COMPLETE, [], findings=[finding])
    [line] = [one for one in escalations(record(blocks=blocks)) if one.startswith("Escalate")]
    assert f"signs of {words}: Odd thing" in line


def test_a_privileged_account_goes_to_the_response_team() -> None:
    account = {"user_principal_name": "ann@contoso.com", "kinds": ["privileged", "vip"]}
    text = "\n".join(escalations(record(account=account)))
    assert "highly sensitive account (privileged, vip)" in text
    assert "L1 to L2" in text and "L2 to the incident response team" in text


def test_the_same_account_elsewhere_is_left_to_people() -> None:
    twin = {
        "directory": "entra",
        "object_id": "1",
        "user_principal_name": "ann@contoso.com",
        "account_enabled": True,
    }
    account = record()["account"] | {"directory": "okta", "also_in": [twin]}
    text = steps(account=account)
    assert "also exists as ann@contoso.com in Microsoft Entra ID: revoke its sessions" in text
    assert "Nothing was done there." in text
    assert 'OktaV2_CL | where TimeGenerated > ago(30d) and SrcIpAddr == "203.0.113.7"' in text
    shut = account | {"also_in": [twin | {"account_enabled": False}]}
    assert "also exists" not in steps(account=shut)
    okta = account | {"directory": "entra", "also_in": [twin | {"directory": "okta"}]}
    assert "in Okta: clear its sessions, reset its password without mail" in steps(account=okta)


def test_a_disabled_hybrid_account_is_a_task_in_active_directory_too() -> None:
    account = {"user_principal_name": "ann@contoso.com", "kinds": ["ordinary"], "synced": True}
    done = action("DisableAccount", undo={"account_enabled": True})
    chosen = [planned("DisableAccount", "automatic", "chosen by kim")]
    task = "Disable ann@contoso.com in Active Directory too"
    assert task in steps(account=account, actions=[done], plan=chosen)
    assert task not in steps(account=account | {"synced": False}, actions=[done])
    assert task not in steps(account=account, actions=[action("DisableAccount", "failed")])
    undone = {"at": AT, "by": "kim", "comment": "c", "verified": True}
    given_back = done | {"undo": None, "undone": undone}
    assert task not in steps(account=account, actions=[given_back])


@pytest.mark.parametrize(
    "why",
    [
        "break-glass account: the app never touches it; call its owners",
        "the domain legal.contoso.example is federated: reset it there",
        "the account is mastered on-premises: reset its password twice in Active Directory",
        "the account is a guest: its password belongs to its home tenant",
    ],
)
def test_what_is_never_done_from_here_names_no_place_here(why: str) -> None:
    failed = action("ForcePasswordReset", "failed", detail=why, elsewhere=True)
    [step] = [one for one in hand_over(record(actions=[failed])) if "FAILED" in one.text]
    assert step.text == f"ForcePasswordReset on ann@contoso.com FAILED: {why}. [L2, open task]"
