"""NCrontab schedules, the timer trigger's `{second} {minute} {hour} {day} {month} {day-of-week}`.

Five fields mean second 0. Day and day-of-week must both match. Times are UTC.
https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
# Lowest and highest value of each field; in the last one 7 is Sunday, too.
_RANGES = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
# A leap day that must fall on a given weekday comes back within 40 years.
_HORIZON_DAYS = 366 * 41


@dataclass(frozen=True)
class Schedule:
    """A parsed expression: the allowed values of each field."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first occurrence after `moment`, `None` when there is none."""
        start = moment.replace(microsecond=0) + timedelta(seconds=1)
        midnight = start.replace(hour=0, minute=0, second=0)
        for offset in range(_HORIZON_DAYS):
            day = midnight + timedelta(days=offset)
            if self._runs_on(day):
                found = self._first_time(day, start)
                if found is not None:
                    return found
        return None

    def _runs_on(self, day: datetime) -> bool:
        return (
            day.month in self.months
            and day.day in self.days
            and day.isoweekday() % 7 in self.weekdays
        )

    def _first_time(self, day: datetime, earliest: datetime) -> datetime | None:
        for hour in self.hours:
            for minute in self.minutes:
                if day.replace(hour=hour, minute=minute, second=59) < earliest:
                    continue
                for second in self.seconds:
                    found = day.replace(hour=hour, minute=minute, second=second)
                    if found >= earliest:
                        return found
        return None


def parse(expression: str) -> Schedule:
    """Read an NCrontab expression.

    Raises:
        ValueError: It does not have five or six fields, or a field is not valid.
    """
    fields = expression.split()
    if len(fields) == 5:
        fields.insert(0, "0")
    if len(fields) != 6:
        raise ValueError(f"{expression!r} is not an NCrontab expression")
    values = [
        _field(text, *_RANGES[index], names={4: _MONTHS, 5: _DAYS}.get(index, []))
        for index, text in enumerate(fields)
    ]
    return Schedule(
        seconds=tuple(sorted(values[0])),
        minutes=tuple(sorted(values[1])),
        hours=tuple(sorted(values[2])),
        days=frozenset(values[3]),
        months=frozenset(values[4]),
        weekdays=frozenset(day % 7 for day in values[5]),
    )


def _field(text: str, low: int, high: int, names: list[str]) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step_text = part.partition("/")
        step = int(step_text) if step_text else 1
        first_text, dash, last_text = span.partition("-")
        if span == "*":
            first, last = low, high
        else:
            first = _number(first_text, low, names)
            last = _number(last_text, low, names) if dash else (high if step_text else first)
        if step < 1 or not low <= first <= last <= high:
            raise ValueError(f"{part!r} is not valid in an NCrontab expression")
        found.update(range(first, last + 1, step))
    return found


def _number(text: str, low: int, names: list[str]) -> int:
    return names.index(text.upper()) + low if text.upper() in names else int(text)
