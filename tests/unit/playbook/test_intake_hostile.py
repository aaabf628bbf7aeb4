"""Whatever arrives: case requests or InvalidBody, nothing else."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.models.case import CaseRequest, OperatingMode
from shared.playbook.intake import (
    InvalidBody,
    parse_manual_case,
    parse_security_event,
    parse_sentinel_incident,
)
from tests.unit.playbook.bodies import ARM_ID, RECEIVED, trigger

NAMES = [
    "object", "properties", "relatedEntities", "alerts", "kind", "type", "Type", "$id", "$ref",
    "accountName", "upnSuffix", "aadUserId", "sid", "address", "Entities", "additionalData",
    "Custom Details", "SuccessIP", "LoginTime", "data", "body", "user_id", "case_id", "ip", "time",
    "alert_group_identifiers", "__class__", "__proto__", "title", "severity", "incidentNumber",
]  # fmt: skip
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.floats(),
    st.text(),
    st.sampled_from(
        ["account", "Ip", "203.0.113.7", "10.0.0.1", "ann@contoso.com", "\x00", "\ud800", "{}",
         "[]", "[[", '{"$ref":"1"}', "1", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00",
         "S-1-5-18", "Incident", "Create", ARM_ID, "x" * 5000]
    ),
)  # fmt: skip
JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(st.one_of(st.sampled_from(NAMES), st.text(max_size=5)), inner, max_size=6),
    ),
    max_leaves=30,
)
ENTITY = st.fixed_dictionaries(
    {"kind": st.sampled_from(["Account", "account", "IP", "Host"])},
    optional={"properties": st.one_of(JSON, st.dictionaries(st.sampled_from(NAMES), JSON))},
)


def parse_all(body: Any) -> list[CaseRequest]:
    found: list[CaseRequest] = []
    for parse in (parse_sentinel_incident, parse_security_event, parse_manual_case):
        try:
            answer = parse(body, mode=OperatingMode.AUTOMATIC, received_at=RECEIVED)
        except InvalidBody as error:
            assert error.errors
            assert all(wrong.field and wrong.reason for wrong in error.errors)
            assert len(str(error)) < 20_000
            continue
        found += answer if isinstance(answer, list) else [answer]
    for case in found:
        assert len(case.case_id) <= 100 and case.case_id.isascii()
        json.dumps(case.to_json()).encode()
        assert CaseRequest.model_validate(case.to_json()) is not None
    return found


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(JSON)
def test_anything_at_all(body: Any) -> None:
    parse_all(body)
    parse_all({"data": body})


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.one_of(ENTITY, JSON), max_size=4), st.lists(JSON, max_size=3),
       st.dictionaries(st.sampled_from([*NAMES, "createdTimeUtc", "lastActivityTimeUtc"]), JSON,
                       max_size=3))  # fmt: skip
def test_a_good_envelope_around_anything(
    entities: list[Any], alerts: list[Any], extra: dict[str, Any]
) -> None:
    parse_all(trigger(*entities, alerts=alerts))
    body = trigger(*entities, alerts=alerts)
    body["object"]["properties"] |= extra
    parse_all(body)


@settings(max_examples=100, deadline=None)
@given(st.fixed_dictionaries({"user_id": LEAVES, "case_id": LEAVES,
                              "alert_group_identifiers": JSON},
                             optional={"ip": JSON, "time": JSON, "alert_type": JSON,
                                       "initial_alert_details": JSON}))  # fmt: skip
def test_manual_bodies_of_anything(body: dict[str, Any]) -> None:
    parse_all(body)


@settings(max_examples=50, deadline=None)
@given(st.permutations(["ann", "bob", "eve", "ANN", "Bob"]))
def test_order_and_letter_case_never_change_the_ids(names: list[str]) -> None:
    entities = [
        {"kind": "Account", "properties": {"accountName": name, "upnSuffix": "contoso.com"}}
        for name in names
    ]
    ids = [case.case_id for case in parse_all(trigger(*entities))]
    assert len(ids) == 3
    usual = trigger(*sorted(entities, key=lambda entity: str(entity)))
    assert ids == [case.case_id for case in parse_all(usual)]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        '{"object":' * 100_000,
        '{"body":' * 900 + "1" + "}" * 900,
        json.dumps(json.dumps(json.dumps(json.dumps(json.dumps(json.dumps(1)))))),
        "x" * 9_000_000,
        "9" * 10_000,
        b"\xff\xfe\x00",
        b"",
        "\ud800",
    ],
)
def test_hostile_texts(text: str | bytes) -> None:
    assert parse_all(text) == []
    if isinstance(text, str):
        parse_all(
            trigger(text, alerts=[text, {"properties": {"Entities": text}}], description=text)
        )


def test_deep_objects_inside_a_good_body() -> None:
    deep: Any = {}
    for _ in range(50_000):
        deep = {"properties": deep}
    assert parse_all(trigger(deep, {"kind": "Account", "properties": deep}, alerts=[deep]))
    alert: Any = "1"
    for _ in range(10):
        alert = {"Custom Details": json.dumps(alert)}
    assert parse_all(trigger(alerts=[{"properties": {"additionalData": alert}}]))


@pytest.mark.parametrize(
    "number",
    [10**5000, -(10**5000), float("nan"), float("inf"), -1, 1.5],
    ids=["huge", "huge negative", "not a number", "infinite", "negative", "fraction"],
)
def test_numbers_that_nothing_can_write(number: Any) -> None:
    assert parse_all(trigger(incidentNumber=number)) == []
    assert parse_all(trigger(number, relatedEntities=number)) == []
    manual = {"user_id": number, "case_id": number, "alert_group_identifiers": [number]}
    parse_all(manual | {"ip": number, "time": number})


def test_references_that_go_in_circles() -> None:
    circle = [{"$id": "1", "Type": "account", "Host": {"$ref": "1"}}, {"$ref": "1"}, {"$ref": "2"}]
    [case] = parse_all(trigger(alerts=[{"properties": {"Entities": circle}}]))
    assert case.account is None


@pytest.mark.parametrize("name", [".", "..", "...", " .. "])
def test_a_name_of_dots_is_no_name(name: str) -> None:
    manual = {"user_id": name, "case_id": "1", "alert_group_identifiers": []}
    assert parse_all(manual) == []
    entity = {"kind": "Account", "properties": {"accountName": name}}
    [case] = parse_all(trigger(entity))
    assert case.account is None
