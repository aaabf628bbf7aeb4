"""Location and network of an address from MaxMind's City, ASN and Anonymous IP databases.

Field names are those of GeoIP2 and GeoLite2 (https://dev.maxmind.com/geoip/docs/databases); files
of other makers in the same layout work too. Each database is optional.
"""

from typing import Any

from shared.errors import NotConfigured
from shared.models.directory import GeoLocation
from shared.providers.addresses import parse_address
from shared.providers.geoip.database import VENDOR, Database
from shared.settings import Settings

type Row = dict[str, Any]

ANONYMISER_FLAGS = (
    "is_anonymous_vpn",
    "is_public_proxy",
    "is_residential_proxy",
    "is_tor_exit_node",
)
"""What hides who is behind an address. ``is_hosting_provider`` alone does not: servers are real."""


class GeoIP:
    """A ``GeoLocator`` over local database files: no address leaves the machine."""

    def __init__(self, settings: Settings) -> None:
        def database(name: str, path: str | None) -> Database | None:
            return Database(path, setting=f"TOURNIQUET_GEOIP_{name}_DB") if path else None

        self._city = database("CITY", settings.geoip_city_db)
        self._asn = database("ASN", settings.geoip_asn_db)
        self._anonymous = database("ANONYMOUS", settings.geoip_anonymous_db)

    async def locate(self, address: str) -> GeoLocation:
        """Return what the configured databases say about an address.

        Raises:
            NotConfigured: no database is configured.
            PermanentError: a database is missing or damaged, or this is not an address.
        """
        if not (self._city or self._asn or self._anonymous):
            raise NotConfigured("no TOURNIQUET_GEOIP_..._DB is set", vendor=VENDOR)
        text = str(parse_address(address, vendor=VENDOR))
        city = await self._city.get(text) if self._city else None
        asn = await self._asn.get(text) if self._asn else None
        anonymous = await self._anonymous.get(text) if self._anonymous else None
        return GeoLocation(
            **_place(city or {}),
            **_network(asn or {}),
            **(_anonymity(anonymous or {}) if self._anonymous else {}),
        )


def _place(row: Row) -> Row:
    location = _child(row, "location")
    return {
        "country": _child(row, "country").get("iso_code"),
        "city": _child(_child(row, "city"), "names").get("en"),
        "latitude": location.get("latitude"),
        "longitude": location.get("longitude"),
    }


def _child(row: Row, key: str) -> Row:
    value = row.get(key)
    return value if isinstance(value, dict) else {}


def _network(row: Row) -> Row:
    return {
        "asn": row.get("autonomous_system_number"),
        "network": row.get("autonomous_system_organization"),
    }


def _anonymity(row: Row) -> Row:
    """Return the flags; the database lists only what is true, so an absent one is false."""
    return {
        "is_vpn_proxy_service": any(bool(row.get(flag)) for flag in ANONYMISER_FLAGS),
        "is_hosting": bool(row.get("is_hosting_provider")),
        "is_tor": bool(row.get("is_tor_exit_node")),
    }
