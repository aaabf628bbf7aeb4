"""MaxMind databases made from the tenant's ``addresses.*.geo``.

Accepts flat keys (``country``, ``country_code`` or ``countryCode``: an ISO 3166-1 alpha-2 code, in
any case, beside which ``country_name`` may stand; ``city``, ``latitude``/``lat``,
``longitude``/``lon``, ``asn`` as a number or ``AS123``, ``as_organization``/``org``/``asn_org``,
``is_vpn``, ``is_tor``, ``is_hosting``, ``is_proxy`` and MaxMind's long names for them) and
records already in MaxMind's own shape (whose ``iso_code`` is held to the same).
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet

from lab.simulators.country_codes import COUNTRY_CODES

_FLAGS = {
    "is_anonymous": ("is_anonymous",),
    "is_anonymous_vpn": ("is_anonymous_vpn", "is_vpn"),
    "is_tor_exit_node": ("is_tor_exit_node", "is_tor"),
    "is_hosting_provider": ("is_hosting_provider", "is_hosting"),
    "is_public_proxy": ("is_public_proxy", "is_proxy"),
    "is_residential_proxy": ("is_residential_proxy",),
}
_COUNTRY = ("country", "country_code", "countryCode")
_NESTED = ("continent", "location", "postal", "registered_country", "subdivisions", "traits")


def write_databases(folder: Path, addresses: dict[str, dict[str, Any]]) -> None:
    """Write ``city.mmdb``, ``asn.mmdb`` and ``anonymous.mmdb``, each replaced in one step."""
    folder.mkdir(parents=True, exist_ok=True)
    known = {ip: entry["geo"] for ip, entry in addresses.items() if entry.get("geo")}
    for name, kind, record_of in (
        ("city", "GeoLite2-City", city_record),
        ("asn", "GeoLite2-ASN", asn_record),
        ("anonymous", "GeoIP2-Anonymous-IP", anonymous_record),
    ):
        writer = MMDBWriter(
            ip_version=6, ipv4_compatible=True, database_type=kind, languages=["en"],
            description=f"{kind} of the lab tenant", int_type="auto", float_type="f64",
        )  # fmt: skip
        for address, geo in known.items():
            record = record_of(geo)
            if record:
                writer.insert_network(IPSet([address]), record)
        draft = folder / f"{name}.mmdb.tmp"
        writer.to_db_file(str(draft))
        os.replace(draft, folder / f"{name}.mmdb")


def country_problems(geo: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield field and reason for everything in a ``geo`` entry that is no country code."""
    for key in (*_COUNTRY, "registered_country"):
        value, field = geo.get(key), key
        if isinstance(value, dict):
            value, field = value.get("iso_code"), f"{key}.iso_code"
        if value and str(value).upper() not in COUNTRY_CODES:
            reason = f"{value!r} is not an ISO 3166-1 alpha-2 country code such as 'NL'"
            yield field, f"{reason}; a country's name belongs in country_name"


def city_record(geo: dict[str, Any]) -> dict[str, Any]:
    """The City record of a ``geo`` entry."""
    record: dict[str, Any] = {
        key: geo[key] for key in _NESTED if isinstance(geo.get(key), dict | list)
    }
    country = next((geo[key] for key in _COUNTRY if geo.get(key)), None)
    if isinstance(country, dict):
        record["country"] = country
    elif country:
        code = str(country).upper()
        name = str(geo.get("country_name") or code)
        record["country"] = {"iso_code": code, "names": {"en": name}}
    for key in ("country", "registered_country"):
        if "iso_code" in record.get(key, {}):
            record[key] = {**record[key], "iso_code": str(record[key]["iso_code"]).upper()}
    if isinstance(geo.get("city"), dict):
        record["city"] = geo["city"]
    elif geo.get("city"):
        record["city"] = {"names": {"en": str(geo["city"])}}
    latitude = geo.get("latitude", geo.get("lat"))
    longitude = geo.get("longitude", geo.get("lon"))
    if latitude is not None and longitude is not None:
        record["location"] = {
            "latitude": float(latitude), "longitude": float(longitude),
            "accuracy_radius": int(geo.get("accuracy_radius", 20)),
        }  # fmt: skip
    return record


def asn_record(geo: dict[str, Any]) -> dict[str, Any]:
    """The ASN record of a ``geo`` entry."""
    number = geo.get("autonomous_system_number", geo.get("asn"))
    names = ("autonomous_system_organization", "as_organization", "asn_org", "org")
    organisation = next((str(geo[name]) for name in names if geo.get(name)), None)
    record: dict[str, Any] = {}
    if number is not None:
        record["autonomous_system_number"] = int(str(number).upper().removeprefix("AS"))
    if organisation:
        record["autonomous_system_organization"] = organisation
    return record


def anonymous_record(geo: dict[str, Any]) -> dict[str, Any]:
    """The Anonymous-IP record: only flags that are true, as MaxMind writes it."""
    given = {**geo, **(geo["traits"] if isinstance(geo.get("traits"), dict) else {})}
    record = {flag: True for flag, names in _FLAGS.items() if any(given.get(n) for n in names)}
    # Anything but plain hosting makes an address anonymous, as in MaxMind's data.
    if set(record) - {"is_hosting_provider"} or given.get("is_hosting_provider"):
        record["is_anonymous"] = True
    return record
