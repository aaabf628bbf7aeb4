"""Times in scenario files are relative to the moment the scenario is played.

Written as an offset (``-9m``, ``+90s``, ``-1h30m``, ``now``) or as a day and a UTC time of day
(``-3d 08:15``).
"""

import re
from datetime import UTC, datetime, time, timedelta

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_PART = re.compile(r"(\d+(?:\.\d+)?)([dhms])")
_DURATION = re.compile(r"[+-]?(?:\d+(?:\.\d+)?[dhms])+")
_DAY_AND_CLOCK = re.compile(r"(-\d+d) (\d{2}:\d{2}(?::\d{2})?)")


def parse_duration(text: str) -> timedelta:
    """Parse an offset such as ``-1h30m`` or ``19s``.

    Raises:
        ValueError: the text is not an offset.
    """
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is not a duration such as 19s, 8m, 1h30m or -3d")
    amount = timedelta()
    for number, unit in _PART.findall(text):
        amount += timedelta(**{_UNITS[unit]: float(number)})
    return -amount if text.startswith("-") else amount


def parse_relative(text: str, now: datetime) -> datetime | None:
    """Return the instant a relative time means at ``now``; ``None`` when it is not one.

    A bare duration without a sign is not a time, so that text such as ``5m`` stays text.
    """
    if text == "now":
        return now
    if match := _DAY_AND_CLOCK.fullmatch(text):
        day = (now + parse_duration(match[1])).date()
        return datetime.combine(day, time.fromisoformat(match[2]), UTC)
    if text[:1] in ("+", "-") and _DURATION.fullmatch(text):
        return now + parse_duration(text)
    return None
