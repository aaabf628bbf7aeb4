"""Who works on a ticket in ServiceNow takes the case, who resolves it closes the case.

The real orchestrators on the in-memory engine, in real time, with the real activities around ticket
and record, and the real client against the simulator. What else a case does is scripted.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from activities.record import save_case
from activities.ticket_looks import look_at_tickets
from activities.ticketing import open_ticket
from shared.bootstrap import Providers, set_providers
from shared.models.base import Json, format_utc
from shared.models.plan import ActionName
from shared.providers.credentials import close_credential
from shared.providers.servicenow import ServiceNow
from shared.providers.sessions import close_sessions
from shared.settings import Settings, get_settings
from tests.contract.processes import Lab
from tests.contract.test_ticket_handling import work
from tests.orchestration.test_service_levels import CALM
from tests.support.durable_backend import Run, durable_engine
from tests.support.fake_stores import FakeCases
from tests.support.scripts import SOON, case_payload, decided, default_scripts, plan_line

PATIENCE_SECONDS = 90.0
TIMING = SOON | {"watch_hours": 1000, "recheck_minutes": 0.01}

type Activity = Callable[[Any, Json], Coroutine[Any, Any, Json]]


class Desk:
    """Real activities in a thread with a loop of its own, and somebody at ServiceNow."""

    def __init__(self, lab: Lab, settings: Settings) -> None:
        self._lab, self._settings = lab, settings
        self.store = FakeCases()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def do[T](self, what: Coroutine[Any, Any, T]) -> T:
        """Run something on the loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(PATIENCE_SECONDS)

    def script(self, activity: Activity) -> Callable[[Json], Json]:
        """Return a script that is the activity itself."""
        return lambda payload: self.do(activity(cast(Any, None), payload))

    def look_after(self, **fields: str) -> Callable[[Json], Json]:
        """Return the look at the tickets, right before which a person changes the ticket."""

        def look(payload: Json) -> Json:
            until(lambda: self.store.records[payload["case_id"]]["status"] == "contained")
            # ServiceNow tells whole seconds, and what it tells has to be after the case's work.
            time.sleep(1.2)
            self.do(work(self._settings, self._lab, **fields))
            return self.script(look_at_tickets)(payload)

        return look

    def close(self) -> None:
        self.do(close_credential())
        self.do(close_sessions())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def until(reached: Callable[[], bool]) -> None:
    limit = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < limit
        time.sleep(0.05)


@pytest.fixture
def desk(lab: Lab, make_settings: Callable[..., Settings]) -> Iterator[Desk]:
    get_settings.cache_clear()
    settings = make_settings()
    made = Desk(lab, settings)
    set_providers(Providers(cases=made.store, ticketing=[ServiceNow(settings)]))
    yield made
    made.close()
    set_providers(None)
    get_settings.cache_clear()


def respond(run: Run, **targets: float) -> None:
    now = format_utc(datetime.now(UTC))
    timing = TIMING | {"sla": CALM | targets}
    run.start("respond", case_payload(timing=timing, detected_at=now, received_at=now, now=now))


def scripts(desk: Desk, look: Callable[[Json], Json]) -> dict[str, Any]:
    plan = decided(plan=[plan_line(ActionName.REVOKE_SESSIONS)])
    return default_scripts() | {
        "decide_response": lambda _payload: plan,
        "save_case": desk.script(save_case),
        "open_ticket": desk.script(open_ticket),
        "look_at_tickets": look,
    }


def test_who_works_on_the_ticket_has_taken_the_case(desk: Desk) -> None:
    with durable_engine(speed=1) as engine:
        run = engine.case(scripts(desk, desk.look_after(assigned_to="Kim Doe", state="2")))
        respond(run, review_seconds=2)
        until(lambda: "reviewed_at" in desk.store.records.get(run.case_id, {}).get("sla", {}))
        record = desk.store.records[run.case_id]
        assert record["sla"]["reviewed_by"] == "Kim Doe in servicenow"
        assert len(run.called("look_at_tickets")) == 1
        told = [call["phase"] for call in run.called("notify_analysts")]
        assert "sla_missed" not in told and "sla_warning" not in told, "nobody is called any more"


def test_who_resolves_the_ticket_has_closed_the_case(desk: Desk, lab: Lab) -> None:
    with durable_engine(speed=1) as engine:
        run = engine.case(scripts(desk, desk.look_after(state="6")))
        respond(run, review_seconds=2)
        until(lambda: desk.store.records.get(run.case_id, {}).get("status") == "closed")
        record = desk.store.records[run.case_id]
        (ticket,) = lab.state()["tickets"]
        assert record["sla"]["closed_by"].endswith("in servicenow")
        lines = [one["event"] for one in record["timeline"]]
        assert any(f"ticket {ticket['number']} was closed there" in one for one in lines)
        told = [call["phase"] for call in run.called("notify_analysts")]
        assert "closed" in told and "sla_missed" not in told
        assert run.wait(f"{run.case_id}:sla", PATIENCE_SECONDS).get_output(dict) == {"told": 0}
