import pytest

from shared.errors import NotSupported
from shared.providers.greynoise import GreyNoise
from shared.settings import Settings
from tests.contract.processes import Lab

ADDRESS = "203.0.113.7"


@pytest.mark.parametrize(
    ("known", "score", "matches", "service"),
    [
        ({}, None, [], None),
        ({"riot": True, "name": "Microsoft 365"}, 0, [], "GreyNoise RIOT: Microsoft 365"),
        (
            {"noise": True, "classification": "malicious"},
            75,
            ["GreyNoise: scans the internet, malicious"],
            None,
        ),
        ({"noise": True, "classification": "benign"}, 0, [], None),
        (
            {"noise": True, "classification": "unknown"},
            10,
            ["GreyNoise: scans the internet, unknown"],
            None,
        ),
    ],
)
async def test_what_greynoise_has_observed(
    lab: Lab,
    settings: Settings,
    known: dict[str, object],
    score: int | None,
    matches: list[str],
    service: str | None,
) -> None:
    lab.tenant(directory={"users": []}, addresses={ADDRESS: {"greynoise": known}})
    report = await GreyNoise(settings).lookup(ADDRESS)
    assert (report.score, report.matches, report.common_service) == (score, matches, service)
    assert report.benign_service is (service is not None)
    (line,) = lab.ledger("greynoise")
    assert (line["operation"], line["target"]) == ("community.get", ADDRESS)
    assert "violation" not in line


async def test_internal_addresses_are_not_sent(lab: Lab, settings: Settings) -> None:
    with pytest.raises(NotSupported):
        await GreyNoise(settings).lookup("10.1.2.3")
    assert lab.ledger("greynoise") == []
