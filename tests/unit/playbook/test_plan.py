"""The plan: modes, confidence and guard rails; then what a person chose."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.models.account_kind import AccountKind
from shared.models.case import OperatingMode
from shared.models.plan import ActionName, Decision, Disposition, PlannedAction
from shared.models.policy import SEED_AUTOMATIC, Policy
from shared.models.verdict import Confidence
from shared.playbook.confidence.reputation import AddressReputation
from shared.playbook.planning.permission import ModeNow
from shared.playbook.planning.plan import (
    AddressFacts,
    apply_decision,
    decision_errors,
    hold_plan,
    make_plan,
)

RESET = ActionName.FORCE_PASSWORD_RESET
REVOKE = ActionName.REVOKE_SESSIONS
DISABLE = ActionName.DISABLE_ACCOUNT
BLOCK = ActionName.BLOCK_IP
BAD = AddressFacts(address="203.0.113.7", reputation=AddressReputation.MALICIOUS)


def allowing(*more: ActionName, kind: AccountKind = AccountKind.ORDINARY) -> Policy:
    """The default policy, with more actions allowed at High confidence."""
    return Policy(automatic={kind: {Confidence.HIGH: [*SEED_AUTOMATIC, *more]}})


def plan(mode: OperatingMode = OperatingMode.AUTOMATIC, **changes: Any) -> list[PlannedAction]:
    usual: dict[str, Any] = {
        "mode": ModeNow(mode, f"{mode} mode"),
        "policy": Policy(),
        "confidence": Confidence.HIGH,
        "recommended": [RESET, REVOKE, BLOCK],
        "target": "ann@contoso.com",
        "kinds": {AccountKind.ORDINARY},
        "addresses": [BAD],
    }
    return make_plan(**usual | changes)


def table(lines: list[PlannedAction]) -> dict[str, str]:
    return {line.action.value: line.disposition.value for line in lines}


def why(lines: list[PlannedAction], action: ActionName) -> str:
    return next(line.why for line in lines if line.action is action)


def decision(*actions: ActionName, **changes: Any) -> Decision:
    at = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
    return Decision(actions=list(actions), decided_by="lee@contoso.com", decided_at=at, **changes)


def test_high_contains_an_ordinary_account_by_itself() -> None:
    assert table(plan()) == {
        "ForcePasswordReset": "automatic",
        "RevokeSessions": "automatic",
        "BlockIP": "automatic",
    }
    assert "DisableAccount" not in table(plan())
    assert table(plan(recommended=[DISABLE]))["DisableAccount"] == "automatic"
    order = [line.action for line in plan(recommended=[REVOKE, DISABLE, BLOCK])]
    assert order == [DISABLE, RESET, REVOKE, BLOCK]


def test_medium_asks_and_low_watches() -> None:
    medium = plan(confidence=Confidence.MEDIUM, recommended=[RESET, REVOKE])
    assert table(medium) == {"ForcePasswordReset": "ask", "RevokeSessions": "ask"}
    assert "confidence is Medium" in medium[0].why
    assert table(plan(confidence=Confidence.MEDIUM, recommended=[])) == table(medium)
    stopped = plan(confidence=Confidence.MEDIUM, recommended=[ActionName.MONITOR_ONLY])
    assert table(stopped) == {"MonitorOnly": "automatic"}
    low = plan(confidence=Confidence.LOW, recommended=[RESET, BLOCK])
    assert table(low) == {"MonitorOnly": "automatic"}
    assert table(plan(confidence=Confidence.LOW, recommended=[ActionName.NO_ACTION])) == {
        "NoAction": "automatic"
    }


@pytest.mark.parametrize("confidence", list(Confidence))
def test_observe_never_acts_and_says_what_it_would_do(confidence: Confidence) -> None:
    lines = plan(mode=OperatingMode.OBSERVE, confidence=confidence)
    assert {line.disposition for line in lines} == {Disposition.NEVER}
    assert all("observe mode" in line.why for line in lines)
    assert apply_decision(lines, decision(DISABLE, RESET, REVOKE, BLOCK)) == []


def test_approve_asks_for_everything() -> None:
    assert set(table(plan(mode=OperatingMode.APPROVE)).values()) == {"ask"}


@pytest.mark.parametrize(
    "kind", [AccountKind.PRIVILEGED, AccountKind.VIP, AccountKind.SERVICE, None]
)
def test_accounts_that_matter_and_unknown_ones_are_asked_about(kind: AccountKind | None) -> None:
    lines = plan(kinds={kind} if kind else set())
    assert set(table(lines).values()) == {"ask"}


def test_break_glass_is_never_touched() -> None:
    for mode in OperatingMode:
        lines = plan(kinds={AccountKind.BREAK_GLASS, AccountKind.PRIVILEGED}, mode=mode)
        assert set(table(lines).values()) == {"never"}
        assert apply_decision(lines, decision(DISABLE, RESET, REVOKE, BLOCK)) == []


def test_a_password_that_another_identity_provider_checks_is_reset_there() -> None:
    lines = plan(federated="legal.contoso.example", addresses=[])
    assert table(lines) == {
        "DisableAccount": "automatic",
        "ForcePasswordReset": "never",
        "RevokeSessions": "automatic",
    }
    [reset] = [line for line in lines if line.action is RESET]
    assert "legal.contoso.example is federated" in reset.why and "reset it there" in reset.why
    medium = plan(federated="legal.contoso.example", confidence=Confidence.MEDIUM, addresses=[])
    assert table(medium)["DisableAccount"] == "ask"
    assert plan(federated="legal.contoso.example", confidence=Confidence.LOW, addresses=[])[
        0
    ].action is (ActionName.MONITOR_ONLY)


def test_a_guest_can_only_be_disabled_here() -> None:
    lines = plan(kinds={AccountKind.GUEST}, addresses=[])
    assert table(lines) == {
        "DisableAccount": "ask",
        "ForcePasswordReset": "never",
        "RevokeSessions": "never",
        "DisableInboxRules": "never",
    }
    chosen = apply_decision(lines, decision(*ActionName.__members__.values()))
    assert chosen == [], "monitoring excludes the rest"
    rules = ActionName.DISABLE_INBOX_RULES
    chosen = apply_decision(lines, decision(DISABLE, RESET, REVOKE, rules))
    assert [line.action for line in chosen] == [DISABLE]


def test_a_synced_account_keeps_its_cloud_password() -> None:
    lines = plan(synced=True, recommended=[DISABLE, BLOCK])
    assert table(lines) == {
        "DisableAccount": "automatic",
        "ForcePasswordReset": "never",
        "RevokeSessions": "automatic",
        "BlockIP": "automatic",
    }
    assert "Active Directory" in why(lines, RESET)
    assert "Active Directory too" in why(lines, DISABLE)
    assert table(plan(synced=None))["ForcePasswordReset"] == "ask"
    assert table(plan(federated_unknown=True))["ForcePasswordReset"] == "ask"


def test_an_address_the_firewall_cannot_take_is_a_task_for_a_person() -> None:
    facts = BAD.model_copy(update={"cannot_block": "the firewall takes IPv4 only"})
    lines = plan(addresses=[facts])
    assert table(lines)["BlockIP"] == "never"
    assert why(lines, BLOCK) == "the firewall takes IPv4 only; block 203.0.113.7 by hand"


def test_addresses_are_judged_one_by_one() -> None:
    facts = [
        BAD,
        AddressFacts(address="203.0.113.8", highly_unusual=True),
        AddressFacts(address="203.0.113.9"),
        AddressFacts(address="203.0.113.10", reputation=AddressReputation.BENIGN),
        BAD.model_copy(update={"address": "203.0.113.11", "never_block": "it is our own"}),
    ]
    blocks = {
        line.target: line.disposition.value
        for line in plan(addresses=facts)
        if line.action is BLOCK
    }
    assert blocks == {
        "203.0.113.7": "automatic",
        "203.0.113.8": "automatic",
        "203.0.113.9": "ask",
        "203.0.113.10": "never",
        "203.0.113.11": "never",
    }
    quiet = plan(addresses=facts, recommended=[RESET])
    assert {line.target for line in quiet if line.action is BLOCK} == {
        "203.0.113.7",
        "203.0.113.8",
        "203.0.113.11",
    }


def test_a_hold_a_missing_provider_and_a_missing_account() -> None:
    held = hold_plan(plan(), "10 accounts within an hour, the limit is 10")
    assert set(table(held).values()) == {"ask"} and "limit is 10" in held[0].why
    without = plan(supported={RESET, REVOKE})
    assert table(without)["BlockIP"] == "never"
    nobody = plan(target=None, addresses=[], kinds=set())
    assert table(nobody) == {"MonitorOnly": "automatic"} and "names no account" in nobody[0].why
    assert table(plan(target=None, kinds=set())) == {"BlockIP": "ask"}


def test_ways_to_come_back_are_asked_about_unless_the_policy_allows_them() -> None:
    rules, methods = ActionName.DISABLE_INBOX_RULES, ActionName.REMOVE_AUTHENTICATION_METHODS
    wanted = [RESET, rules, methods]
    assert table(plan(recommended=wanted, addresses=[])) == {
        "ForcePasswordReset": "automatic",
        "RevokeSessions": "automatic",
        "RemoveAuthenticationMethods": "ask",
        "DisableInboxRules": "ask",
    }
    allowed = table(plan(recommended=wanted, addresses=[], policy=allowing(rules)))
    assert allowed["DisableInboxRules"] == "automatic"
    assert allowed["RemoveAuthenticationMethods"] == "ask"
    unsure = plan(recommended=wanted, policy=allowing(rules), confidence=Confidence.MEDIUM)
    assert table(unsure)["DisableInboxRules"] == "ask"
    guest = plan(recommended=wanted, policy=allowing(rules), kinds={AccountKind.GUEST})
    assert table(guest)["DisableInboxRules"] == "never"
    assert "home organisation" in why(guest, rules)
    assert table(guest)["RemoveAuthenticationMethods"] == "ask"


def test_a_person_chooses() -> None:
    lines = plan(confidence=Confidence.MEDIUM)
    assert apply_decision(lines, decision()) == []
    assert apply_decision(lines, decision(ActionName.NO_ACTION)) == []
    assert apply_decision(lines, decision(ActionName.MONITOR_ONLY, DISABLE)) == []
    chosen = apply_decision(lines, decision(REVOKE, DISABLE))
    assert [(line.action, line.target) for line in chosen] == [
        (DISABLE, "ann@contoso.com"),
        (REVOKE, "ann@contoso.com"),
    ]
    assert chosen[0].why == "chosen by lee@contoso.com"


def test_a_person_chooses_among_addresses() -> None:
    two = [BAD, BAD.model_copy(update={"address": "203.0.113.8"})]
    lines = plan(confidence=Confidence.MEDIUM, addresses=two)
    one = apply_decision(lines, decision(BLOCK, targets=["203.0.113.8"]))
    assert [line.target for line in one] == ["203.0.113.8"]
    assert len(apply_decision(lines, decision(BLOCK))) == 2


def test_what_is_automatic_is_not_returned_again() -> None:
    lines = plan(addresses=[AddressFacts(address="203.0.113.9")])
    chosen = apply_decision(lines, decision(RESET, REVOKE, BLOCK))
    assert [line.action for line in chosen] == [BLOCK]


def test_decision_errors() -> None:
    assert decision_errors([RESET, REVOKE]) == decision_errors([ActionName.NO_ACTION]) == []
    assert decision_errors([])
    assert decision_errors([ActionName.NO_ACTION, RESET])
