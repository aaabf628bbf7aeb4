from collections.abc import Callable

import pytest

from shared.errors import NotConfigured, NotSupported, PermissionDenied
from shared.providers.virustotal import VirusTotal
from shared.settings import Settings
from tests.contract.processes import Lab

BAD = "203.0.113.7"


def know(lab: Lab, **attributes: object) -> None:
    lab.tenant(directory={"users": []}, addresses={BAD: {"virustotal": attributes}})


async def test_an_address_is_looked_up_as_the_specification_says(
    lab: Lab, settings: Settings
) -> None:
    stats = {"harmless": 60, "malicious": 7, "suspicious": 2, "undetected": 25, "timeout": 0}
    know(lab, last_analysis_stats=stats, reputation=-4, as_owner="Example", asn=64500)
    report = await VirusTotal(settings).lookup(BAD)
    assert report.score == 84
    assert report.matches[0] == "VirusTotal: 7 of 94 engines say malicious"
    (line,) = lab.ledger("virustotal")
    assert (line["operation"], line["target"], line["status"]) == ("ip_addresses.get", BAD, 200)
    assert "violation" not in line


async def test_ipv6_is_percent_encoded(lab: Lab, settings: Settings) -> None:
    report = await VirusTotal(settings).lookup("2001:db8::7")
    assert report.score == 0
    (line,) = lab.ledger("virustotal")
    assert line["path"].endswith("/ip_addresses/2001%3Adb8%3A%3A7")
    assert "violation" not in line


async def test_not_found_is_no_opinion(lab: Lab, settings: Settings) -> None:
    lab.tenant(directory={"users": []}, addresses={BAD: {"virustotal": None}})
    report = await VirusTotal(settings).lookup(BAD)
    assert (report.score, report.matches) == (0, [])
    assert "no opinion" in report.raw["note"]


async def test_internal_addresses_are_not_sent(lab: Lab, settings: Settings) -> None:
    with pytest.raises(NotSupported):
        await VirusTotal(settings).lookup("10.0.0.4")
    assert lab.ledger("virustotal") == []


async def test_without_a_key_it_is_not_configured(
    lab: Lab, make_settings: Callable[..., Settings]
) -> None:
    with pytest.raises(NotConfigured):
        await VirusTotal(make_settings(virustotal_api_key=None)).lookup(BAD)


async def test_a_wrong_key_is_said_to_be_wrong_and_not_repeated(
    lab: Lab, make_settings: Callable[..., Settings]
) -> None:
    with pytest.raises(PermissionDenied) as raised:
        await VirusTotal(make_settings(virustotal_api_key="not-the-right-key")).lookup(BAD)
    assert "not-the-right-key" not in raised.value.describe()
    assert len(lab.ledger("virustotal")) == 1


async def test_a_hiccup_is_bridged(lab: Lab, settings: Settings) -> None:
    lab.fault("virustotal", "status", value=503, times=1)
    assert (await VirusTotal(settings).lookup(BAD)).score == 0
    assert [line["status"] for line in lab.ledger("virustotal")] == [503, 200]
