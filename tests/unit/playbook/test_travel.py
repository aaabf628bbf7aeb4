from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.playbook.sign_ins.travel import distance_km, is_impossible_travel, speed_km_per_hour

START = datetime(2026, 11, 20, tzinfo=UTC)
LATITUDE = st.floats(-90, 90)
LONGITUDE = st.floats(-180, 180)


@pytest.mark.parametrize(
    ("positions", "km"),
    [
        ((52.52, 13.405, 48.8566, 2.3522), 878),  # Berlin, Paris
        ((51.5074, -0.1278, 40.7128, -74.006), 5570),  # London, New York
        ((0, 179.5, 0, -179.5), 111),  # across the date line
        ((0, 0, 0, 180), 20015),  # the other side of the Earth
    ],
)
def test_known_distances(positions: tuple[float, float, float, float], km: float) -> None:
    assert distance_km(*positions) == pytest.approx(km, abs=2)


@settings(deadline=None)
@given(LATITUDE, LONGITUDE, LATITUDE, LONGITUDE)
def test_distance_is_symmetric_and_bounded(a: float, b: float, c: float, d: float) -> None:
    assert distance_km(a, b, c, d) == pytest.approx(distance_km(c, d, a, b), abs=1e-6)
    assert 0 <= distance_km(a, b, c, d) <= 20016


def test_speed_is_finite_even_without_time() -> None:
    assert speed_km_per_hour(1000, START, START + timedelta(hours=2)) == 500
    assert speed_km_per_hour(1000, START, START) == pytest.approx(60_000)


@pytest.mark.parametrize(
    ("km", "speed", "expected"),
    [
        (1790, 4800, True),
        (400, 5000, False),
        (6000, 700, False),
        (None, 900, None),
        (1, None, None),
    ],
)
def test_impossible_travel(km: float | None, speed: float | None, expected: bool | None) -> None:
    assert is_impossible_travel(km, speed) is expected
