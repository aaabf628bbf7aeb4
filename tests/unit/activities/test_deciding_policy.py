"""Deciding under a policy: business hours at the moment of deciding, and who may be acted on."""

from collections.abc import Callable

import pytest

from shared.models.base import parse_utc
from shared.models.directory import Memberships
from shared.policy import fingerprint, get_policy
from tests.support.fakes import FakeHouse
from tests.support.scripts import NAME
from tests.unit.activities.test_deciding import attack, automatic, case, decide, dispositions

__all__ = ["attack"]


@pytest.mark.parametrize(
    ("at", "mode", "kind", "why"),
    [
        ("2026-11-20T10:00:00Z", "automatic", "ask", "approve mode in business hours"),
        ("2026-11-20T22:00:00Z", "automatic", "automatic", "High confidence"),
        ("2026-11-20T10:00:00Z", "observe", "never", "observe mode: nothing is done"),
    ],
)
async def test_business_hours_count_when_it_is_decided(
    govern: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    at: str,
    mode: str,
    kind: str,
    why: str,
) -> None:
    hours = {"time_zone": "Europe/Berlin", "from": "08:00", "to": "18:00", "during": "approve"}
    govern(business_hours=hours)
    monkeypatch.setattr("activities.deciding.utc_now", lambda: parse_utc(at))
    decided = await decide(case(mode=mode))
    assert set(dispositions(decided).values()) == {kind}
    assert all(why in line.why for line in decided.plan)
    kept = decided.blocks["Compromise_Confidence_Scoring"]["details"]["policy"]
    assert kept["fingerprint"] == fingerprint(get_policy())
    assert kept["mode"].startswith(why.partition(" ")[0]) or kind == "automatic"


async def test_a_policy_lets_a_part_be_done_to_a_vip_without_asking(
    govern: Callable[..., None], house: FakeHouse
) -> None:
    allowed = {"vip": {"High": ["RevokeSessions"]}}
    govern(accounts={"vip": [NAME]}, automatic=allowed)
    found = dispositions(await decide())
    assert (found["RevokeSessions"], found["ForcePasswordReset"]) == ("automatic", "ask")
    house.directory.memberships = Memberships(roles=["Helpdesk Administrator"])
    assert not automatic(await decide()), "of several kinds each must allow it"
