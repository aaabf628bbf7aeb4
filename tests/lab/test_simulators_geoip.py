"""The GeoIP files that a tenant makes."""

from pathlib import Path
from typing import Any

import maxminddb
import pytest

from lab.simulators.geoip import write_databases
from tests.lab.simulators_support import ATTACKER, World, state_file


def _read(folder: Path, name: str, address: str) -> Any:
    with maxminddb.open_database(folder / f"{name}.mmdb") as database:
        return database.get(address)


def test_a_tenant_writes_the_three_databases(world: World) -> None:
    folder = state_file(world.lab, "geoip")
    city = _read(folder, "city", ATTACKER)
    assert city["country"]["iso_code"] == "NG"
    assert city["city"]["names"]["en"] == "Lagos"
    assert city["location"]["latitude"] == pytest.approx(6.45)
    asn = _read(folder, "asn", ATTACKER)
    assert asn == {
        "autonomous_system_number": 64500, "autonomous_system_organization": "Example Net",
    }  # fmt: skip
    flags = _read(folder, "anonymous", ATTACKER)
    assert flags == {"is_anonymous": True, "is_anonymous_vpn": True}
    world.lab.reset()
    assert _read(folder, "city", ATTACKER) is None


@pytest.mark.parametrize(
    ("geo", "database", "record"),
    [
        ({"countryCode": "nl"}, "city",
         {"country": {"iso_code": "NL", "names": {"en": "NL"}}}),
        ({"country": {"iso_code": "nl"}, "registered_country": {"iso_code": "de"}}, "city",
         {"country": {"iso_code": "NL"}, "registered_country": {"iso_code": "DE"}}),
        ({"country_code": "se", "country_name": "Sweden"}, "city",
         {"country": {"iso_code": "SE", "names": {"en": "Sweden"}}}),
        ({"country": {"iso_code": "SE"}, "city": {"names": {"en": "Lund"}}}, "city",
         {"country": {"iso_code": "SE"}, "city": {"names": {"en": "Lund"}}}),
        ({"asn": 64501}, "asn", {"autonomous_system_number": 64501}),
        ({"autonomous_system_number": 64501, "autonomous_system_organization": "N"}, "asn",
         {"autonomous_system_number": 64501, "autonomous_system_organization": "N"}),
        ({"is_tor_exit_node": True}, "anonymous",
         {"is_anonymous": True, "is_tor_exit_node": True}),
        ({"traits": {"is_public_proxy": True}}, "anonymous",
         {"is_anonymous": True, "is_public_proxy": True}),
        ({"is_vpn": False}, "anonymous", None),
    ],
)  # fmt: skip
def test_key_spellings(tmp_path: Path, geo: dict[str, Any], database: str, record: Any) -> None:
    for address in ("203.0.113.8", "2001:db8::8"):
        write_databases(tmp_path, {address: {"geo": geo}})
        assert _read(tmp_path, database, address) == record


@pytest.mark.parametrize(
    ("geo", "field"),
    [
        ({"country": "Netherlands"}, "country"),
        ({"country_code": "NLD"}, "country_code"),
        ({"country": "NL", "countryCode": "XX"}, "countryCode"),
        ({"country": 31}, "country"),
        ({"country": {"iso_code": "Netherlands"}}, "country.iso_code"),
        ({"registered_country": {"iso_code": "EU"}}, "registered_country.iso_code"),
    ],
)
def test_only_country_codes_are_countries(world: World, geo: dict[str, Any], field: str) -> None:
    answer = world.lab_api("PUT", "tenant", {"addresses": {ATTACKER: {"geo": geo}}})
    assert answer.status_code == 422
    (problem,) = answer.json()["errors"]
    assert problem["field"] == f"addresses.{ATTACKER}.geo.{field}"
    assert "ISO 3166-1 alpha-2" in problem["message"]


def test_types_are_maxminds(tmp_path: Path) -> None:
    write_databases(tmp_path, {})
    kinds = []
    for name in ("city", "asn", "anonymous"):
        with maxminddb.open_database(tmp_path / f"{name}.mmdb") as database:
            kinds.append(database.metadata().database_type)
    assert kinds == ["GeoLite2-City", "GeoLite2-ASN", "GeoIP2-Anonymous-IP"]
