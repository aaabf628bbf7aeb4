"""As large a body as is taken: refused or read within seconds, whatever it repeats.

Intake runs on the event loop of the worker, which does nothing else meanwhile. The bound is far
above what any of these takes; what grows with the square of the body takes minutes.
"""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from shared.models.case import CaseRequest, OperatingMode
from shared.playbook.intake import InvalidBody, parse_sentinel_incident
from tests.unit.playbook.bodies import RECEIVED, account, address, trigger
from triggers.body import MAX_BODY_BYTES

SECONDS = 8.0
"""Of CPU, on a machine that may be slow."""
ACCOUNTS = 100


def guid(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


def filled(make: Callable[[int], Any], *, size: int = MAX_BODY_BYTES) -> list[Any]:
    """Return as many of them as fit into a body."""
    each = len(json.dumps(make(10_000)))
    return [make(number) for number in range(size * 9 // 10 // (each + 2))]


def in_alerts(entities: list[Any], *, alerts: int = 1) -> list[Any]:
    each = len(entities) // alerts
    parts = [entities[number * each : (number + 1) * each] for number in range(alerts)]
    return [{"properties": {"alertDisplayName": "x", "entities": part}} for part in parts]


HUNDRED = [account(f"user{n}") for n in range(ACCOUNTS)]
BODIES: dict[str, dict[str, Any]] = {
    "names": {"alerts": in_alerts(filled(lambda n: account(f"u{n}", "")))},
    "object ids of one name": {"alerts": in_alerts(filled(lambda n: account(aadUserId=guid(n))))},
    "names that share an id": {
        "alerts": in_alerts(filled(lambda n: account(f"u{n}", aadUserId=guid(1))))
    },
    "one address": {
        "relatedEntities": HUNDRED,
        "alerts": in_alerts(filled(lambda _: address("203.0.113.7"))),
    },
    "many alerts about nobody": {
        "relatedEntities": HUNDRED,
        "alerts": in_alerts(filled(lambda n: account(f"u{n % 50}", "")), alerts=1000),
    },
    "details that are no address": {
        "relatedEntities": HUNDRED,
        "alerts": [
            {"properties": {"additionalData": {"Custom Details": {"SuccessIP": ["1.2.3"] * 20}}}}
        ]
        * 1000,
    },
    "products": {
        "relatedEntities": HUNDRED,
        "additionalData": {"alertProductNames": json.dumps(filled(lambda n: f"product {n}"))},
    },
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_of_full_size_is_read_in_seconds(name: str) -> None:
    body = trigger(**BODIES[name])
    assert len(json.dumps(body)) <= MAX_BODY_BYTES * 1.1
    began = time.process_time()
    try:
        cases = parse_sentinel_incident(body, mode=OperatingMode.OBSERVE, received_at=RECEIVED)
    except InvalidBody as error:
        assert any(what in str(error) for what in ("accounts", "entries", "entities"))
    else:
        assert all(isinstance(case, CaseRequest) for case in cases)
    assert time.process_time() - began < SECONDS
