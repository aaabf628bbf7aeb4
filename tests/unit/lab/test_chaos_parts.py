"""The parts by which a chaos run breaks things: gate, outage of the hub, weather, faster timers."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from lab.chaos.gate import Gate
from lab.chaos.people import SEND_ATTEMPTS, Person, send
from lab.client import LabClient, LostCallError
from lab.functions_host.alarms import Alarms
from lab.functions_host.outage import HubOutage, Refuser
from lab.functions_host.settings import HostSettingsError, timer_speed
from lab.simulators.faults import Fault
from lab.simulators.graph.directory import now_text
from tests.unit.lab.chaos_world import CASE_ID, PLANNED, action, record


@asynccontextmanager
async def echo() -> AsyncIterator[Gate]:
    """A gate before a server that answers what it gets."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server, Gate() as gate:
        gate.target = server.sockets[0].getsockname()[1]
        yield gate


@asynccontextmanager
async def connected(gate: Gate) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection through the gate."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def test_an_open_gate_passes_everything() -> None:
    async with echo() as gate, connected(gate) as (reader, writer):
        writer.write(b"hello\n")
        assert await reader.readline() == b"hello\n"


async def test_a_closed_gate_breaks_what_passes_and_refuses_what_comes() -> None:
    async with echo() as gate:
        async with connected(gate) as (reader, writer):
            writer.write(b"hello\n")
            await reader.readline()
            gate.set("closed")
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
        async with connected(gate) as (reader, writer):
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)


async def test_a_silent_gate_answers_when_it_is_opened() -> None:
    async with echo() as gate:
        gate.set("silent")
        async with connected(gate) as (reader, writer):
            writer.write(b"hello\n")
            answer = asyncio.create_task(reader.readline())
            done, _ = await asyncio.wait([answer], timeout=0.1)
            assert not done
            gate.set("open")
            assert await answer == b"hello\n"


async def test_the_hub_is_waited_for() -> None:
    outage = HubOutage()
    await outage.over()
    outage.begin()
    waiting = asyncio.create_task(outage.over())
    done, _ = await asyncio.wait([waiting], timeout=0.05)
    assert not done
    outage.end()
    await waiting
    assert not outage.away


def test_while_it_is_away_callers_are_refused_and_the_host_is_not() -> None:
    outage, passed = HubOutage(), object()
    refuser = Refuser(outage)

    def ask(method: str) -> object:
        details = SimpleNamespace(method=f"/TaskHubSidecarService/{method}")
        return refuser.intercept_service(lambda _: passed, details)

    assert ask("StartInstance") is passed
    outage.away = True
    assert ask("StartInstance") is not passed
    assert ask("CompleteActivityTask") is passed


def test_weather_comes_and_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    fault = Fault(vendor="entra", kind="reset", starts_in=5, lasts=2)
    strikes = []
    for age in (0, 4.9, 5, 6.9, 7, 60):
        now = 1000.0 + age
        strikes.append(fault.strikes("entra", ("users.get",), ""))
    assert strikes == [False, False, True, True, False, False]


def test_the_directory_may_be_ahead() -> None:
    ahead, before = timedelta(seconds=40), datetime.now(UTC)
    told = datetime.fromisoformat(now_text(40))
    a_second = timedelta(seconds=1)
    assert before + ahead - a_second <= told <= datetime.now(UTC) + ahead + a_second


def test_timers_fire_sooner() -> None:
    fired, alarms, began = threading.Event(), Alarms(speed=1000), time.monotonic()
    alarms.at(datetime.now(UTC) + timedelta(minutes=5), fired.set)
    assert fired.wait(30)
    alarms.stop()
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("text", ["0.5", "0", "fast", "nan", "1001"])
def test_a_speed_that_is_none(text: str) -> None:
    with pytest.raises(HostSettingsError):
        timer_speed({"LAB_TIMER_SPEED": text})


def test_the_usual_speed() -> None:
    assert timer_speed({}) == timer_speed({"LAB_TIMER_SPEED": ""}) == 1
    assert timer_speed({"LAB_TIMER_SPEED": "10"}) == 10


class App:
    """Takes incidents and answers after so many refusals, and notes what it was told."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals = refusals
        self.told: list[Any] = []

    def _maybe(self, what: Any) -> None:
        self.refusals -= 1
        if self.refusals >= 0:
            raise LostCallError("503")
        self.told.append(what)

    async def send_incident(self, incident: Any) -> None:
        self._maybe(incident)

    async def decide(self, case_id: str, *, actions: list[str], comment: str) -> None:
        self._maybe((case_id, *actions))

    async def undo(
        self, case_id: str, *, actions: list[str], targets: list[str], comment: str
    ) -> None:
        self._maybe((case_id, "undo"))


def client(app: App) -> LabClient:
    """The app as the senders know it."""
    found: LabClient = app  # type: ignore[assignment]
    return found


async def test_a_sender_tries_again_and_gives_up_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lab.chaos.people.SEND_PAUSES", (0,))
    delivery = await send(client(App(2)), 1, {}, CASE_ID)
    assert delivery is not None
    assert delivery.attempts == 3
    assert await send(client(App(SEND_ATTEMPTS)), 1, {}, CASE_ID) is None


async def test_a_person_answers_each_question_once_and_takes_back_what_was_disabled() -> None:
    app = App(refusals=1)
    person = Person(client(app), PLANNED)
    asked = record() | {
        "status": "awaiting_decision",
        "timeline": [{"event": "analysts told (decision needed)"}],
    }
    assert not person.is_content(asked)
    for _ in range(3):
        await person.look(asked)
    assert app.told == [(CASE_ID, "DisableAccount")]
    disabled = action("DisableAccount", undo={"account_enabled": True})
    done = record() | {"actions": [disabled]}
    assert not person.is_content(done)
    await person.look(done)
    await person.look(done)
    assert app.told[1:] == [(CASE_ID, "undo")]
    assert not person.is_content(done)
    told = [*done["timeline"], {"event": "analysts told (undone): INC1"}]
    assert person.is_content(done | {"timeline": told})
    assert [one.undo for one in person.accepted] == [False, False, True]


async def test_nobody_answers_what_is_not_to_be_answered() -> None:
    app = App()
    person = Person(client(app), PLANNED.model_copy(update={"answer": None}))
    asked = record() | {
        "status": "awaiting_decision",
        "timeline": [{"event": "analysts told (decision needed)"}],
    }
    await person.look(asked)
    assert app.told == []
    assert person.is_content(asked)
