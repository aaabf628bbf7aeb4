"""The durable engine of these tests loses nothing, and its clock waits for its work."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from orchestrators.names import Activity
from shared.errors import RetryableError
from tests.support.blocks import wait_for
from tests.support.durable_backend import PATIENCE_SECONDS, Run
from tests.support.fast_clock import SPEED, TICK_SECONDS, FastClock
from tests.support.scripts import SOON, case_payload

MESSAGE_LIMIT = 4 * 1024 * 1024
"""gRPC's default in bytes: work that is larger breaks the stream, and what was on it is lost."""


def test_a_long_history_costs_other_cases_nothing(case: Callable[..., Run]) -> None:
    def away(_payload: dict[str, Any]) -> Any:
        raise RetryableError("x" * (MESSAGE_LIMIT // 2), vendor="graph")

    long, others = case(**{str(Activity.ANALYSE_SIGN_INS): away}), [case() for _ in range(5)]
    for one in (long, *others):
        one.start("respond", case_payload(timing=SOON))
    for one in (*others, long):
        one.wait()
    assert sum(event.ByteSize() for event in long.history()) > MESSAGE_LIMIT


def test_time_stands_still_while_there_is_work() -> None:
    working, fired = threading.Event(), threading.Event()
    working.set()
    clock = FastClock(SPEED, lambda _tick: working.is_set())
    began = clock.now
    clock.at(began + timedelta(minutes=1), fired.set)
    wait_for(lambda: clock.ticks > 60 / (SPEED * TICK_SECONDS))
    assert clock.now == began and not fired.is_set()
    working.clear()
    assert fired.wait(PATIENCE_SECONDS)
    assert clock.now >= began + timedelta(minutes=1)
    clock.stop()
