"""A clock that runs many times as fast, for the in-memory engine: its timers, its "now"."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from unittest.mock import patch

from durabletask.testing import in_memory_backend

from lab.functions_host import alarms, engine

SPEED = 400
"""Seconds of the engine per real second: the playbook's minute is 0.15 s."""


class _FastDatetime(datetime):
    """``datetime`` whose ``now`` runs many times as fast since this module was imported."""

    _start = datetime.now(UTC)
    _speed = SPEED

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "_FastDatetime":
        start = cls._start
        real = datetime.now(UTC)
        return cls.fromtimestamp(
            start.timestamp() + (real - start).total_seconds() * cls._speed, tz or UTC
        )


@contextmanager
def fast_clock(speed: int = SPEED) -> Iterator[None]:
    """Make the in-memory engine's time run fast; retry policies and timers stay the product's."""
    fast_datetime = type("_FastDatetime", (_FastDatetime,), {"_speed": speed})
    with (
        patch.object(in_memory_backend, "datetime", fast_datetime),
        patch.object(engine, "datetime", fast_datetime),
        patch.object(alarms, "datetime", fast_datetime),
    ):
        yield
