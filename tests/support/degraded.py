"""Whole cases on the real activities, with vendors down: the durable engine and fakes in memory.

Each case has a house and an attacker of its own, so that what an earlier one left running on the
same engine is nothing to it: an activity finds the providers of the case that its payload names.
"""

import asyncio
import time
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from activities.registry import ACTIVITIES
from shared.bootstrap import Providers, set_providers
from shared.errors import NotFound, PermissionDenied, RetryableError
from shared.models.base import Json
from shared.models.signin import SignIn, SignInLogResult
from shared.playbook.acting.evidence import RECEIVED
from tests.support.durable_backend import Engine, Run, Script
from tests.support.fake_endpoint import FakeEndpoint
from tests.support.fake_stores import Fake, FakeNotifier
from tests.support.fakes import FakeDirectory, FakeHouse, FakeSiem
from tests.support.scripts import NAME, OBJECT_ID, SOON, case_payload
from tests.unit.playbook import builders

REPORTED_AT = builders.SUCCESS_AT + timedelta(minutes=1)
WHO: Json = {"user_id": OBJECT_ID, "user_principal_name": NAME}
HANDED_OVER = {"contained", "monitoring", "failed", "closed"}
LIMIT_SECONDS = 240
KEEP_TRYING = {"save_case", "seal_evidence"}
"""What storage refuses for minutes, while all else is done."""
QUIET = timedelta(minutes=10)
"""Of the engine's clock, which stands still while there is work: longer than it waits between two
tries."""


class Away(dict[str, Exception]):
    """Makes every method of a fake fail in one way."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def __contains__(self, _method: object) -> bool:
        return True

    def __getitem__(self, _method: str) -> Exception:
        return self._error


class House(FakeHouse):
    """Every vendor, and a brute force that has just succeeded from an address of its own."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.attacker = f"203.0.113.{number}"
        self.okta = FakeDirectory()
        self.okta.name = "okta"
        self.okta.failing["get_user"] = NotFound("no such user", vendor="okta")
        self.endpoint = FakeEndpoint()
        self.teams = FakeNotifier("teams")
        self.pagerduty = FakeNotifier("pagerduty")
        self.sign_in_log.result = SignInLogResult(events=self._attack())
        self.providers.directories["okta"] = self.okta
        self.providers.endpoint = cast(Any, self.endpoint)
        self.providers.notifiers.append(self.teams)

    def _attack(self) -> list[SignIn]:
        abroad = builders.ABROAD | {"address": self.attacker}
        events = [
            *builders.history(),
            *builders.failures(25, over=builders.EIGHT_MINUTES, **abroad),
            builders.sign_in(builders.SUCCESS_AT, id="in", **abroad | builders.WITHOUT_MFA),
        ]
        return [one.model_copy(update=WHO) for one in events]

    def take_down(self, dependency: str) -> None:
        """Let every call fail from now on; ``google_secops`` stands in Sentinel's place."""
        if dependency == "google_secops":
            self.providers.siem = self.siem = FakeSiem("udm")
        away: Exception = RetryableError("no answer within 5.0 s", vendor=dependency)
        if dependency == "key_vault":
            away = PermissionDenied("refused", vendor="the vendor", status=401)
        for fake in self.parts()[dependency]:
            fake.failing = Away(away)

    def parts(self) -> dict[str, tuple[Fake, ...]]:
        """Return the fakes that are one dependency."""
        logs = (self.sign_in_log, self.siem)
        people = (self.ticketing, self.slack, self.teams, self.pagerduty)
        graph = (
            *(self.directory, self.trusted, self.methods),
            *(self.grants, self.mailbox, self.passes),
        )
        stores = (self.evidence, self.cases, self.open_cases, self.campaigns)
        return {
            "tokens": (*graph, *logs, *stores, self.firewall, self.endpoint, self.email),
            "graph": graph,
            "sentinel": logs,
            "google_secops": logs,
            "blob": stores,
            "key_vault": (*people, self.reputation, self.okta),
            "itsm": (self.ticketing,),
            "slack": (self.slack,),
            "teams": (self.teams,),
            "pagerduty": (self.pagerduty,),
            "mail": (self.email,),
            "firewall": (self.firewall,),
            "okta": (self.okta,),
            "defender": (self.endpoint,),
            "reputation": (self.reputation,),
        }


_house: ContextVar[House] = ContextVar("house")


class _OfTheCase:
    """The providers of the case whose activity runs now."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_house.get().providers, name)


def serve_houses() -> None:
    """Let activities find the providers of their own case; undone by ``set_providers(None)``."""
    set_providers(cast(Providers, _OfTheCase()))


def _real(activity: Any, house: House) -> Script:
    async def run(payload: Json) -> Any:
        _house.set(house)
        result = await activity(None, payload)
        # What an activity leaves running, such as keeping the answers, is its loop's.
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
        return result

    return lambda payload: asyncio.run(run(payload))


@dataclass
class Degraded:
    """A case and its house."""

    run: Run
    house: House

    @property
    def record(self) -> Json:
        """The case as the store has it; empty when it was never written."""
        return self.house.cases.records.get(self.run.case_id, {})

    _calls: int = 0
    _since: datetime | None = None

    @property
    def handed_over(self) -> bool:
        """Whether everything was done and told that is done before the watch.

        Without a record the response goes on trying to write it; then it counts that people were
        told of the end and that nothing is called any more but what keeps trying.
        """
        state = self.run.engine.client.get_orchestration_state(self.run.case_id)
        status: Json = (state.get_custom_status(dict) if state else None) or {}
        if status.get("phase") in HANDED_OVER:
            return True
        now = self.run.engine.clock.now
        every = [(name, payload.get("phase")) for name, payload in list(self.run.calls)]
        calls = [one for one in every if one[0] not in KEEP_TRYING]
        if self._since is None or len(calls) != self._calls:
            self._calls, self._since = len(calls), now
        quiet = now - self._since > QUIET
        return quiet and ("notify_analysts", "completed") in calls


def start(engine: Engine, house: House, timing: Json = SOON) -> Degraded:
    """Start the ordinary High case of a brute force in a house."""
    run = engine.case({one.__name__: _real(one, house) for one in ACTIVITIES})
    house.evidence.keep(run.case_id, RECEIVED, b"{}", source="intake")
    payload = case_payload(
        case_id=run.case_id,
        account={"key": run.case_id[5:], "user_id": OBJECT_ID, "object_id": OBJECT_ID},
        addresses=[house.attacker],
        successful_login_time=builders.SUCCESS_AT.isoformat(),
        now=REPORTED_AT.isoformat(),
        detected_at=REPORTED_AT.isoformat(),
        received_at=REPORTED_AT.isoformat(),
        timing=timing,
    )
    run.start("respond", payload)
    return Degraded(run, house)


def play(engine: Engine, number: int, *down: str) -> Degraded:
    """Play a case with dependencies down up to its hand-over; the rest is not waited for."""
    house = House(number)
    # Not in the house of every test: what a page adds to a history is not what those measure.
    house.providers.notifiers.append(house.pagerduty)
    for dependency in down:
        house.take_down(dependency)
    case = start(engine, house)
    limit = time.monotonic() + LIMIT_SECONDS
    while not case.handed_over:
        assert time.monotonic() < limit, f"not handed over: {case.run.calls[-3:]}"
        time.sleep(0.02)
    for name in list(engine.backend._instances):
        if name.startswith(case.run.case_id):
            engine.client.terminate_orchestration(name, recursive=False)
    return case
