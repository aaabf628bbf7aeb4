"""The hand-over names what was found: rules, consents, methods, roles, files, mails, machines."""

from typing import Any

import pytest

from shared.models.base import Json
from shared.models.block import BlockName, BlockStatus
from shared.models.next_step import NextStep, StepKind, Urgency, Who
from shared.playbook.hunts import load_hunts
from shared.playbook.reporting.next_steps import hand_over
from shared.playbook.reporting.next_steps.findings import ITSELF, READERS
from tests.unit.playbook.records import action, changed_block, planned, record

AT = "2026-11-20T12:10:00.000Z"
FROM = "203.0.113.7"
AUDIT = {"TimeGenerated": AT, "InitiatorName": "ann@contoso.com", "InitiatorAddress": FROM}
SPAN = {"TimeGenerated": AT, "FirstSeen": "2026-11-20T12:06:00.000Z"}
ROWS: dict[str, Json] = {
    "inbox_rules": {
        "TimeGenerated": AT,
        "Operation": "New-InboxRule",
        "ClientIP": FROM,
        "OfficeObjectId": "ann@contoso.com\\..",
        "Details": '[{"Name":"Name","Value":".."},{"Name":"ForwardTo","Value":"x@evil.example"}]',
    },
    "oauth_consent": AUDIT
    | {
        "OperationName": "Consent to application",
        "Application": "Mail Backup Pro",
        "ApplicationId": "2d1f7c0a-8b3e-4a59-9c64-7e5f3a1b9d08",
        "Scopes": "Mail.Read offline_access",
    },
    "mfa_method_changes": AUDIT
    | {
        "OperationName": "User registered security info",
        "ResultReason": "User registered Authenticator App",
    },
    "role_assignments": AUDIT
    | {
        "OperationName": "Add member to role",
        "TargetName": "eve@contoso.com",
        "Changes": '[{"displayName":"Role.DisplayName","newValue":"\\"Global Administrator\\""}]',
    },
    "mail_bursts": SPAN | {"Messages": 63, "Subjects": ["Invoice"], "Addresses": [FROM]},
    "mass_download": SPAN | {"Files": 140, "Address": FROM, "Sites": ["https://c.example/hr"]},
    "sharing_bursts": SPAN
    | {"Files": 24, "Operations": ["AnonymousLinkCreated"], "Sites": ["https://c.example/hr"]},
    "mass_deletion": SPAN | {"Kind": "files", "Deleted": 51, "Operations": ["FileDeleted"]},
    "sensitive_access": {
        "TimeGenerated": AT,
        "Operation": "FileAccessed",
        "SourceAddress": FROM,
        "SourceFileName": "salaries.xlsx",
    },
    "lateral_movement": {"DeviceName": "srv-7", "LogonType": "Network", "Sources": ["10.0.0.9"]},
    "suspicious_commands": {
        "TimeGenerated": AT,
        "DeviceName": "LAPTOP-9",
        "AccountName": "ann",
        "FileName": "powershell.exe",
        "ProcessCommandLine": "powershell -enc AAAA",
        "InitiatingProcessFileName": "winword.exe",
    },
    "large_transfers": SPAN
    | {"SourceIP": "10.0.0.9", "DestinationIP": "198.51.100.9", "BytesSent": 900_000_000},
    "token_new_places": SPAN
    | {"Address": "198.51.100.9", "Country": "BR", "Machine": "linux", "Apps": ["Exchange"]},
    "anomalous_places": {"IPAddress": "198.51.100.9", "City": "Lagos", "Country": "NG"},
}
SAID: dict[str, tuple[Who, tuple[str, ...]]] = {
    "inbox_rules": (
        Who.L1,
        ('Inbox rule ".."', "forwards to x@evil.example", "the address of the attack"),
    ),
    "oauth_consent": (
        Who.L2,
        ("Mail Backup Pro (id 2d1f7c0a-8b3e-4a59-9c64-7e5f3a1b9d08), scopes Mail.Read",),
    ),
    "mfa_method_changes": (Who.L1, ('"User registered Authenticator App"', "12:10:00Z")),
    "role_assignments": (Who.IRT, ("Global Administrator was given to eve@contoso.com",)),
    "mail_bursts": (Who.L2, ("63 mails", '"Invoice"')),
    "mass_download": (Who.OWNER, ("140 files", "https://c.example/hr")),
    "sharing_bursts": (Who.L2, ("24 files", "AnonymousLinkCreated", "remove the links")),
    "mass_deletion": (Who.L2, ("51 files were deleted",)),
    "sensitive_access": (Who.OWNER, ('"salaries.xlsx" (FileAccessed',)),
    "lateral_movement": (Who.IRT, ("srv-7", "10.0.0.9")),
    "suspicious_commands": (Who.IRT, ("On LAPTOP-9", "powershell -enc AAAA", "winword.exe")),
    "large_transfers": (Who.IRT, ("900 MB", "198.51.100.9")),
    "token_new_places": (Who.L2, ("198.51.100.9 (BR, machine linux)", '"Exchange"')),
    "anomalous_places": (Who.L1, ("198.51.100.9 (Lagos, NG)",)),
}


