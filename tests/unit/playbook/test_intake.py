"""The three ways in: Sentinel incident, manual runbook call, Event Grid event."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.models.case import AlertType, CaseRequest, OperatingMode
from shared.playbook.intake import (
    InvalidBody,
    parse_security_event,
    parse_sentinel_incident,
)
from shared.playbook.intake.identifiers import account_key
from tests.unit.playbook.bodies import (
    ANN_ID,
    ARM_ID,
    RECEIVED,
    account,
    address,
    alert,
    trigger,
)


def sentinel(body: object, **options: Any) -> list[CaseRequest]:
    return parse_sentinel_incident(
        body, mode=OperatingMode.AUTOMATIC, received_at=RECEIVED, **options
    )


def event(body: object) -> list[CaseRequest]:
    return parse_security_event(body, mode=OperatingMode.AUTOMATIC, received_at=RECEIVED)


def wrong_fields(body: object) -> set[str]:
    with pytest.raises(InvalidBody) as caught:
        sentinel(body)
    return {error.field for error in caught.value.errors}


def test_an_incident_becomes_a_case() -> None:
    [case] = sentinel(trigger(account(aadUserId=ANN_ID.upper()), address("203.0.113.7")))
    assert case.account is not None
    assert case.account.user_principal_name == "ann@contoso.com"
    assert case.account.user_id == case.account.object_id == ANN_ID
    assert case.account.key == account_key(ANN_ID)
    assert case.addresses == ["203.0.113.7"]
    assert case.alert_type is AlertType.BRUTE_FORCE_SUCCESS
    assert case.incident.incident_id == ARM_ID
    assert case.incident.number == 3177
    assert case.case_id.startswith("case-") and len(case.case_id) == 29
    assert case.mode is OperatingMode.AUTOMATIC
    assert case.successful_login_time is None


@pytest.mark.parametrize(
    "properties",
    [
        {"accountName": "Ann", "upnSuffix": "Contoso.com"},
        {"Name": "ann", "UPNSuffix": "contoso.com"},
        {"accountName": "ann@contoso.com"},
        {"accountName": "ann@contoso.com", "upnSuffix": "contoso.com"},
        {"UserPrincipalName": "ANN@contoso.com"},
        {"name": "CONTOSO\\ann", "upnSuffix": "contoso.com"},
        {"friendlyName": "ann@contoso.com"},
    ],
)
def test_every_spelling_of_a_principal_name(properties: dict[str, str]) -> None:
    [case] = sentinel(trigger({"kind": "ACCOUNT", "properties": properties}))
    assert case.account is not None
    assert case.account.user_principal_name == "ann@contoso.com"


def test_entities_as_json_text_and_in_alerts_with_references() -> None:
    in_alert = json.dumps(
        [
            {"$id": "3", "Type": "process", "Account": {"$id": "4", "Type": "account",
             "Name": "bob", "UPNSuffix": "contoso.com"}},
            {"$ref": "4"},
            {"$id": "5", "Type": "IP", "Address": "[2001:db8::9]:443"},
        ]
    )  # fmt: skip
    body = trigger(json.dumps(account()), alerts=[alert(Entities=in_alert)])
    ann, bob = sentinel(body)
    assert ann.account is not None and ann.account.user_principal_name == "ann@contoso.com"
    assert bob.account is not None and bob.account.user_principal_name == "bob@contoso.com"
    assert bob.addresses == ["2001:db8::9"]


def test_the_same_person_twice_is_one_case() -> None:
    by_name = account()
    by_id = {"kind": "account", "properties": {"aadUserId": ANN_ID, "displayName": "Ann"}}
    both = account(aadUserId=ANN_ID)
    for entities in ([by_name, by_id, both], [both, by_id, by_name], [by_id, both, by_name]):
        [case] = sentinel(trigger(*entities))
        assert case.account is not None and case.account.object_id == ANN_ID


def test_the_same_name_with_two_object_ids_is_two_people() -> None:
    other = ANN_ID.replace("3", "4")
    cases = sentinel(trigger(account(aadUserId=ANN_ID), account(aadUserId=other), account()))
    assert {case.account.object_id for case in cases if case.account} == {ANN_ID, other}


def test_no_account_is_a_case_for_a_person() -> None:
    [case] = sentinel(trigger(address("203.0.113.7")))
    assert case.account is None
    assert "names no account" in case.initial_alert_details


@pytest.mark.parametrize("wrapped", [json.dumps, lambda body: {"body": body},
                                     lambda body: {"body": json.dumps(body)},
                                     lambda body: json.dumps(body).encode()])  # fmt: skip
def test_transport_wrappings_are_undone(wrapped: Any) -> None:
    body = trigger(account())
    assert sentinel(wrapped(body)) == sentinel(body)


def test_ids_do_not_depend_on_order_letter_case_or_route() -> None:
    entities = [account("ann"), account("bob"), account("eve", aadUserId=ANN_ID)]
    first = [case.case_id for case in sentinel(trigger(*entities))]
    shouted = json.loads(json.dumps(trigger(*reversed(entities))).replace("ann", "ANN"))
    shouted["object"]["id"] = ARM_ID.upper()
    assert [case.case_id for case in sentinel(shouted)] == first
    grid = {"id": "1", "event_type": "x", "data": trigger(*entities)}
    cloud = {"id": "1", "type": "x", "data": json.dumps(trigger(*entities))}
    assert [case.case_id for case in event(grid)] == first
    assert event(cloud)[0].incident.source == "sentinel"
    assert len(set(first)) == 3


def test_addresses_are_public_and_the_named_one_is_first() -> None:
    details = json.dumps({"SuccessIP": ["198.51.100.4"], "LoginTime": ["2026-11-20T12:04:05Z"]})
    body = trigger(
        account(),
        address("10.0.0.1"),
        address("203.0.113.7:51515"),
        address("nonsense"),
        alerts=[alert(additionalData={"Custom Details": details})],
    )
    [case] = sentinel(body)
    assert case.addresses == ["198.51.100.4", "203.0.113.7"]
    assert case.successful_login_ip == "198.51.100.4"
    assert case.successful_login_time == datetime(2026, 11, 20, 12, 4, 5, tzinfo=UTC)
    assert "10.0.0.1 was left out: it is a private address" in case.initial_alert_details
    assert "nonsense was left out" in case.initial_alert_details


def test_details_of_one_account_are_not_used_for_another() -> None:
    def one(name: str, minute: int, source: str) -> dict[str, Any]:
        entities = [account(name), address(source)]
        details = {"LoginTime": [f"2026-11-20T12:0{minute}:00Z"]}
        return alert(entities=entities, additionalData={"CustomDetails": json.dumps(details)})

    ann, bob, eve = sentinel(
        trigger(
            account("eve"),
            alerts=[one("ann", 1, "203.0.113.1"), one("bob", 2, "203.0.113.2")],
        )
    )
    assert ann.successful_login_time and ann.successful_login_time.minute == 1
    assert bob.successful_login_time and bob.successful_login_time.minute == 2
    assert (ann.successful_login_ip, bob.successful_login_ip) == ("203.0.113.1", "203.0.113.2")
    assert eve.successful_login_time is None


def test_times_of_a_case() -> None:
    [case] = sentinel(trigger(account()), window_minutes=10)
    created = datetime(2026, 11, 20, 12, 9, 0, 123456, tzinfo=UTC)
    assert case.now == created + timedelta(minutes=10)
    assert case.detected_at == created
    [late] = sentinel(trigger(account(), createdTimeUtc="9999-12-31T23:59:59Z"))
    assert late.now == RECEIVED + timedelta(minutes=10)
    assert late.detected_at == RECEIVED
    nothing = {"createdTimeUtc": None, "lastActivityTimeUtc": "0001-01-01T00:00:00Z"}
    [bare] = sentinel(trigger(account(), **nothing))
    assert bare.now == bare.detected_at == RECEIVED


def test_every_wrong_field_is_named() -> None:
    assert wrong_fields({}) == {
        "objectSchemaType",
        "objectEventType",
        "workspaceId",
        "object",
        "object.properties",
        "object.id",
        "object.name",
        "object.properties.title",
        "object.properties.severity",
        "object.properties.status",
        "object.properties.incidentNumber",
    }
    body = trigger(severity="Critical", incidentNumber=True, relatedEntities="{}", title=" ")
    body["object"]["id"] = "1505"
    body["objectSchemaType"] = "Alert"
    assert wrong_fields(body) == {
        "objectSchemaType",
        "object.id",
        "object.properties.title",
        "object.properties.severity",
        "object.properties.incidentNumber",
        "object.properties.relatedEntities",
    }
    assert wrong_fields("not json") == wrong_fields(None) == wrong_fields([]) == {"body"}


def test_too_many_accounts_or_addresses_are_refused() -> None:
    many = [account(f"user{number}") for number in range(101)]
    many += [address(f"203.0.113.{number}") for number in range(101)]
    with pytest.raises(InvalidBody) as caught:
        sentinel(trigger(*many))
    reasons = [error.reason for error in caught.value.errors]
    assert reasons[0].startswith("names 101 accounts, at most 100")
    assert reasons[1].startswith("names 101 addresses")
    assert len(sentinel(trigger(*many[:100]))) == 100


def test_texts_are_bounded_and_clean() -> None:
    body = trigger(account(), title="a\x00\u202eb" + "x" * 9999, description="d" * 99_999)
    [case] = sentinel(body)
    assert case.incident.title.startswith("abx") and len(case.incident.title) <= 256
    assert case.incident.description.endswith("(cut, 99999 characters in all)")
    assert len(case.initial_alert_details) < 6_000


def test_unreadable_entities_are_said() -> None:
    body = trigger(account(), 7, "{", {"kind": "Account", "properties": {}}, {"kind": "Host"})
    [case] = sentinel(body)
    assert "3 entities could not be read" in case.initial_alert_details
    [nobody] = sentinel(trigger(account("x" * 400)))
    assert nobody.account is None


@pytest.mark.parametrize(
    ("title", "techniques", "expected"),
    [
        ("Password spray attack", ["T1110.001"], AlertType.PASSWORD_SPRAY),
        ("Failed logins followed by success", [], AlertType.BRUTE_FORCE_SUCCESS),
        ("Successful logon after many failures", [], AlertType.BRUTE_FORCE_SUCCESS),
        ("Impossible travel activity", ["T1078"], AlertType.IMPOSSIBLE_TRAVEL),
        ("Multiple MFA denied by user", [], AlertType.MFA_FATIGUE),
        ("Anomalous token", [], AlertType.TOKEN_THEFT),
        ("Stolen session cookie was used (AiTM)", [], AlertType.TOKEN_THEFT),
        ("Possible AiTM phishing attempt", [], AlertType.PHISHING),
        ("Rule 7", ["T1110.003"], AlertType.PASSWORD_SPRAY),
        ("Rule 7", ["T1621"], AlertType.MFA_FATIGUE),
        ("Rule 7", ["T1539"], AlertType.TOKEN_THEFT),
        ("Rule 7", ["T1566.002"], AlertType.PHISHING),
        ("Rule 7", ["T1557"], AlertType.PHISHING),
        ("Rule 7", ["T1110"], AlertType.BRUTE_FORCE_SUCCESS),
        ("Rule 7", ["T1078"], AlertType.COMPROMISED_ACCOUNT),
    ],
)
def test_alert_type(title: str, techniques: list[str], expected: AlertType) -> None:
    body = trigger(account(), title=title, additionalData={"techniques": techniques})
    assert sentinel(body)[0].alert_type is expected
