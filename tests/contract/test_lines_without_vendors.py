"""The second line's channels failing in each way: somebody hears in its place, and all is recorded.

Like test_people_without_vendors.py: the real activity and the real clients, against simulators that
fail as they are told; all cases at the same time.
"""

import asyncio
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, cast

import pytest

from activities.communication import notify_analysts
from shared.bootstrap import Providers, set_providers
from shared.models.block import BlockName
from shared.models.case import CaseRequest
from shared.playbook.reporting.record import initial_record
from shared.policy import get_policy
from shared.settings import get_settings
from tests.contract.away import OF_CASE, WAYS, House, OfCase, fault
from tests.contract.processes import Lab
from tests.support.fake_stores import FakeCases
from tests.support.scripts import case_payload

pytestmark = pytest.mark.timeout(600)
type Json = dict[str, Any]
SECOND_LINE = "C0LABSOC02"
RESPONSE_TEAM = "irt@contoso.example"
SOC = "soc@contoso.example"
POLICY = f"""\
asking: {{escalation: {{slack_channel: {SECOND_LINE}}}}}
sla: {{irt: {{slack_channel: {SECOND_LINE}, mail_to: [{RESPONSE_TEAM}]}}}}
"""
DOWN = {"escalated": "slack", "escalated_irt": "slack", "emergency": "email"}
"""By phase, the channel that fails."""


@dataclass
class Call:
    """One message whose channel fails in one way."""

    number: int
    phase: str
    way: str
    answer: Json = field(default_factory=dict)

    @property
    def case_id(self) -> str:
        return f"case-{0xC0000 + self.number:024x}"

    def fault(self) -> Json:
        """What the vendor is told to do to this case's message."""
        return fault(DOWN[self.phase], self.way, self.case_id)


@pytest.fixture
async def calls(
    lab: Lab,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[list[Call], FakeCases]:
    """Every message after it was tried."""
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY, encoding="utf-8")
    monkeypatch.setenv("TOURNIQUET_POLICY_FILE", str(policy))
    made = [Call(number, *one) for number, one in enumerate(product(DOWN, WAYS))]
    lab.call("PUT", "faults", [one.fault() for one in made])
    store = FakeCases()
    for cached in (get_settings, get_policy):
        cached.cache_clear()
    try:
        house = House.of(lab, store)
        set_providers(OfCase())
        await asyncio.gather(
            *(tell(one, store, house.providers([DOWN[one.phase]], one.way)) for one in made)
        )
    finally:
        set_providers(None)
        for cached in (get_settings, get_policy):
            cached.cache_clear()
    return made, store


async def tell(one: Call, store: FakeCases, asked: Providers) -> None:
    OF_CASE.set(asked)
    request = CaseRequest.model_validate(case_payload(case_id=one.case_id))
    store.records[one.case_id] = initial_record(request)
    payload = {"case_id": one.case_id, "phase": one.phase, "why": "nobody has answered"}
    one.answer = await notify_analysts(cast(Any, None), payload)


async def test_somebody_hears_in_their_place_and_the_record_says_who(
    lab: Lab, calls: tuple[list[Call], FakeCases]
) -> None:
    made, store = calls
    for one in made:
        says_who_was_reached(one, store)
    reached_who_hears_in_place(lab, made)


def says_who_was_reached(one: Call, store: FakeCases) -> None:
    record = store.records[one.case_id]
    told = record["blocks"][BlockName.NOTIFICATION]["outputs"]["analyst_notification_status"]
    said = {name: state["status"] for name, state in told.items()}
    about = f"{one.phase} {one.way}: {said}"
    if one.phase == "emergency":
        assert said["email (emergency)"] == "failed", about
        assert said["slack (emergency)"] == said["teams (emergency)"] == "sent", about
    elif one.phase == "escalated":
        assert said["slack (second line)"] == "failed" and said["pagerduty"] == "sent", about
        assert said["slack"] == "failed", "the first line's Slack is the same Slack"
        assert said["email"] == said["teams"] == "sent", about
        why = told["second line"]["reason"]
        assert why == "not sent: none of its channels took it; first line tried"
        assert one.answer["channels"]["email"] == "sent"
        assert one.answer["channels"]["slack (second line)"] != "sent"
    else:
        assert said["slack (response team)"] == "failed", about
        assert said["email (response team)"] == "sent", about
        assert "email" not in said and "teams" not in said, "one channel has reached the team"


def reached_who_hears_in_place(lab: Lab, made: list[Call]) -> None:
    mails = lab.state()["mails"]
    for one in made:
        to = [mail["to"] for mail in mails if one.case_id in str(mail)]
        expected = {"escalated": [[SOC]], "escalated_irt": [[RESPONSE_TEAM]], "emergency": []}
        if (one.phase, one.way) == ("emergency", "timeout"):
            continue  # What comes too late may come all the same.
        assert to == expected[one.phase], f"{one.phase} {one.way}"
    pages = lab.state()["pages"]
    assert len({page["dedup_key"] for page in pages}) == len(pages), "a case wakes nobody twice"
    assert all(len(page["events"]) == 1 for page in pages)
