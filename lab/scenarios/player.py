"""Plays a scenario against a running lab and collects what came of it."""

import asyncio
import itertools
import time
from collections.abc import Callable

from lab.client import LabClient
from lab.scenarios.expander import Play
from lab.scenarios.expectation import CaseExpectation
from lab.scenarios.people import People, is_over
from lab.scenarios.played import Played
from shared.models.base import Json, format_utc

POLL_SECONDS = 0.15

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
    timeout: float = 240.0,  # noqa: ASYNC109 - the case runs elsewhere and goes on
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
    ledger, held = await client.get_ledger(), await client.get_holdings()
    return Played(answers=answers, records=list(records), ledger=ledger, held=held)


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
    """Read the record until the case is handed over; do what people do in the scenario.

    A question that the scenario has no answer to ends the play, unless it is about silence.
    """
    people = People(client, staged.scenario, case_id, think_seconds)
    while True:
        record = await client.get_case(case_id)
        observe(record)
        late = time.monotonic() > deadline
        if late or _is_over(staged, record) or people.nobody_answers(record):
            return record
        await people.look(record)
        await asyncio.sleep(POLL_SECONDS)


def _is_over(staged: Play, record: Json) -> bool:
    if len(record.get("joined", [])) < staged.scenario.expect.joined:
        return False
    if record.get("campaign_count", 0) < (_wanted(staged, record).campaign or 0):
        return False
    return is_over(staged.scenario, record)


def _wanted(staged: Play, record: Json) -> CaseExpectation:
    """Return what is expected of a record's case."""
    expect = staged.scenario.expect
    name = (record.get("account") or {}).get("user_principal_name")
    return expect.accounts.get(str(name), expect)
