"""Which methods, rules and consents are taken away, and what is left to a person."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.models.outcome import ActionStatus
from shared.models.persistence import AuthenticationMethod, ConsentGrant, InboxRule
from shared.playbook.acting.persistence import (
    Chosen,
    Selection,
    describe,
    read_back,
    what_is_open,
)
from shared.playbook.acting.persistence.grants import choose_grants
from shared.playbook.acting.persistence.methods import choose_methods
from shared.playbook.acting.persistence.rules import choose_rules, why_suspicious
from shared.playbook.acting.persistence.trail import read_consents, read_registrations

SINCE = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BEFORE, AFTER = SINCE - timedelta(days=30), SINCE + timedelta(minutes=5)
APP, API = "2d1f7c0a-8b3e-4a59-9c64-7e5f3a1b9d08", "9c8b7a65-4d3e-4f21-8a09-1b2c3d4e5f60"
PASSWORD = AuthenticationMethod(id="p", kind="password", label="password", removable=False)


def method(key: str, kind: str = "phone", at: datetime | None = None) -> AuthenticationMethod:
    return AuthenticationMethod(id=key, kind=kind, label=f"{kind} {key}", created_at=at)


def log(operation: str, reason: str = "", **more: Any) -> dict[str, Any]:
    row = {"TimeGenerated": AFTER.isoformat(), "OperationName": operation, "ResultReason": reason}
    return row | {"Result": "success"} | more


def registered(reason: str) -> dict[str, Any]:
    return log("User registered security info", reason)


def chosen(selection: Selection) -> list[str]:
    return [one.id for one in selection.chosen]


def test_only_what_the_directory_dates_since_then_is_removed() -> None:
    methods = [
        PASSWORD,
        method("old", at=BEFORE),
        method("same", at=SINCE),
        method("new", at=AFTER),
    ]
    found = choose_methods(methods, since=SINCE, trail=[])
    assert chosen(found) == ["same", "new"] and found.tasks == []
    assert "registered 2026-11-20 12:05 UTC" in found.chosen[1].label


def test_without_a_time_of_the_compromise_nothing_is_certain() -> None:
    found = choose_methods([PASSWORD, method("a", at=AFTER)], since=None, trail=[])
    assert found.chosen == [] and "phone a" in found.tasks[0] and "not known" in found.tasks[0]
    assert choose_methods([PASSWORD], since=None, trail=[]).tasks == []


PHONE = "User registered Mobile Phone SMS"
GONE = log("User deleted security info", "User deleted Mobile Phone SMS")


@pytest.mark.parametrize(
    ("rows", "ids", "asks"),
    [
        ([], [], False),
        ([registered(PHONE)], ["one"], False),
        ([registered("User registered Fido")], [], False),
        ([registered(PHONE), GONE], [], False),
        ([registered(PHONE) | {"Result": "failure"}], [], False),
        ([log("User started security info registration", PHONE)], [], False),
        ([log("User registered all required security info", PHONE)], [], False),
        ([log("User updated security info", "User changed Mobile Phone")], [], True),
        ([registered("User registered App Password")], [], True),
    ],
)
def test_an_undated_method_is_dated_by_the_audit_log(
    rows: list[dict[str, Any]], ids: list[str], asks: bool
) -> None:
    methods = [PASSWORD, method("one")]
    found = choose_methods(methods, since=SINCE, trail=read_registrations(rows))
    assert (chosen(found), bool(found.tasks)) == (ids, asks)


def test_of_two_undated_methods_one_new_is_for_a_person_to_find() -> None:
    methods = [method("one"), method("two")]
    trail = read_registrations([registered(PHONE)])
    found = choose_methods(methods, since=SINCE, trail=trail)
    assert found.chosen == [] and "1 of these 2" in found.tasks[0]
    assert "phone one, phone two" in found.tasks[0]
    both = choose_methods(methods, since=SINCE, trail=trail * 2)
    assert chosen(both) == ["one", "two"]


def test_a_registration_that_a_dated_method_explains_is_not_counted_again() -> None:
    methods = [method("old"), method("new", at=AFTER)]
    found = choose_methods(methods, since=SINCE, trail=read_registrations([registered(PHONE)]))
    assert chosen(found) == ["new"] and found.tasks == []


def test_without_the_audit_log_an_undated_method_is_a_task() -> None:
    found = choose_methods([method("one"), method("a", at=AFTER)], since=SINCE, trail=None)
    assert chosen(found) == ["a"]
    assert "audit log could not be read" in found.tasks[0] and "phone one" in found.tasks[0]


def test_a_kind_that_cannot_be_removed_is_a_task() -> None:
    external = method("x", "external", AFTER).model_copy(update={"removable": False})
    found = choose_methods([external], since=SINCE, trail=[])
    assert found.chosen == [] and "remove it by hand" in found.tasks[0]


def rule(**changes: Any) -> InboxRule:
    return InboxRule.model_validate({"id": "r", "name": "..", "enabled": True} | changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"forwards_to": ["m@example.net"]}, "forwards to m@example.net"),
        ({"redirects_to": ["m@example.net"]}, "redirects to m@example.net"),
        ({"deletes": True}, "deletes"),
        ({"moves": True, "folder": "RSS Feeds", "out_of_sight": True}, "moves to RSS Feeds"),
        ({"moves": True, "folder": "X", "marks_read": True}, "marks as read and moves to X"),
        ({"moves": True, "marks_read": True}, "marks as read and moves to a folder"),
        ({"moves": True, "folder": "Team"}, ""),
        ({"marks_read": True}, ""),
    ],
)
def test_what_a_rule_does_decides(changes: dict[str, Any], words: str) -> None:
    one = rule(**changes)
    assert why_suspicious(one) == words
    assert chosen(choose_rules([one])) == (["r"] if words else [])
    assert choose_rules([one.model_copy(update={"enabled": False})]).chosen == []


def test_rules_that_cannot_be_judged_or_changed_are_tasks() -> None:
    found = choose_rules([rule(moves=True), rule(id="s", deletes=True, read_only=True)])
    assert found.chosen == []
    assert ["read-only" in found.tasks[0], "could not be read" in found.tasks[1]] == [True, True]


def grant(key: str = "g", **changes: Any) -> ConsentGrant:
    values = {"id": key, "client_id": APP, "resource_id": API, "scope": "Mail.Read"} | changes
    return ConsentGrant.model_validate(values)


def consent(**changes: Any) -> dict[str, Any]:
    target = {"id": APP, "displayName": "Mail Backup Pro", "type": "ServicePrincipal"} | changes
    return log("Consent to application", Target=str([target]).replace("'", '"'))


def properties(**values: str) -> dict[str, Any]:
    pairs = [{"displayName": name, "newValue": value} for name, value in values.items()]
    return {"modifiedProperties": pairs}


def permissions(resource: str, kind: str = "Principal") -> dict[str, Any]:
    text = f"[] => [[Id: x, ClientId: {APP}, ResourceId: {resource}, ConsentType: {kind}]]"
    return {"modifiedProperties": [{"displayName": "ConsentAction.Permissions", "newValue": text}]}


def test_a_consent_in_the_audit_log_is_revoked_by_its_name() -> None:
    found = choose_grants([grant()], since=SINCE, trail=read_consents([consent()]))
    assert chosen(found) == ["g"] and found.tasks == []
    assert found.chosen[0].label == "Mail Backup Pro (Mail.Read)"
    assert found.chosen[0].item["client_name"] == "Mail Backup Pro"


@pytest.mark.parametrize(
    ("row", "ids"),
    [
        (consent(**permissions(API)), ["g"]),
        (consent(**permissions("another interface")), []),
        (consent(id="another application"), []),
        (consent() | {"Result": "failure"}, []),
        (log("Add delegated permission grant", Target=f'[{{"id": "{API}"}}, "{APP}"]'), ["g"]),
        (log("Add delegated permission grant", Target=f'[{{"id": "{API}"}}]'), []),
    ],
)
def test_the_log_has_to_name_the_application(row: dict[str, Any], ids: list[str]) -> None:
    assert chosen(choose_grants([grant()], since=SINCE, trail=read_consents([row]))) == ids


def test_older_consents_stay() -> None:
    found = choose_grants([grant()], since=SINCE, trail=[])
    assert found.chosen == [] and found.tasks == [] and "1 older stay" in found.nothing


def test_a_directory_that_dates_consents_needs_no_log() -> None:
    grants = [grant("old", created_at=BEFORE), grant("new", created_at=AFTER)]
    assert chosen(choose_grants(grants, since=SINCE, trail=[])) == ["new"]


@pytest.mark.parametrize(
    "given",
    [permissions(API, "AllPrincipals"), properties(**{"ConsentContext.OnBehalfOfAll": "True"})],
)
def test_a_consent_for_everybody_is_never_touched(given: dict[str, Any]) -> None:
    everyone = grant("all", for_everyone=True)
    trail = read_consents([consent(**given)])
    found = choose_grants([everyone, grant()], since=SINCE, trail=trail)
    assert found.chosen == [] and "Mail Backup Pro" in found.tasks[0]
    assert "administrator" in found.tasks[0]


def test_a_property_that_is_false_is_not_for_everybody() -> None:
    flags = {"ConsentContext.OnBehalfOfAll": "False", "ConsentContext.IsAdminConsent": "True"}
    [found] = read_consents([consent(**properties(**flags))])
    assert not found.for_everyone


@pytest.mark.parametrize(("since", "trail"), [(None, []), (SINCE, None)])
def test_consents_of_unknown_age_are_a_task(since: datetime | None, trail: Any) -> None:
    found = choose_grants([grant()], since=since, trail=trail)
    assert found.chosen == [] and APP in found.tasks[0]


def test_rows_without_a_time_or_with_garbage_are_left_out() -> None:
    rows = [consent() | {"TimeGenerated": None}, log("Consent to application", Target="{not json")]
    [found] = read_consents(rows)
    assert found.application is None and not found.for_everyone
    assert read_registrations([{"OperationName": "User registered security info"}]) == []


ONE, TWO = Chosen(id="1", label="one", item={}), Chosen(id="2", label="two", item={})


@pytest.mark.parametrize(
    ("selection", "done", "left", "status", "detail"),
    [
        (Selection(chosen=[ONE]), [ONE], {}, "succeeded", "removed: one"),
        (Selection(nothing="none is new"), [], {}, "succeeded", "none is new"),
        (
            Selection(chosen=[ONE, TWO]),
            [ONE],
            {"2": "403"},
            "failed",
            "NOT removed: two (403); removed: one",
        ),
        (
            Selection(chosen=[ONE], tasks=["look at x"]),
            [ONE],
            {},
            "failed",
            "left to a person: look at x; removed: one",
        ),
    ],
)
def test_half_done_is_never_done(
    selection: Selection, done: list[Chosen], left: dict[str, str], status: str, detail: str
) -> None:
    assert describe("removed", selection, done, left) == (ActionStatus(status), detail)


def test_each_open_part_is_a_task_of_its_own() -> None:
    detail = "NOT removed: two (403); left to a person: look at x; look at y; removed: one"
    assert what_is_open(detail) == [
        "NOT removed: two (403)",
        "left to a person: look at x",
        "look at y",
    ]
    assert what_is_open("") == ["no reason given"]


def test_looking_again_twice_says_it_once() -> None:
    verified, detail = read_back("removed: one", ["one"], [])
    assert (verified, detail) == (False, "removed: one; read back: still there: one")
    assert read_back(detail, [], []) == (True, "removed: one; read back: so it is")
    assert read_back(detail, [], ["two"])[0] is False
