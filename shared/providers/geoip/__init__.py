"""MaxMind databases behind the ``GeoLocator`` port."""

from shared.providers.geoip.locator import GeoIP

__all__ = ["GeoIP"]
