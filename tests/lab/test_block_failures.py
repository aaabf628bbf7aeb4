"""Failure handling of the seed's blocks: the real app, real time-outs, every kind of fault.
Seed 004, ``failure_handling`` of each block: a failure degrades its own block, is said to people,
and never stops the case.
"""

from typing import Any

import pytest

from shared.models.block import BLOCK_INPUTS, BlockName
from shared.playbook.acting.exports import EXPORTS
from shared.playbook.hunts import load_hunts
from tests.lab.troubled_lab import CONTAINMENT_EFFECTS, Answered, Results
from tests.lab.troubles import EVERY_KIND, LOST_ANSWERS, TROUBLES

pytestmark = pytest.mark.timeout(900)

each_kind = pytest.mark.parametrize("kind", EVERY_KIND)

USER, ADDRESS = BlockName.USER, BlockName.ADDRESS
SIGN_INS, ACTIVITY, SCORING = BlockName.SIGN_INS, BlockName.ACTIVITY, BlockName.SCORING
CONTAINMENT, FIREWALL = BlockName.CONTAINMENT, BlockName.FIREWALL
EVIDENCE, NOTIFICATION = BlockName.EVIDENCE, BlockName.NOTIFICATION
RESET, REVOKE, BLOCK, RULES = "ForcePasswordReset", "RevokeSessions", "BlockIP", "DisableInboxRules"
CHANNELS = ("servicenow", "slack", "email")


def says(block: dict[str, Any], *words: str) -> bool:
    """Whether one of a block's notes has all the words."""
    return any(all(word in note for word in words) for note in block["notes"])


def untouched_but(case: Answered, *names: BlockName) -> None:
    """Assert that every other block is as good as without any fault, on a busy machine, too."""
    for name in BlockName:
        as_well = case.block(name)["status"] in ("complete", "skipped")
        assert name in names or as_well or case.is_late(name), case.block(name)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_every_case_is_handed_over_with_every_block(results: Results, trouble: str) -> None:
    for (name, kind), case in results.items():
        if name == trouble:
            told = [event for event in case.events if event.startswith("analysts told (completed)")]
            assert len(told) == 1, f"{kind}: {case.events}"
            assert set(case.record["blocks"]) == set(BlockName)
            assert case.record["status"] in ("contained", "monitoring", "failed")


@each_kind
def test_without_enrichment_the_case_goes_on_and_nothing_is_automatic(
    results: Results, kind: str
) -> None:
    case = results["enrichment", kind]
    block = case.block(USER)
    assert block["status"] == "partial"
    assert says(block, "entra users.get")
    assert says(block, "unknown: ", "is_admin_role", "mfa_enabled", "user_groups")
    assert block["outputs"]["user_principal_name"] == case.victim.user_principal_name
    assert {line["disposition"] for line in case.record["plan"]} <= {"ask", "never"}
    asked = [line for line in case.record["plan"] if line["disposition"] == "ask"]
    assert {line["action"] for line in asked} - {RULES} == {RESET, REVOKE}
    assert all("what kind of account it is could not be established" in one["why"] for one in asked)
    assert case.nothing_changed
    assert "User enrichment is partial" in case.texts("servicenow")
    assert any(event.startswith("analysts told (decision needed)") for event in case.events)
    assert says(case.block(ACTIVITY), "lateral_movement", "name on-premises is not known")
    untouched_but(case, USER, ADDRESS, ACTIVITY, SCORING, EVIDENCE, NOTIFICATION)


@each_kind
def test_one_reputation_source_is_enough(results: Results, kind: str) -> None:
    block = results["enrichment", kind].block(ADDRESS)
    assert block["status"] == "partial"
    assert block["outputs"]["ip_reputation_score"] == 97
    assert block["outputs"]["geo_country"] == "NL"
    assert says(block, "virustotal")
    assert not says(block, "abuseipdb")


@each_kind
def test_without_any_reputation_it_is_unknown_and_the_case_goes_on(
    results: Results, kind: str
) -> None:
    case = results["containment", kind]
    block = case.block(ADDRESS)
    assert (block["status"], block["outputs"]["ip_reputation_score"]) == ("partial", "unknown")
    assert says(block, "virustotal")
    assert says(block, "abuseipdb")
    assert block["outputs"]["geo_city"] == "Amsterdam"
    assert case.record["verdict"]["compromise_confidence_score"] == "High"
    text = case.texts("servicenow")
    assert "ip_reputation_score: unknown" in text
    assert "Address reputation is partial" in text
    assert "check the address by hand" in text


