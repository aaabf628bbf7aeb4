from datetime import UTC, datetime, timedelta

import pytest

from lab.scenarios.times import parse_duration, parse_relative

NOW = datetime(2026, 11, 20, 12, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        ("-9m", NOW - timedelta(minutes=9)),
        ("+1h30m", NOW + timedelta(hours=1, minutes=30)),
        ("-0.5s", NOW - timedelta(milliseconds=500)),
        ("-3d 08:15", datetime(2026, 11, 17, 8, 15, tzinfo=UTC)),
        ("-0d 00:00:30", datetime(2026, 11, 20, 0, 0, 30, tzinfo=UTC)),
    ],
)
def test_relative_times(text: str, expected: datetime) -> None:
    assert parse_relative(text, NOW) == expected


@pytest.mark.parametrize("text", ["5m", "", "-", "yesterday", "-3 days", "2026-11-20T12:09:00Z"])
def test_other_text_stays_text(text: str) -> None:
    assert parse_relative(text, NOW) is None


@pytest.mark.parametrize("text", ["", "8", "m8", "8 m", "8w"])
def test_a_wrong_duration_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)
