from itertools import permutations

import pytest

from shared.models.directory import GeoLocation, ReputationReport
from shared.playbook.confidence.reputation import AddressReputation, combine_reports


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([100, 0], AddressReputation.MALICIOUS),
        ([75], AddressReputation.MALICIOUS),
        ([74, 3], AddressReputation.SUSPICIOUS),
        ([25], AddressReputation.SUSPICIOUS),
        ([24], AddressReputation.UNKNOWN),
        ([0, 0], AddressReputation.UNKNOWN),
        ([], AddressReputation.UNKNOWN),
    ],
)
def test_thresholds(scores: list[int], expected: AddressReputation) -> None:
    reports = [ReputationReport(source=f"s{i}", score=score) for i, score in enumerate(scores)]
    assert combine_reports(reports, None).reputation is expected


def test_no_source_is_unknown_never_zero() -> None:
    verdict = combine_reports([], GeoLocation(country="DE"))
    assert verdict.ip_reputation_score is None
    assert verdict.reported_score == "unknown"
    assert verdict.geo_country == "DE"


def test_common_business_service_is_benign_unless_malicious() -> None:
    service = ReputationReport(source="GreyNoise", score=30, benign_service=True)
    attacker = ReputationReport(source="AbuseIPDB", score=90)
    assert combine_reports([service], None).reputation is AddressReputation.BENIGN
    assert combine_reports([service, attacker], None).reputation is AddressReputation.MALICIOUS


def test_anonymiser_is_known_when_any_source_knows() -> None:
    quiet = ReputationReport(source="a", score=0)
    tor = ReputationReport(source="b", score=0, is_anonymiser=True)
    assert combine_reports([quiet], None).is_vpn_proxy_service is None
    assert (
        combine_reports([quiet], GeoLocation(is_vpn_proxy_service=False)).is_vpn_proxy_service
        is False
    )
    assert combine_reports([quiet, tor], None).is_vpn_proxy_service is True


def test_order_of_reports_does_not_matter() -> None:
    reports = [
        ReputationReport(source=s, score=n, matches=[s]) for s, n in (("b", 5), ("a", 50), ("c", 9))
    ]
    assert (
        len({combine_reports(order, None).model_dump_json() for order in permutations(reports)})
        == 1
    )
