"""Times as sign-in logs write them, which is not always ISO 8601."""

import re
from datetime import UTC, datetime, timedelta

from shared.models.base import parse_utc

_AMERICAN = re.compile(
    r"(\d{1,2})/(\d{1,2})/(\d{4}),? +(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.(\d{1,7}))?(?: *([AP])M)?",
    re.IGNORECASE,
)
"""``4/28/2021, 2:08:45.221 PM`` (Log Analytics export), ``6/18/2023 6:27:42 AM`` (audit export)."""
_EPOCH_MILLISECONDS_FROM = 10**11
"""A number above this is milliseconds: as seconds it would lie after the year 5138."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_time(value: object) -> datetime | None:
    """Return the instant, or ``None`` when the value is not a time.

    Accepts ISO 8601 (any number of decimals; without a zone it is UTC), the American form of CSV
    exports, and seconds or milliseconds since 1970.
    """
    try:
        if isinstance(value, str):
            return _read_text(value.strip())
        if isinstance(value, datetime):
            return parse_utc(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _since_1970(value)
    except (ValueError, OverflowError):
        return None
    return None


def _read_text(text: str) -> datetime:
    found = _AMERICAN.fullmatch(text)
    if found is None:
        return parse_utc(text.upper())
    month, day, year, hour, minute, second, fraction, half = found.groups()
    hours = int(hour) % 12 + 12 * (half.upper() == "P") if half else int(hour)
    microseconds = int((fraction or "0").ljust(6, "0")[:6])
    return datetime(
        int(year), int(month), int(day), hours, int(minute), int(second or 0), microseconds, UTC
    )


def _since_1970(number: float) -> datetime:
    seconds = number / 1000 if abs(number) >= _EPOCH_MILLISECONDS_FROM else number
    return _EPOCH + timedelta(seconds=seconds)
