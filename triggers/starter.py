"""Starting cases: once per case id, whatever is delivered how often."""

import asyncio
import json
import logging
from dataclasses import dataclass

from azure.durable_functions import DurableFunctionsClient

from shared.bootstrap import get_providers
from shared.errors import TourniquetError
from shared.models.base import Json
from shared.models.case import CaseRequest, Timing
from shared.playbook.acting.evidence import RECEIVED
from shared.playbook.intake.joining import evidence_name
from shared.policy import get_policy
from shared.settings import Settings
from triggers.joining import exists, find_earlier, find_place, start_case

_MOST_AT_ONCE = 16
_log = logging.getLogger("tourniquet.triggers")


@dataclass(frozen=True)
class Started:
    """The case that answers for an account: a new one, the same as before, or an open one."""

    case_id: str
    created: bool
    joined: bool = False

    def to_json(self, settings: Settings) -> Json:
        """Return the starter's answer for this case."""
        url = f"{settings.public_url.rstrip('/')}/api/cases/{self.case_id}"
        answer = {"case_id": self.case_id, "status_url": url, "created": self.created}
        return answer | ({"joined": True} if self.joined else {})


async def start_cases(
    client: DurableFunctionsClient, cases: list[CaseRequest], received: object, settings: Settings
) -> list[Started]:
    """Start the response to each case that does not exist yet; keep the incident as received.

    The instance id is the case id, so a second delivery finds the first one's instance. An incident
    on an account with an open case joins that one, and is kept among its evidence. Keeping
    the original must not stand in the way of answering: a failure is logged and shows in the case.
    """
    policy = get_policy()
    asking = policy.asking
    timing = Timing(
        approval_deadline_minutes=asking.deadline_minutes,
        reminder_minutes=asking.reminder_minutes,
        escalate_minutes=asking.escalate_minutes if asking.escalation.reaches_anybody else None,
        recheck_minutes=settings.recheck_minutes,
        watch_hours=settings.watch_hours,
        block_hours=settings.block_hours,
        late_log_budget_seconds=settings.late_log_budget_seconds,
    )
    gate = asyncio.Semaphore(_MOST_AT_ONCE)
    # Once for all accounts, and not indented: that makes deep nesting many times larger.
    document = json.dumps(received, sort_keys=True).encode()

    async def start(case: CaseRequest) -> Started:
        goals = policy.sla.targets(case.incident.severity, second_line=asking.escalation)
        fixed = timing.model_copy(update={"sla": goals})
        async with gate:
            return await _start(client, case.model_copy(update={"timing": fixed}), document)

    return list(await asyncio.gather(*(start(case) for case in cases)))


async def _start(client: DurableFunctionsClient, case: CaseRequest, document: bytes) -> Started:
    started, earlier = await asyncio.gather(
        exists(client, case.case_id), find_earlier(client, case)
    )
    if started:
        return Started(case.case_id, created=False)
    if earlier is not None:
        return Started(earlier, created=False, joined=True)
    place = await find_place(client, case)
    if place.joined is not None:
        await _keep(place.joined, evidence_name(case.case_id), document)
        return Started(place.joined, created=False, joined=True)
    keeping = asyncio.create_task(_keep(case.case_id, RECEIVED, document))
    try:
        created = await start_case(client, case)
    finally:
        await keeping
    return Started(case.case_id, created=created if place.first is None else place.first)


async def _keep(case_id: str, name: str, document: bytes) -> None:
    store = get_providers().evidence
    if store is None:
        return
    try:
        await store.put(case_id, name, document, content_type="application/json", source="intake")
    except TourniquetError as error:
        _log.warning("incident as received was not kept: %s", error.describe())