def found(hunt: str, *rows: Json, **changes: Any) -> list[NextStep]:
    """Return the hand-over of a case in which one hunt found rows."""
    technique = next(one.technique for one in load_hunts() if one.id == hunt)
    finding = {"id": hunt, "title": hunt, "technique": technique, "count": len(rows),
               "summary": "", "rows": list(rows)}  # fmt: skip
    blocks = changed_block(BlockName.ACTIVITY, BlockStatus.COMPLETE, [], findings=[finding])
    return hand_over(record(blocks=blocks, **changes))


def about(steps: list[NextStep], words: str) -> NextStep:
    [step] = [one for one in steps if words in one.what]
    return step


def test_every_hunt_has_a_reader() -> None:
    assert {*READERS, *ITSELF} == {hunt.id for hunt in load_hunts()}
    assert set(ROWS) == set(READERS)


@pytest.mark.parametrize("hunt", READERS)
def test_what_a_hunt_found_is_named_with_who_where_and_technique(hunt: str) -> None:
    who, words = SAID[hunt]
    step = about(found(hunt, ROWS[hunt]), words[0])
    assert all(word in step.what for word in words), step.what
    assert step.who is who and step.kind is StepKind.RECOMMENDATION
    assert step.techniques
    assert step.where or step.command or hunt == "anomalous_places"


@pytest.mark.parametrize("hunt", READERS)
def test_a_row_without_anything_in_it_still_makes_a_sentence(hunt: str) -> None:
    for step in found(hunt, {}, {"Details": "[{", "Changes": "{}", "Sites": 3, "Sources": "x"}):
        assert step.what and "None" not in step.what and "None" not in step.command


def test_what_nobody_found_has_no_step() -> None:
    quiet = record(
        blocks={}, addresses=[], verdict=record()["verdict"] | {"reasons": []}, actions=[], plan=[]
    )
    assert [step.what.split()[0] for step in hand_over(quiet)] == ["Call", "Document"]


def test_a_rule_that_was_disabled_is_not_urgent_any_more() -> None:
    detail = 'disabled: ".." (forwards to x@evil.example); read back: so it is'
    done = action("DisableInboxRules", detail=detail)
    step = about(found("inbox_rules", ROWS["inbox_rules"], actions=[done]), "Inbox rule")
    assert "this case has disabled it" in step.what and step.urgency is Urgency.TODAY
    assert step.command == "Remove-InboxRule -Mailbox 'ann@contoso.com' -Identity '..'"


def test_a_revoked_consent_names_application_id_and_scopes() -> None:
    grant = {"client_id": "2d1f", "client_name": "Mail Backup Pro", "scope": " Mail.Read "}
    done = action("RevokeOAuthGrants", undo={"grants": [grant]})
    step = about(found("oauth_consent", ROWS["oauth_consent"], actions=[done]), "Mail Backup Pro")
    assert "(id 2d1f, scopes Mail.Read): the consent of ann@contoso.com" in step.what
    assert "is revoked" in step.what and "from 203.0.113.7, the address of the attack" in step.what
    assert (
        step.command
        == "Update-MgServicePrincipal -ServicePrincipalId '2d1f' -AccountEnabled:$false"
    )


