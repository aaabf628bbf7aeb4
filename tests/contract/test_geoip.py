from shared.providers.geoip import GeoIP
from shared.settings import Settings
from tests.contract.processes import Lab

BAD = "203.0.113.7"


async def test_a_tenants_addresses_are_located_as_soon_as_it_is_loaded(
    lab: Lab, settings: Settings
) -> None:
    geoip = GeoIP(settings)
    assert (await geoip.locate(BAD)).country is None
    place = {"country": "NL", "city": "Amsterdam", "latitude": 52.37, "longitude": 4.89}
    network = {"asn": 64500, "org": "Example Hosting", "is_hosting": True, "is_vpn": True}
    lab.tenant(directory={"users": []}, addresses={BAD: {"geo": place | network}})
    found = await geoip.locate(BAD)
    assert (found.country, found.city, found.latitude) == ("NL", "Amsterdam", 52.37)
    assert (found.asn, found.network) == (64500, "Example Hosting")
    assert (found.is_vpn_proxy_service, found.is_hosting, found.is_tor) == (True, True, False)
