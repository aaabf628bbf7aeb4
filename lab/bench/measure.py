"""The measurements of single cases on a running lab: latency and history."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from lab.bench.accounts import Account, make_town
from lab.bench.calls import CaseCalls, Latencies, read_calls
from lab.bench.driver import Answered, Driver, Tick
from lab.bench.results import History
from lab.errors import LabError
from lab.scenarios.models import Common
from lab.scenarios.people import HANDED_OVER
from shared.models.base import Json
from shared.models.block import BlockName

ENRICHMENT_SECONDS, CONTAINMENT_SECONDS, TELLING_SECONDS = 0.3, 0.2, 0.1
LATENCIES: Latencies = {
    **dict.fromkeys(("log_analytics", "virustotal", "abuseipdb", "greynoise"), ENRICHMENT_SECONDS),
    **dict.fromkeys(("entra", "okta", "azure_firewall"), CONTAINMENT_SECONDS),
    "*": TELLING_SECONDS,
}
"""What each vendor call takes: so much that the order of calls decides, not this machine's CPU.

The directory is asked as slowly as it acts; tickets, channels, mail and the incident are ``*``.
"""
SLOW_SOURCE_SECONDS = 8.0
"""What a reputation service takes that is in trouble; the app gives it ten, and tries again."""
SLOW_SOURCE = "virustotal"
_BEGUN = "begun: High already"
"""What the timeline says when an account is contained before everything was gathered."""


@dataclass(frozen=True)
class Timed:
    """One case with its times, in seconds from the POST of its incident."""

    account: Account
    record: Json
    calls: CaseCalls
    contained_s: float
    handed_over_s: float
    acted_s: float
    """Until password and sessions were taken from the attacker."""
    after_verdict_s: float
    """From the verdict, not from the POST, to the last verified identity containment."""


async def time_cases(
    driver: Driver,
    common: Common,
    *,
    first: int,
    at_once: int,
    tick: Tick,
    latencies: Latencies = LATENCIES,
) -> list[Timed]:
    """Answer ``at_once`` incidents at the same time and return each case's times.

    Raises:
        LabError: a case was not contained, verified and handed over.
    """
    town = make_town(common, first, at_once, blockable=True)
    await driver.stage(town, latencies=latencies)
    before = await driver.last_line()
    answered = await driver.answer(town.accounts, at_once=at_once, tick=tick)
    ledger = await driver.ledger_after(before)
    records = [await driver.record(one.account) for one in answered]
    return [
        _timed(one, ledger, record, latencies)
        for one, record in zip(answered, records, strict=True)
    ]


def _timed(one: Answered, ledger: Iterable[Json], record: Json, latencies: Latencies) -> Timed:
    unproved = [
        item["action"]
        for item in record["actions"]
        if item["action"] != "BlockIP" and item["verified"] is not True
    ]
    if unproved:
        raise LabError(f"{one.account.case_id}: not verified: {', '.join(unproved)}")
    calls = read_calls(one.account.lines(ledger), latencies)
    told = (item["at"] for item in record["timeline"] if item["event"].startswith(HANDED_OVER))
    handed_over_at = datetime.fromisoformat(next(told))
    begun = [item["at"] for item in record["timeline"] if _BEGUN in item["event"]]
    scored_at = [*begun, record["blocks"][BlockName.SCORING]["finished_at"]][0]
    return Timed(
        account=one.account,
        record=record,
        calls=calls,
        contained_s=(calls.verified_at - one.posted_at).total_seconds(),
        handed_over_s=(handed_over_at - one.posted_at).total_seconds(),
        acted_s=(calls.acted_at - one.posted_at).total_seconds(),
        after_verdict_s=(calls.verified_at - datetime.fromisoformat(scored_at)).total_seconds(),
    )


async def measure_history(driver: Driver, case_id: str) -> History:
    """Return the size of a case's durable history after its hand-over.

    Raises:
        LabError: the engine has no history of it.
    """
    histories = await driver.histories(case_id)
    return History(
        events=sum(one["events"] for one in histories),
        bytes=sum(one["bytes"] for one in histories),
        replays=sum(one["replays"] for one in histories),
        instances=len(histories),
    )
