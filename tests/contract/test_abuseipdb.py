import pytest

from shared.errors import NotSupported
from shared.providers.abuseipdb import AbuseIPDB
from shared.settings import Settings
from tests.contract.processes import Lab

BAD = "203.0.113.7"


async def test_an_address_is_checked_as_the_specification_says(
    lab: Lab, settings: Settings
) -> None:
    data = {
        "abuseConfidenceScore": 96,
        "ipAddress": BAD,
        "isTor": True,
        "isWhitelisted": False,
        "totalReports": 412,
        "usageType": "Data Center/Web Hosting/Transit",
    }
    lab.tenant(directory={"users": []}, addresses={BAD: {"abuseipdb": data}})
    report = await AbuseIPDB(settings).lookup(BAD)
    assert (report.score, report.is_anonymiser, report.raw["isHosting"]) == (96, True, True)
    assert report.matches == ["AbuseIPDB: 412 reports", "AbuseIPDB: Tor exit node"]
    (line,) = lab.ledger("abuseipdb")
    assert line["query"] == {"ipAddress": BAD, "maxAgeInDays": "90"}
    assert (line["operation"], line["status"]) == ("check", 200)
    assert "violation" not in line


async def test_ipv6_is_checked_too(lab: Lab, settings: Settings) -> None:
    report = await AbuseIPDB(settings).lookup("2001:db8::7")
    assert (report.score, report.matches, report.is_anonymiser) == (0, [], None)
    assert lab.ledger("abuseipdb")[0]["target"] == "2001:db8::7"


async def test_internal_addresses_are_not_sent(lab: Lab, settings: Settings) -> None:
    with pytest.raises(NotSupported):
        await AbuseIPDB(settings).lookup("192.168.1.20")
    assert lab.ledger("abuseipdb") == []
