"""Faults: how a vendor is told to misbehave, and which fault a request meets."""

import asyncio
import contextlib
import time
from random import Random
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

FaultKind = Literal["latency", "status", "timeout", "reset", "malformed"]

TIMEOUT_SECONDS = 120.0
"""How long a ``timeout`` fault keeps the connection open without answering."""


class Fault(BaseModel):
    """One instruction of ``PUT /_lab/faults``.

    ``value`` is seconds for ``latency`` and an HTTP (or SMTP reply) code for ``status``. ``rate``
    is the share of matching requests that meet the fault, ``times`` how many in all. ``latency``
    is on the way: a request whose sender is gone by then, or that a reset overtakes, never reaches
    the vendor. With
    ``when: after`` the effect happens first and only its answer is lost, which is what a caller's
    idempotency has to survive. ``about`` limits it to requests whose address or body contains each
    of these texts, whatever their letter case: one case's requests among those of many. ``seed``
    makes ``rate`` repeatable. ``starts_in`` and ``lasts`` are seconds from when it is put in force:
    weather that comes and goes by itself.
    """

    model_config = ConfigDict(extra="forbid")

    vendor: str
    operation: str = "*"
    kind: FaultKind
    value: float | None = None
    retry_after: float | None = Field(default=None, ge=0)
    rate: float = Field(default=1.0, ge=0, le=1)
    times: int | None = Field(default=None, ge=0)
    when: Literal["before", "after"] = "before"
    about: tuple[str, ...] | None = None
    seed: int | None = None
    starts_in: float = Field(default=0, ge=0)
    lasts: float | None = Field(default=None, gt=0)

    _since: float = PrivateAttr(default_factory=lambda: time.monotonic())
    _random: Random = PrivateAttr(default_factory=Random)
    _played: int = PrivateAttr(default=0)

    @model_validator(mode="after")
    def _check_value(self) -> Self:
        if self.kind == "latency" and (self.value is None or self.value < 0):
            raise ValueError("value: a latency fault needs its seconds")
        if self.kind == "status" and (self.value is None or not 400 <= self.value <= 599):
            raise ValueError("value: a status fault needs a code from 400 to 599")
        if self.seed is not None:
            self._random = Random(self.seed)
        return self

    def strikes(self, vendor: str, operations: tuple[str, ...], text: str) -> bool:
        """Whether this request meets the fault; counts it if so."""
        if self.vendor not in ("*", vendor) or self.operation not in ("*", *operations):
            return False
        if self.about and not all(part.lower() in text.lower() for part in self.about):
            return False
        if self.times is not None and self._played >= self.times:
            return False
        if not self._is_now():
            return False
        if self.rate < 1 and self._random.random() >= self.rate:
            return False
        self._played += 1
        return True

    @property
    def is_delay(self) -> bool:
        """Whether a request waits before the vendor sees it."""
        return self.kind == "latency" and self.when == "before"

    def _is_now(self) -> bool:
        age = time.monotonic() - self._since - self.starts_in
        return age >= 0 and (self.lasts is None or age < self.lasts)


class Faults:
    """The faults now in force; the first that strikes is played."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._released = asyncio.Event()

    def replace(self, faults: list[Fault]) -> None:
        """Put ``faults`` in force instead of the old ones."""
        self._faults = faults

    def pick(self, vendor: str, operations: tuple[str, ...], text: str) -> Fault | None:
        """Return the fault that a request meets, if any.

        ``text`` is the request's address and body, for faults that are about some requests only.

        ``operations`` are the names the request answers to: the operation's own and, for a body
        that is an object, ``<operation>.<key>`` for each key (``users.patch.accountEnabled``).
        """
        return next((one for one in self._faults if one.strikes(vendor, operations, text)), None)

    async def wait_for_nothing(self) -> None:
        """Wait as a ``timeout`` fault does: until ``release`` or the connection is too old."""
        await self._is_released_within(TIMEOUT_SECONDS)

    async def is_overtaken(self, fault: Fault | None) -> bool:
        """Delay a request as ``latency`` does; tell whether ``release`` came before the vendor."""
        if fault is None or not fault.is_delay:
            return False
        return await self._is_released_within(fault.value or 0)

    async def _is_released_within(self, seconds: float) -> bool:
        released = self._released
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(released.wait(), seconds)
        return released.is_set()

    def release(self) -> None:
        """Let go of everything that waits for nothing."""
        self._released.set()
        self._released = asyncio.Event()

    def listed(self) -> list[dict[str, object]]:
        """The faults in force, with ``played``: how often each has struck."""
        return [
            {**fault.model_dump(exclude_none=True), "played": fault._played}
            for fault in self._faults
        ]
