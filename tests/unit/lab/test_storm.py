"""The storm's incidents and its figures."""

from datetime import UTC, datetime, timedelta

import pytest

from lab.bench.accounts import make_town
from lab.bench.storm import _contained, _incidents, _Seen
from lab.scenarios.loader import load_common
from lab.simulators.graph.limits import Limits
from shared.models.case import OperatingMode
from shared.playbook.intake import parse_sentinel_incident

TOWN = make_town(load_common(), 0, 3, blockable=False)
SENT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_each_incident_is_its_own_and_about_one_of_the_accounts() -> None:
    bodies = _incidents(TOWN, 12)
    keys = set()
    for account, body in bodies:
        [case] = parse_sentinel_incident(body, mode=OperatingMode.AUTOMATIC, received_at=SENT)
        keys.add(case.case_id)
        assert case.account is not None
        assert case.account.object_id == account.object_id
    assert len(keys) == 12
    assert {account.case_id for account in TOWN.accounts} <= keys


def test_containment_counts_from_the_first_incident() -> None:
    first, second, third = TOWN.accounts
    seen = _Seen(first_sent={account.case_id: SENT for account in TOWN.accounts})

    def revoked(object_id: str, seconds: int, *, effect: bool = True) -> dict[str, object]:
        at = (SENT + timedelta(seconds=seconds)).isoformat()
        operation = "revokeSignInSessions"
        return {"operation": operation, "effect": effect, "target": object_id, "at": at}

    ledger = [
        revoked(first.object_id, 4),
        revoked(second.object_id, 7, effect=False),
        revoked(second.object_id, 9),
        revoked(second.object_id, 11),
    ]
    found = _contained(ledger, TOWN.accounts, seen)
    assert found == {first.object_id: [4.0], second.object_id: [9.0, 11.0], third.object_id: []}


def test_graph_refuses_what_azure_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("lab.simulators.graph.limits.time.monotonic", lambda: now)
    limits = Limits()
    assert [limits.refuse("riskyUsers.get") for _ in range(3)] == [None] * 3, "nobody asked for it"
    limits.on = True
    assert limits.refuse("riskyUsers.get") is None
    assert limits.refuse("confirmCompromised") == 1, "they are counted together"
    passed = [limits.refuse("userRegistrationDetails") for _ in range(6)]
    assert passed == [None] * 5 + [10]
    assert [limits.refuse("users.patch") for _ in range(50)] == [None] * 50
    now = 1.0
    assert limits.refuse("confirmCompromised") is None
    assert limits.refuse("userRegistrationDetails") == 9
    now = 10.0
    assert limits.refuse("userRegistrationDetails") is None
