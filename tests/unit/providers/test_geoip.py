import os
import shutil
from pathlib import Path

import pytest

from shared.errors import NotConfigured, PermanentError
from shared.providers.geoip import GeoIP
from shared.settings import Settings

DATA = Path(__file__).parents[2] / "data" / "maxmind"
CITY = str(DATA / "GeoLite2-City-Test.mmdb")
ASN = str(DATA / "GeoLite2-ASN-Test.mmdb")
ANONYMOUS = str(DATA / "GeoIP2-Anonymous-IP-Test.mmdb")


def locator(city: str | None = None, asn: str | None = None, anonymous: str | None = None) -> GeoIP:
    settings = Settings(geoip_city_db=city, geoip_asn_db=asn, geoip_anonymous_db=anonymous)
    return GeoIP(settings)


async def test_all_databases_together() -> None:
    found = await locator(CITY, ASN, ANONYMOUS).locate("89.160.20.112")
    assert (found.country, found.city) == ("SE", "Linköping")
    assert (found.latitude, found.longitude) == (58.4167, 15.6167)
    assert (found.asn, found.network) == (29518, "Bredband2 AB")
    assert (found.is_vpn_proxy_service, found.is_tor, found.is_hosting) == (False, False, False)


async def test_where_somebody_is_comes_from_the_country_not_the_registration() -> None:
    assert (await locator(CITY).locate("81.2.69.142")).country == "GB"


@pytest.mark.parametrize(
    ("address", "vpn", "tor", "hosting"),
    [
        ("81.2.69.142", True, True, True),
        ("65.1.1.1", True, True, False),
        ("6.1.0.1", True, False, False),
        ("1.1.1.1", False, False, False),
    ],
)
async def test_anonymity_flags(address: str, vpn: bool, tor: bool, hosting: bool) -> None:
    found = await locator(anonymous=ANONYMOUS).locate(address)
    assert (found.is_vpn_proxy_service, found.is_tor, found.is_hosting) == (vpn, tor, hosting)


async def test_an_unknown_address_and_missing_databases_are_unknown() -> None:
    found = await locator(CITY, ASN).locate("203.0.113.7")
    assert set(found.model_dump().values()) == {None}


async def test_ipv6_and_mapped_addresses() -> None:
    geoip = locator(CITY)
    assert (await geoip.locate("2001:218::1")).country == "JP"
    assert (await geoip.locate("::ffff:89.160.20.112")).country == "SE"


async def test_no_database_is_not_configured() -> None:
    with pytest.raises(NotConfigured):
        await locator().locate("8.8.8.8")


async def test_no_address_is_refused() -> None:
    with pytest.raises(PermanentError, match="not an IP address"):
        await locator(CITY).locate("example.com")


async def test_a_damaged_database_names_its_setting() -> None:
    with pytest.raises(PermanentError, match="TOURNIQUET_GEOIP_ASN_DB is damaged"):
        await locator(asn=str(DATA / "bad_unexpected-bytes.mmdb")).locate("8.8.8.8")


async def test_a_missing_database_names_its_setting() -> None:
    with pytest.raises(PermanentError, match="TOURNIQUET_GEOIP_CITY_DB cannot be read: No such"):
        await locator("/nowhere/city.mmdb").locate("8.8.8.8")


async def test_a_replaced_file_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "current.mmdb"
    shutil.copy(ASN, path)
    geoip = locator(asn=str(path))
    assert (await geoip.locate("89.160.20.112")).asn == 29518

    shutil.copy(CITY, tmp_path / "new.mmdb")
    os.replace(tmp_path / "new.mmdb", path)
    assert (await geoip.locate("89.160.20.112")).asn is None


async def test_a_file_that_breaks_later_is_an_error_not_old_data(tmp_path: Path) -> None:
    path = tmp_path / "current.mmdb"
    shutil.copy(ASN, path)
    geoip = locator(asn=str(path))
    await geoip.locate("89.160.20.112")

    (tmp_path / "new.mmdb").write_bytes(b"not a database")
    os.replace(tmp_path / "new.mmdb", path)
    with pytest.raises(PermanentError, match="damaged"):
        await geoip.locate("89.160.20.112")
