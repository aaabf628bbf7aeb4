"""Business hours: when the people who are asked are at work."""

import re
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)

from shared.models.base import Model
from shared.models.case import OperatingMode

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_CAUTION = (OperatingMode.OBSERVE, OperatingMode.APPROVE, OperatingMode.AUTOMATIC)


class Weekday(StrEnum):
    """A day, in the order of ``datetime.weekday``."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"


_WEEK = tuple(Weekday)


def _clock(value: object) -> object:
    if isinstance(value, time):
        return value
    if not isinstance(value, str) or not _CLOCK.fullmatch(value):
        raise ValueError('a time of day is written "08:00", in quotes, from "00:00" to "23:59"')
    return time.fromisoformat(value)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("there is no such time zone; write it like Europe/Berlin") from error
    return name


def _days(days: list[Weekday]) -> list[Weekday]:
    if not days or len(set(days)) != len(days):
        raise ValueError("name at least one day, and each once")
    return days


type ClockTime = Annotated[
    time,
    BeforeValidator(_clock),
    PlainSerializer(lambda at: f"{at:%H:%M}", return_type=str, when_used="json"),
]


class BusinessHours(Model):
    """Two ceilings of the operating mode: one for business hours, one for all other times.

    ``to`` at or before ``from`` is past midnight; such hours belong to the day they begin on.
    """

    model_config = ConfigDict(populate_by_name=True)

    time_zone: Annotated[str, AfterValidator(_zone)]
    """A name of the IANA time zone database."""
    days: Annotated[list[Weekday], AfterValidator(_days)] = Field(
        default_factory=lambda: list(_WEEK[:5])
    )
    begin: ClockTime = Field(alias="from")
    end: ClockTime = Field(alias="to")
    during: OperatingMode = OperatingMode.AUTOMATIC
    outside: OperatingMode = OperatingMode.AUTOMATIC

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.begin == self.end:
            raise ValueError("from and to are the same time of day")
        return self

    def contain(self, at: datetime) -> bool:
        """Return whether an instant (any zone) lies in business hours; ``to`` itself does not."""
        local = at.astimezone(ZoneInfo(self.time_zone))
        clock, today = local.time(), _WEEK[local.weekday()]
        if self.begin < self.end:
            return today in self.days and self.begin <= clock < self.end
        yesterday = _WEEK[(local - timedelta(days=1)).weekday()]
        return (today in self.days and clock >= self.begin) or (
            yesterday in self.days and clock < self.end
        )

    def ceiling(self, at: datetime) -> OperatingMode:
        """Return the most the mode may be at an instant."""
        return self.during if self.contain(at) else self.outside


def lower(one: OperatingMode, other: OperatingMode) -> OperatingMode:
    """Return the more careful of two modes."""
    return min(one, other, key=_CAUTION.index)
