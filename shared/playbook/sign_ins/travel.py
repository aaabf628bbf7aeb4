"""Distances and speeds between sign-ins.

Addresses are placed by a geolocation database, so a place is a region, not a point: MaxMind states
city accuracy as "within 50 km of the true location", hence ``SAME_PLACE_KM``.
"""

from datetime import datetime
from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_KM = 6371.0088
"""Mean radius (IUGG)."""
SAME_PLACE_KM = 50.0
"""Two positions closer than this are the same place."""
IMPOSSIBLE_KM = 500.0
"""Below this distance a speed says nothing: mobile carriers and databases are off by that much."""
IMPOSSIBLE_KM_PER_HOUR = 900.0
"""Cruising speed of an airliner; nobody signs in at both ends faster than that."""
_SHORTEST_HOURS = 1 / 60


def distance_km(
    latitude_1: float, longitude_1: float, latitude_2: float, longitude_2: float
) -> float:
    """Return the great-circle distance in km (haversine) between two positions in degrees."""
    phi_1, phi_2 = radians(latitude_1), radians(latitude_2)
    half_phi = (phi_2 - phi_1) / 2
    half_lambda = radians(longitude_2 - longitude_1) / 2
    a = sin(half_phi) ** 2 + cos(phi_1) * cos(phi_2) * sin(half_lambda) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(a)))


def speed_km_per_hour(km: float, start: datetime, end: datetime) -> float:
    """Return the speed needed in km/h; less than a minute counts as a minute."""
    hours = abs((end - start).total_seconds()) / 3600
    return km / max(hours, _SHORTEST_HOURS)


def is_impossible_travel(km: float | None, km_per_hour: float | None) -> bool | None:
    """Whether nobody can have travelled that; ``None`` when distance or speed is unknown."""
    if km is None or km_per_hour is None:
        return None
    return km >= IMPOSSIBLE_KM and km_per_hour > IMPOSSIBLE_KM_PER_HOUR
