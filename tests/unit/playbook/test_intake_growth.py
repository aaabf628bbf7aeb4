"""The largest bodies are answered in seconds of CPU: intake runs where every other call waits.

Nothing else here is timed. These bounds are an order above what is needed, and minutes below what
comparing each with each takes.
"""

import json
import time
from typing import Any
from unittest.mock import Mock

import pytest

from shared.models.case import CaseRequest, OperatingMode
from shared.playbook.intake import (
    InvalidBody,
    parse_manual_case,
    parse_security_event,
    parse_sentinel_incident,
    sentinel,
)
from shared.playbook.intake.entities import EntityAccount
from shared.playbook.intake.fields import pick
from shared.playbook.intake.merging import merge_accounts
from shared.playbook.intake.sentinel import MAX_ENTITIES
from tests.unit.playbook.bodies import RECEIVED, account, address, alert, trigger
from triggers.body import MAX_BODY_BYTES

SECONDS = 4.0
GIVEN: Any = {"mode": OperatingMode.AUTOMATIC, "received_at": RECEIVED}
NAMES = [f"u{number}" for number in range(100)]
PEOPLE = [account(name) for name in NAMES]


def short(number: int) -> dict[str, Any]:
    return {"kind": "Account", "name": f"u{number}"}


def filled(one: Any, share: float = 0.95) -> int:
    """Return how often a part fits into a share of the largest body."""
    return int(MAX_BODY_BYTES * share / (len(json.dumps(one)) + 2))


def detail(name: str, value: str, count: int) -> dict[str, Any]:
    """Return an alert with many spellings of one detail, each with as many values as are read."""
    marks = str.maketrans("01", "_-")
    names = [name + f"{number:013b}".translate(marks) for number in range(count)]
    return alert(additionalData={"CustomDetails": {one: [value] * 20 for one in names}})


def bodies() -> dict[str, Any]:
    same = [address("203.0.113.7")] * 9_900
    many = alert(entities=[short(number) for number in range(filled(short(10_000)))])
    names = ", ".join(NAMES)
    large: dict[str, Any] = {"$id": "1", "Type": "account", "Name": "ann"}
    large |= {f"k{number}": 0 for number in range(filled("k10000: 0", 0.9))}
    half = {f"k{number}": number for number in range(filled("k10000: 10000", 0.9))}
    return {
        "accounts": trigger(*(short(number) for number in range(filled(short(10_000))))),
        "accounts that may be": trigger(*(short(number) for number in range(MAX_ENTITIES))),
        "accounts in alerts": trigger(alerts=[many]),
        "empty entities in alerts": trigger(alerts=[alert(entities=[{}] * filled({}))]),
        "one address for many": trigger(*PEOPLE, *same),
        "one address in an alert": trigger(*PEOPLE, alerts=[alert(entities=same)]),
        "details": trigger(*PEOPLE, alerts=[detail("x", "y" * 9, 6_000)]),
        "times": trigger(*PEOPLE, alerts=[detail("logintime", "y" * 9, 6_000)]),
        "addresses": trigger(*PEOPLE, alerts=[detail("attackerip", "1.2.3.x", 6_000)]),
        "alerts": trigger(*PEOPLE, alerts=[alert(name=names, x="z" * 1_300)] * 1_000),
        "people in alerts": trigger(*PEOPLE, alerts=[alert(entities=PEOPLE[:9])] * 1_000),
        "queries": trigger(*PEOPLE, alerts=[alert(additionalData={"query": "okt " * 4_900})] * 100),
        "products": trigger(
            *PEOPLE, additionalData=json.dumps({"alertProductNames": ["o"] * filled("oooo", 0.9)})
        ),
        "one large entity": trigger(alerts=[alert(entities=[large, *[{"$ref": "1"}] * 9_000])]),
        "properties": trigger(*PEOPLE, **half),
    }


BODIES = bodies()


def answered(parse: Any, body: Any) -> list[CaseRequest]:
    assert len(json.dumps(body)) <= MAX_BODY_BYTES
    begun = time.thread_time()
    try:
        cases = parse(body, **GIVEN)
    except InvalidBody:
        cases = []
    assert time.thread_time() - begun < SECONDS
    return cases if isinstance(cases, list) else [cases]


@pytest.mark.parametrize("shape", BODIES)
def test_an_incident_of_any_shape(shape: str) -> None:
    answered(parse_sentinel_incident, BODIES[shape])


def test_an_incident_is_read_as_often_whatever_the_number_of_its_accounts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = Mock(side_effect=pick)
    monkeypatch.setattr(sentinel, "pick", read)
    counts = []
    for people in (PEOPLE[:1], PEOPLE):
        read.reset_mock()
        assert len(parse_sentinel_incident(trigger(*people), **GIVEN)) == len(people)
        counts.append(read.call_count)
    assert counts[0] == counts[1] > 0


@pytest.mark.parametrize("shape", ["accounts", "details"])
def test_an_event_with_an_incident(shape: str) -> None:
    answered(parse_security_event, {"data": json.loads(json.dumps(BODIES[shape]))})


@pytest.mark.parametrize(
    "groups",
    [["g"] * 350_000, "g," * 900_000, json.dumps(["g"] * 200_000)],
    ids=["a list", "text", "a list as text"],
)
def test_a_manual_call(groups: Any) -> None:
    body = {"user_id": "ann", "case_id": "1", "alert_group_identifiers": groups}
    assert answered(parse_manual_case, body) == []
    assert answered(parse_security_event, {"data": body}) == []
    body["alert_group_identifiers"] = []
    assert answered(parse_manual_case, body | {"ip": ["203.0.113.7"] * 100_000}) == []


@pytest.mark.parametrize("shared", [{}, {"user_principal_name": "ann@x"}, {"sid": "s-1-5"}])
def test_accounts_that_are_nearly_the_same(shared: dict[str, str]) -> None:
    accounts = [EntityAccount(object_id=f"o{one}", **shared) for one in range(20_000)]
    begun = time.thread_time()
    assert len(merge_accounts(accounts)) == 20_000
    assert time.thread_time() - begun < SECONDS


def test_entities_of_incident_and_alerts_are_counted_together() -> None:
    related = [account()] * 5_000
    with pytest.raises(InvalidBody) as caught:
        parse_sentinel_incident(
            trigger(*related, alerts=[alert(Entities=json.dumps([{}] * 2_501))] * 2), **GIVEN
        )
    [error] = caught.value.errors
    assert error.field == "object.properties.alerts"
    assert error.reason == "have 10002 entities with relatedEntities, at most 10000 are taken"
    taken = trigger(*related, alerts=[alert(entities=[account()] * 2_500)] * 2)
    assert len(parse_sentinel_incident(taken, **GIVEN)) == 1
