"""Plays a scenario against a running lab and collects what came of it."""

import asyncio
import itertools
import time
from collections.abc import Callable

from lab.client import LabClient
from lab.scenarios.expander import Play
from lab.scenarios.models import CaseExpectation, UndoStep
from lab.scenarios.played import Played
from shared.models.base import Json, format_utc
from shared.models.case import CaseStatus

POLL_SECONDS = 0.15
HANDED_OVER = "analysts told (completed)"
"""Start of the timeline entry that ends the response; what follows is the watch."""
TAKEN_BACK = "analysts told (undone)"
"""Start of the timeline entry that ends an undo."""

type Observe = Callable[[Json], None]


async def prepare(client: LabClient, staged: Play) -> None:
    """Empty the simulators and put the scenario's tenant, incident and faults into them.

    Raises:
        LabCallError: the simulators refused something.
    """
    await client.set_up(
        tenant=staged.tenant,
        incidents=[staged.incident, *staged.further],
        faults=staged.scenario.faults,
    )


async def play(
    client: LabClient,
    staged: Play,
    *,
    observe: Observe = lambda _: None,
    think_seconds: float = 0.0,
    timeout: float = 90.0,  # noqa: ASYNC109 - the case runs elsewhere and goes on
) -> Played:
    """Deliver the incident, answer questions, wait for the hand-over, take back what is to be.

    ``observe`` is called with the first case's record whenever it was read. A question is answered
    ``think_seconds`` after it was seen, so that somebody who watches can read it. When the case is
    not handed over within ``timeout`` seconds, what there is by then is returned: the checker says
    what is missing.

    Raises:
        LabCallError: the app or the lab refused a request.
    """
    answers = await _deliver(client, staged)
    case_ids = list(dict.fromkeys(case["case_id"] for item in answers for case in item["cases"]))
    lookers = itertools.chain([observe], itertools.repeat(_nobody))
    deadline = time.monotonic() + timeout
    records = await asyncio.gather(
        *(
            _follow(client, staged, case_id, looker, deadline, think_seconds)
            for case_id, looker in zip(case_ids, lookers, strict=False)
        )
    )
    return Played(answers=answers, records=list(records), ledger=await client.get_ledger())


def _nobody(_: Json) -> None:
    """Nobody looks on."""


async def _deliver(client: LabClient, staged: Play) -> list[Json]:
    deliveries, by_hand = staged.scenario.deliveries, staged.scenario.by_hand
    if by_hand is not None:
        moment = {"time": format_utc(staged.now + by_hand.time)}
        return [await client.start_case(by_hand.to_json() | moment)]
    if deliveries.at_once:
        bodies = [*[staged.incident] * deliveries.count, *staged.further]
        return list(await asyncio.gather(*(client.send_incident(body) for body in bodies)))
    bodies = [*[staged.incident] * deliveries.count, *staged.further]
    return [await client.send_incident(body) for body in bodies]


async def _follow(
    client: LabClient,
    staged: Play,
    case_id: str,
    observe: Observe,
    deadline: float,
    think_seconds: float,
) -> Json:
    """Read the record until the case is handed over; answer its question once.

    A question that the scenario has no answer to ends the play, unless it is about silence.
    """
    decision, undo = staged.scenario.decision, staged.scenario.undo
    while True:
        record = await client.get_case(case_id)
        observe(record)
        if undo is not None and is_finished(record):
            await _undo(client, case_id, undo)
            undo = None
        elif _is_over(staged, record) or time.monotonic() > deadline:
            return record
        if record["status"] == CaseStatus.AWAITING_DECISION:
            nobody = staged.scenario.decision is None and not staged.scenario.silence
            if nobody and has_been_told(record):
                return record
            if decision is not None and has_been_told(record):
                await asyncio.sleep(think_seconds)
                await client.decide(
                    case_id, actions=list(decision.actions), comment=decision.comment
                )
                decision = None
        await asyncio.sleep(POLL_SECONDS)


async def _undo(client: LabClient, case_id: str, step: UndoStep) -> None:
    asked = (
        client.undo(case_id, actions=list(step.actions), targets=step.targets, comment=step.comment)
        for _ in range(step.times)
    )
    await asyncio.gather(*asked)


def _is_over(staged: Play, record: Json) -> bool:
    if len(record.get("joined", [])) < staged.scenario.expect.joined:
        return False
    if record.get("campaign_count", 0) < (_wanted(staged, record).campaign or 0):
        return False
    return is_finished(record) and (staged.scenario.undo is None or is_taken_back(record))


def _wanted(staged: Play, record: Json) -> CaseExpectation:
    """Return what is expected of a record's case."""
    expect = staged.scenario.expect
    name = (record.get("account") or {}).get("user_principal_name")
    return expect.accounts.get(str(name), expect)


def is_taken_back(record: Json) -> bool:
    """Tell whether an undo is over: everything tried, analysts told the outcome."""
    return any(entry["event"].startswith(TAKEN_BACK) for entry in record["timeline"])


def is_finished(record: Json) -> bool:
    """Tell whether the response is over: everything done, analysts told the outcome."""
    return any(entry["event"].startswith(HANDED_OVER) for entry in record["timeline"])


def has_been_told(record: Json) -> bool:
    """Tell whether analysts have been told at all: a person answers only what was asked."""
    return any(entry["event"].startswith("analysts told") for entry in record["timeline"])
