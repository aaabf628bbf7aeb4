"""An hour of cases. The lanes that they queue in for Graph are the product's own."""

import asyncio
import random

from lab.bench.numbers import median, percentile
from lab.scale.models import CaseLoad, Row, Situation
from lab.scale.simulated_time import now, run_simulated, sleep_until
from lab.scale.stations import Firewall, Queries, Station, Turns, Window
from orchestrators.read_back import WAIT_SECONDS
from shared.errors import Throttled
from shared.providers.entra.lanes import Lanes
from shared.providers.retry import FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS
from shared.settings import Settings

HOUR = 3600.0
READ_RISK, CONFIRM = "riskyUsers.get", "confirmCompromised"
READ_REPORT = "userRegistrationDetails.get"
TURN_SECONDS = 1 / 50
"""A partition takes about 50 events a second (learn.microsoft.com, "Azure Storage provider for
Durable Functions", "Performance targets")."""
SLACK_SECONDS = 1.0
"""Slack: about one message a second for a channel."""
BLOB_SECONDS = 0.01
"""A request to Blob storage of the same region."""


class _App:
    """One deployment: its instances, task hub and identity."""

    def __init__(self, situation: Situation, load: CaseLoad) -> None:
        settings = Settings(
            identity_protection_per_10_seconds=situation.risks_per_10_seconds,
            graph_reports_per_10_seconds=situation.reports_per_10_seconds,
        )
        self.attempts = settings.call_attempts
        self.patience = max(settings.call_budget_seconds, settings.query_timeout_seconds)
        turns = Turns(BLOB_SECONDS) if situation.shares_turns else None
        self.lanes = [Lanes(settings, turns, now) for _ in range(situation.instances)]
        self.cpu = Station(situation.instances)
        self.hub = [Station(1) for _ in range(situation.partitions)]
        self.queries = Queries(load.query_seconds)
        self.slack = Station(1)
        # Reports are limited by application, Identity Protection by tenant.
        self.reports = Window(5, 10.0)


class _Hour:
    def __init__(self, situation: Situation, load: CaseLoad, seed: int) -> None:
        self._situation, self._load = situation, load
        self._random = random.Random(f"{seed} {situation.name}")
        self._apps = [_App(situation, load) for _ in range(situation.apps)]
        self._identity_protection = Window(1, 1.0)
        self._firewall = Firewall(load.firewall_seconds)
        self._contained: list[float] = []
        self._blocked: list[float] = []
        self._told: list[float] = []
        self._unanswered = self._not_read = self._not_at_once = self._not_confirmed = 0
        self._refused = 0

    async def play(self) -> Row:
        """Play every case to its end."""
        count = self._situation.cases
        arrivals = sorted(self._random.uniform(0, HOUR) for _ in range(count))
        async with asyncio.TaskGroup() as tasks:
            for at in arrivals:
                app = self._random.choice(self._apps)
                lanes, hub = self._random.choice(app.lanes), self._random.choice(app.hub)
                tasks.create_task(self._case(at, app, lanes, hub))
        return self._row()

    async def _case(self, at: float, app: _App, lanes: Lanes, hub: Station) -> None:
        load = self._load
        await sleep_until(at)
        await self._think(app, hub, share=0.25)
        answered, answers_at = app.queries.ask(now(), load.queries_to_decide, patience=app.patience)
        self._unanswered += load.queries_to_decide - answered
        read, _, _ = await asyncio.gather(
            self._ask(app, lanes, READ_RISK),
            self._ask(app, lanes, READ_REPORT),
            sleep_until(answers_at),
        )
        self._not_read += not read
        await self._think(app, hub, share=0.25)
        await asyncio.sleep(load.calls_to_contain * load.vendor_seconds)
        self._contained.append(now() - at)
        self._blocked.append(self._firewall.block(now()) - now())
        await self._confirm(app, lanes)
        app.queries.ask(now(), load.queries_after, patience=app.patience)
        await self._think(app, hub, share=0.5)
        told = [app.slack.work(now(), SLACK_SECONDS) for _ in range(load.messages)]
        self._told.append(max(told, default=now()) - now())

    async def _think(self, app: _App, hub: Station, *, share: float) -> None:
        """Take a share of the case's CPU time and of its turns at its partition."""
        turned = hub.work(now(), share * self._load.turns * TURN_SECONDS)
        thought = app.cpu.work(now(), share * self._load.cpu_seconds)
        await sleep_until(max(turned, thought))

    async def _confirm(self, app: _App, lanes: Lanes) -> None:
        """Confirm the account as compromised, and look until Graph shows it, as the product does.

        Each try reads the risk before (``activities.risk``); its waits are those of
        ``orchestrators.flow.Retry.CONTAIN`` with a last try, those of the looks
        ``orchestrators.read_back.WAIT_SECONDS``.
        """
        for number, wait in enumerate((0, 2, 4, 8, 0)):
            await asyncio.sleep(wait)
            if await self._ask(app, lanes, READ_RISK, urgent=True) and await self._ask(
                app, lanes, CONFIRM, urgent=True
            ):
                break
            self._not_at_once += not number
        else:
            self._not_confirmed += 1
            return
        shown_at = now() + self._load.risk_lag_seconds
        for wait in (0, *WAIT_SECONDS):
            await asyncio.sleep(wait)
            if await self._ask(app, lanes, READ_RISK) and now() >= shown_at:
                return

    async def _ask(self, app: _App, lanes: Lanes, operation: str, *, urgent: bool = False) -> bool:
        """Ask Graph as the product does: a turn of the lane for each try, with growing waits."""
        report = operation == READ_REPORT
        vendor = app.reports if report else self._identity_protection
        for attempt in range(app.attempts):
            try:
                await lanes.wait_for_turn(operation, urgent=urgent)
            except Throttled:
                return False
            opens = vendor.ready(now())
            # Graph's limit is not finer than the rounding of these clocks.
            if opens <= now() + 1e-6:
                vendor.take(now())
                await asyncio.sleep(self._load.vendor_seconds)
                return True
            self._refused += 1
            ceiling = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**attempt)
            # Only the reports say when to come back.
            wait = opens - now() if report else self._random.uniform(0, ceiling)
            await asyncio.sleep(wait)
        return False

    def _row(self) -> Row:
        situation, count = self._situation, self._situation.cases
        hubs = [hub for app in self._apps for hub in app.hub]
        span = max(HOUR, now())
        return Row(
            name=situation.name,
            users=situation.users,
            cases=count,
            contained_p50_s=round(median(self._contained), 1),
            contained_p95_s=round(percentile(self._contained, 0.95), 1),
            hunts_missing=round(self._unanswered / (count * self._load.queries_to_decide), 3),
            risk_missing=round(self._not_read / count, 3),
            not_confirmed_at_once=round(self._not_at_once / count, 3),
            not_confirmed=round(self._not_confirmed / count, 3),
            refused_by_graph=self._refused,
            blocked_p95_s=round(percentile(self._blocked, 0.95), 1),
            told_p95_s=round(percentile(self._told, 0.95), 1),
            hub_busy=round(max(hub.busy(span) for hub in hubs), 3),
            cpu_busy=round(max(app.cpu.busy(span) for app in self._apps), 3),
        )


def play_hour(situation: Situation, load: CaseLoad, seed: int) -> Row:
    """Simulate the hour; the same seed is the same row."""
    return run_simulated(_Hour(situation, load, seed).play())