def test_forwarding_and_delegates_are_told_from_rules() -> None:
    forward = {"Operation": "Set-Mailbox", "Details": '[{"Name":"ForwardingSmtpAddress","Value":"smtp:x@evil.example"}]'}  # fmt: skip  # noqa: E501
    grant = {"Operation": "Add-MailboxPermission", "Details": '[{"Name":"User","Value":"eve"},{"Name":"AccessRights","Value":"FullAccess"}]'}  # fmt: skip  # noqa: E501
    steps = found("inbox_rules", forward, grant)
    assert "forwards the whole mailbox to smtp:x@evil.example" in about(steps, "Mailbox of").what
    assert "-User 'eve' -AccessRights 'FullAccess'" in about(steps, "eve was given").command


def test_what_an_attacker_named_stays_a_value_in_a_command() -> None:
    name = "a'; Remove-Mailbox boss #\u2019$(calc)"
    row = ROWS["inbox_rules"] | {"Details": f'[{{"Name":"Name","Value":"{name}"}}]'}
    command = about(found("inbox_rules", row), "Inbox rule").command
    assert command.endswith("-Identity 'a''; Remove-Mailbox boss #\u2019\u2019$(calc)'")


def test_open_tasks_and_recommendations_are_told_apart_and_sorted() -> None:
    steps = found(
        "inbox_rules",
        ROWS["inbox_rules"],
        actions=[action("RevokeSessions", "failed", detail="403")],
    )
    assert steps[0].kind is StepKind.TASK and steps[0].who is Who.L2
    assert steps[0].command == "Revoke-MgUserSignInSession -UserId 'ann@contoso.com'"
    assert steps[0].where.startswith("Entra admin center > Users > ann@contoso.com")
    order = list(Urgency)
    ranks = [order.index(step.urgency) for step in steps]
    assert ranks == sorted(ranks)


def test_a_disabled_account_is_given_back_at_the_end() -> None:
    held = action("DisableAccount", undo={"account_enabled": True})
    step = about(hand_over(record(actions=[held])), "Enable ann@contoso.com again")
    assert step.urgency is Urgency.BEFORE_CLOSING


def test_neighbours_of_the_address_make_the_hunt_urgent() -> None:
    blocks = record()["blocks"]
    use = {"guessed_accounts": 12, "right_accounts": 2}
    blocks[BlockName.SIGN_INS]["details"] = {"analysis": {"address_use": use}}
    step = about(hand_over(record(blocks=blocks)), "Hunt:")
    assert "12 other accounts with a wrong password from it, 2 with the right one" in step.what
    assert step.urgency is Urgency.NOW


def test_okta_has_ways_of_its_own() -> None:
    account = record()["account"] | {"directory": "okta"}
    steps = hand_over(record(account=account, actions=[action("RevokeSessions", "failed")]))
    assert "Clear User Sessions" in steps[0].where and not steps[0].command


@pytest.mark.parametrize(
    ("account", "where"),
    [
        ({"synced": True}, "Active Directory Users and Computers, on-premises"),
        (
            {"federated_domain": "legal.example", "synced": False},
            "the identity provider of legal.example (Entra admin center > Custom domain names)",
        ),
        ({"federated_domain": None}, "Entra admin center > Users > ann@contoso.com"),
    ],
)
def test_a_password_is_reset_where_it_lives(account: Json, where: str) -> None:
    never = planned("ForcePasswordReset", "never", "it lives elsewhere")
    known = {"user_principal_name": "ann@contoso.com", "kinds": ["ordinary"]} | account
    given = record(plan=[never], actions=[], account=known)
    [step] = [one for one in hand_over(given) if "ForcePasswordReset" in one.what]
    assert step.where.startswith(where)
