"""Guard rails, one by one."""

import pytest

from shared.models.account_kind import AccountKind
from shared.models.case import Account
from shared.models.directory import DirectoryUser
from shared.models.plan import ActionName
from shared.playbook.planning.guard_rails import (
    AccountFacts,
    account_facts,
    classify_account,
    everywhere,
    why_ask,
    why_never,
)

ANN = Account(key="k", user_id="ann@contoso.com", user_principal_name="ann@contoso.com")
USER = DirectoryUser(object_id="id-1", user_principal_name="Ann@contoso.com", user_type="Member")


def facts(**changes: object) -> AccountFacts:
    return account_facts(ANN, USER, is_admin_role=False).model_copy(update=changes)


def test_an_ordinary_account_is_known_to_be_one() -> None:
    assert classify_account(facts()) == {AccountKind.ORDINARY}
    for unread in (
        facts(is_admin_role=None),
        account_facts(ANN, None, is_admin_role=False),
        account_facts(None, None, is_admin_role=None),
    ):
        assert classify_account(unread) == {AccountKind.UNKNOWN}


@pytest.mark.parametrize(
    "unread",
    [
        facts(is_admin_role=None),
        account_facts(ANN, None, is_admin_role=False),
        account_facts(ANN, None, is_admin_role=None),
    ],
    ids=["roles", "profile", "both"],
)
def test_a_kind_that_is_known_is_not_all_when_something_could_not_be_read(
    unread: AccountFacts,
) -> None:
    listed = ["ann@contoso.com"]
    both = {AccountKind.VIP, AccountKind.UNKNOWN}
    assert classify_account(unread, vip=listed) == both
    assert classify_account(unread, service=listed) == {AccountKind.SERVICE, AccountKind.UNKNOWN}
    guest = unread.model_copy(update={"user_type": "Guest"})
    assert classify_account(guest) == {AccountKind.GUEST, AccountKind.UNKNOWN}
    [vip, unknown] = why_ask(both)
    assert vip == "VIP account"
    assert unknown.startswith("what else it is could not be established")


@pytest.mark.parametrize("listed", ["ann@contoso.com", " ANN@CONTOSO.COM ", "ID-1"])
def test_lists_match_names_and_object_ids(listed: str) -> None:
    assert classify_account(facts(), break_glass=[listed]) == {AccountKind.BREAK_GLASS}
    assert classify_account(facts(), vip=[listed]) == {AccountKind.VIP}
    assert classify_account(facts(), service=[listed]) == {AccountKind.SERVICE}


def test_a_listed_account_is_found_even_when_enrichment_failed() -> None:
    unknown = account_facts(ANN, None, is_admin_role=None)
    assert classify_account(unknown, break_glass=["ann@contoso.com"]) == {AccountKind.BREAK_GLASS}
    bare = AccountFacts(identifiers=["ann"])
    assert classify_account(bare, break_glass=["ann@contoso.com"]) == {AccountKind.BREAK_GLASS}
    assert classify_account(bare, break_glass=["joann@contoso.com", ""]) == {AccountKind.UNKNOWN}


def test_any_directory_role_is_privileged() -> None:
    reader = account_facts(ANN, USER, is_admin_role=False, roles=["Reports Reader"])
    assert classify_account(reader) == {AccountKind.PRIVILEGED}
    assert classify_account(facts(is_admin_role=True), vip=["ann@contoso.com"]) == {
        AccountKind.PRIVILEGED,
        AccountKind.VIP,
    }


@pytest.mark.parametrize(
    ("details", "kinds"),
    [
        ({}, {AccountKind.ORDINARY}),
        ({"also_in": [{"object_id": "x", "roles": []}]}, {AccountKind.ORDINARY}),
        ({"also_in": [{"object_id": "x", "roles": ["Global Reader"]}]}, {AccountKind.PRIVILEGED}),
        ({"also_in": [{"object_id": "x", "roles": None}]}, {AccountKind.UNKNOWN}),
        ({"elsewhere_unknown": True}, {AccountKind.UNKNOWN}),
        ({"also_in": [{"object_id": "emergency", "roles": []}]}, {AccountKind.BREAK_GLASS}),
    ],
)
def test_what_the_account_is_in_another_directory_counts(
    details: dict[str, object], kinds: set[AccountKind]
) -> None:
    assert classify_account(everywhere(facts(), details), break_glass=["emergency"]) == kinds


def test_guests_by_type_or_by_name() -> None:
    assert classify_account(facts(user_type="Guest")) == {AccountKind.GUEST}
    external = AccountFacts(identifiers=["ann_gmail.com#EXT#@contoso.onmicrosoft.com"])
    assert classify_account(external) == {AccountKind.GUEST, AccountKind.UNKNOWN}


@pytest.mark.parametrize(
    ("action", "kinds", "synced", "expected"),
    [
        (ActionName.BLOCK_IP, {AccountKind.BREAK_GLASS}, None, "break-glass"),
        (ActionName.REVOKE_SESSIONS, {AccountKind.GUEST}, False, "no effect on external users"),
        (ActionName.FORCE_PASSWORD_RESET, {AccountKind.GUEST}, False, "home organisation"),
        (ActionName.FORCE_PASSWORD_RESET, {AccountKind.ORDINARY}, True, "Active Directory"),
        (ActionName.REVOKE_SESSIONS, {AccountKind.ORDINARY}, True, None),
        (ActionName.DISABLE_ACCOUNT, {AccountKind.ORDINARY}, True, None),
        (ActionName.DISABLE_ACCOUNT, {AccountKind.GUEST}, False, None),
        (ActionName.FORCE_PASSWORD_RESET, {AccountKind.PRIVILEGED}, False, None),
    ],
)
def test_what_is_never_done(
    action: ActionName, kinds: set[AccountKind], synced: bool | None, expected: str | None
) -> None:
    why = why_never(action, kinds, synced=synced)
    assert why is None if expected is None else expected in (why or "")


@pytest.mark.parametrize("kind", [one for one in AccountKind if one != AccountKind.ORDINARY])
def test_everything_but_ordinary_is_a_question(kind: AccountKind) -> None:
    assert why_ask({kind})
    assert why_ask(set())
    assert why_ask({AccountKind.ORDINARY}) == []