@each_kind
def test_without_the_sign_in_log_people_review_it_and_judge(results: Results, kind: str) -> None:
    case = results["logs", kind]
    block = case.block(SIGN_INS)
    assert block["status"] == "partial"
    assert says(block, "sign-in log", "review the sign-in logs by hand")
    login = block["outputs"].pop("successful_login_details")
    assert login["id"] == "reported by the alert"
    assert set(block["outputs"].values()) == {None}
    assert "review the sign-in logs by hand" in case.texts("servicenow")
    scoring = case.block(SCORING)
    assert scoring["status"] == "partial"
    assert scoring["outputs"]["compromise_confidence_score"] == "Medium"
    assert case.record["verdict"]["completeness"] < 0.75
    assert "Unknown: sign_ins, mfa_result" in scoring["outputs"]["justification_for_score"]
    assert case.nothing_changed
    for channel in CHANNELS:
        assert "Medium confidence" in case.texts(channel), channel
    untouched_but(case, SIGN_INS, ACTIVITY, SCORING, EVIDENCE)


@each_kind
def test_hunts_that_failed_are_incomplete_never_clean(results: Results, kind: str) -> None:
    case = results["logs", kind]
    block = case.block(ACTIVITY)
    hunts = {hunt.id for hunt in load_hunts()}
    assert block["status"] == "partial"
    assert block["outputs"]["queries_run"] == []
    assert {line.partition(":")[0] for line in block["outputs"]["incomplete_queries"]} == hunts
    assert says(block, "incomplete: inbox_rules")
    assert "run the missing hunts by hand" in case.texts("servicenow")


@each_kind
def test_evidence_that_could_not_be_exported_is_to_be_collected_by_hand(
    results: Results, kind: str
) -> None:
    case = results["logs", kind]
    block = case.block(EVIDENCE)
    if kind == "timeout" and says(block, "the logs are still being exported"):
        return  # Its patience is 20 times shorter here, the query's deadline is not.
    assert block["status"] == "failed"
    for export in EXPORTS:
        assert says(block, "not exported, collect by hand", export.table)
    assert block["outputs"]["exported_ad_logs_link"] is None
    for words in ("collect the missing logs by hand", *(export.table for export in EXPORTS)):
        assert words in case.texts("servicenow")


@each_kind
def test_one_log_that_is_not_exported_costs_the_others_nothing(results: Results, kind: str) -> None:
    case = results["containment", kind]
    block = case.block(EVIDENCE)
    assert block["status"] == "partial"
    assert says(block, "not exported, collect by hand", "CommonSecurityLog")
    links = {name: bool(link) for name, link in block["outputs"].items()}
    assert links == dict.fromkeys(links, True), "Azure Firewall's own logs take the place"
    assert "CommonSecurityLog" in case.texts("servicenow")


@each_kind
def test_failed_containment_is_told_at_once_and_the_address_is_blocked(
    results: Results, kind: str
) -> None:
    case = results["containment", kind]
    assert case.record["status"] == "failed"
    block = case.block(CONTAINMENT)
    rules = [one["status"] for one in case.record["actions"] if one["action"] == RULES]
    assert block["status"] == ("partial" if rules == ["succeeded"] else "failed")
    assert says(block, RESET, "failed", "entra users.patch")
    assert says(block, REVOKE, "failed", "entra revokeSignInSessions")
    for operation in ("users.patch", "revokeSignInSessions"):
        assert case.effects("entra", operation) == 0
    assert case.action(BLOCK)["verified"] is True
    assert case.effects("azure_firewall", "ipGroups.put") == 1
    assert case.block(FIREWALL)["status"] == "complete"
    mails = [mail["body"] for mail in case.sent("email")]
    said = [mail["text"].partition(":")[0] for mail in mails]
    assert said == ["opened", "CONTAINMENT FAILED", "response completed"]
    assert len({mail["subject"] for mail in mails}) == 1, "they are one conversation"
    for channel in CHANNELS:
        for action, todo in ((RESET, "reset the password"), (REVOKE, "revoke the sessions")):
            assert case.told_to_do(channel, action, todo), channel
        assert "Escalate to L2 now: containment failed" in case.texts(channel), channel
    untouched_but(case, CONTAINMENT, ADDRESS, SCORING, EVIDENCE)


def test_one_failed_identity_action_leaves_the_other_done(results: Results) -> None:
    case = results["sessions", "500"]
    assert case.action(RESET)["verified"] is True
    assert case.action(REVOKE)["status"] == "failed"
    block = case.block(CONTAINMENT)
    assert block["status"] == "partial"
    assert block["outputs"]["password_reset_status"] == "succeeded, verified"
    assert block["outputs"]["sessions_revoked_status"] == "failed"
    assert case.effects("entra", "users.patch") == 1
    assert case.effects("entra", "revokeSignInSessions") == 0
    for channel in CHANNELS:
        assert case.told_to_do(channel, REVOKE, "revoke the sessions"), channel
    untouched_but(case, CONTAINMENT)


@each_kind
def test_a_failed_firewall_leaves_the_account_contained(results: Results, kind: str) -> None:
    case = results["firewall", kind]
    block = case.block(FIREWALL)
    assert (block["status"], block["outputs"]["ip_block_status"]) == ("failed", "failed")
    assert says(block, BLOCK, case.victim.address, "azure_firewall ipGroups.put")
    assert case.effects("azure_firewall", "ipGroups.put") == 0
    assert case.block(CONTAINMENT)["status"] == "complete"
    assert case.action(RESET)["verified"] is case.action(REVOKE)["verified"] is True
    for channel in ("servicenow", "slack"):
        assert case.told_to_do(channel, BLOCK, "block the address on the firewall by hand")
    untouched_but(case, FIREWALL, NOTIFICATION)


@each_kind
def test_what_failed_once_is_done_once(results: Results, kind: str) -> None:
    one_effect_each(results["before", kind])


@pytest.mark.parametrize("kind", LOST_ANSWERS)
def test_what_was_done_is_not_done_again_when_its_answer_is_lost(
    results: Results, kind: str
) -> None:
    one_effect_each(results["after", kind])


@each_kind
def test_a_channel_that_is_down_is_named_and_the_other_one_told(
    results: Results, kind: str
) -> None:
    for trouble, down, up in (("enrichment", "slack", "email"), ("firewall", "email", "slack")):
        case = results[trouble, kind]
        block = case.block(NOTIFICATION)
        channels = block["outputs"]["analyst_notification_status"]
        assert block["status"] == "partial"
        assert channels[up]["status"] == "sent"
        assert channels[down]["status"] == "failed"
        assert channels[down]["reason"].startswith(down)
        assert says(block, f"not delivered by {down}")
        assert case.texts(down) == ""
        assert block["outputs"]["incident_ticket_id"] is not None


@each_kind
def test_without_a_ticket_the_whole_summary_goes_out_by_mail(results: Results, kind: str) -> None:
    case = results["tickets", kind]
    block = case.block(NOTIFICATION)
    assert block["status"] == "partial"
    assert block["outputs"]["incident_ticket_id"] is None
    emergency = block["outputs"]["analyst_notification_status"]["email (emergency)"]
    assert emergency["status"] == "sent"
    assert says(block, "no ticket yet, it is tried again", "servicenow incident.list")
    mails = [mail["body"] for mail in case.sent("email")]
    last = [mail for mail in mails if mail["subject"].startswith("NO TICKET")][-1]
    assert last["to"] == ["soc@contoso.example"]
    for field in BLOCK_INPUTS[NOTIFICATION]:
        assert field in last["text"]
    for part in ("High confidence", f"{RESET} on", "NEXT STEPS", "ESCALATION", "/evidence/"):
        assert part in last["text"]


@each_kind
def test_the_ticket_is_opened_once_when_the_system_is_back(results: Results, kind: str) -> None:
    case = results["tickets", kind]
    assert case.effects("servicenow", "incident.post") == 1
    block = case.later["blocks"][NOTIFICATION]
    number = block["outputs"]["incident_ticket_id"]
    assert number.startswith("INC")
    assert f"ticket {number} opened late" in [one["event"] for one in case.later["timeline"]]
    assert "incident.do" in block["details"]["ticket_url"]
    assert not says(block, "no ticket yet")


@each_kind
def test_a_comment_that_could_not_be_written_is_noted(results: Results, kind: str) -> None:
    case = results["tickets", kind]
    note = ("incident comment not written", "sentinel incidents.comments.put")
    assert says(case.block(NOTIFICATION), *note)
    assert case.effects("sentinel", "incidents.comments.put") == 0


def test_an_emergency_mail_that_fails_goes_elsewhere_and_is_sent_later(results: Results) -> None:
    case = results["emergency", "500"]
    mails = [line for line in case.sent("email") if "NO TICKET" in line["body"]["subject"]]
    assert [mail["effect"] for mail in mails[:2]] == [False, True]
    told = [event for event in case.events if "emergency message: " in event]
    assert any("slack" in event for event in told)
    status = case.block(NOTIFICATION)["outputs"]["analyst_notification_status"]
    assert status["email (emergency)"]["status"] == "sent"


def one_effect_each(case: Answered) -> None:
    assert case.record["status"] == "contained"
    for action in (RESET, REVOKE, BLOCK):
        done = case.action(action)
        assert (done["status"], done["verified"]) == ("succeeded", True)
    for operation in (*CONTAINMENT_EFFECTS, ("servicenow", "incident.post")):
        assert case.effects(*operation) == 1, operation
    assert {line["fault"] for line in case.lines if line.get("fault")} != set()
    untouched_but(case)
