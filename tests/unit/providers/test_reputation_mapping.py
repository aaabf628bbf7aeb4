import pytest

from shared.providers.abuseipdb.reputation import Check
from shared.providers.abuseipdb.reputation import to_report as abuseipdb_report
from shared.providers.virustotal.reputation import Attributes, Stats
from shared.providers.virustotal.reputation import to_report as virustotal_report


@pytest.mark.parametrize(
    ("malicious", "suspicious", "reputation", "score"),
    [
        (0, 0, 0, 0),
        (1, 0, 0, 10),
        (0, 1, 0, 5),
        (5, 0, 0, 50),
        (10, 0, 0, 100),
        (60, 12, -200, 100),
        (2, 1, -3, 28),
        (0, 0, -500, 10),
        (3, 0, 900, 30),
    ],
)
def test_virustotal_scores_by_engines_and_a_little_by_votes(
    malicious: int, suspicious: int, reputation: int, score: int
) -> None:
    stats = Stats(malicious=malicious, suspicious=suspicious, harmless=60, undetected=20)
    report = virustotal_report(Attributes(last_analysis_stats=stats, reputation=reputation))
    assert report.score == score


def test_virustotal_matches_say_how_many_engines_of_how_many() -> None:
    stats = Stats(malicious=8, suspicious=1, harmless=61, undetected=24)
    report = virustotal_report(Attributes(last_analysis_stats=stats, as_owner="AS Example"))
    assert report.matches == [
        "VirusTotal: 8 of 94 engines say malicious",
        "VirusTotal: 1 of 94 engines say suspicious",
    ]
    assert report.raw["as_owner"] == "AS Example"
    assert report.is_anonymiser is None
    assert "note" not in report.raw


def test_an_address_that_virustotal_never_analysed_is_no_opinion() -> None:
    report = virustotal_report(Attributes(reputation=-40))
    assert (report.score, report.matches) == (0, [])
    assert "no opinion" in report.raw["note"]


def check(**values: object) -> Check:
    return Check.model_validate({"abuseConfidenceScore": 0, "totalReports": 0, **values})


def test_abuseipdb_uses_its_own_score_and_counts_reports() -> None:
    report = abuseipdb_report(check(abuseConfidenceScore=87, totalReports=412))
    assert (report.score, report.matches) == (87, ["AbuseIPDB: 412 reports"])


def test_abuseipdb_without_reports_has_no_match() -> None:
    report = abuseipdb_report(check())
    assert (report.score, report.matches, report.is_anonymiser) == (0, [], None)
    assert not report.benign_service


def test_abuseipdb_tor_exit_is_an_anonymiser() -> None:
    report = abuseipdb_report(check(abuseConfidenceScore=100, totalReports=1, isTor=True))
    assert report.is_anonymiser is True
    assert report.matches == ["AbuseIPDB: 1 report", "AbuseIPDB: Tor exit node"]


@pytest.mark.parametrize(("listed", "benign"), [(True, True), (False, False), (None, False)])
def test_abuseipdb_whitelisted_is_a_benign_service(listed: bool | None, benign: bool) -> None:
    assert abuseipdb_report(check(isWhitelisted=listed)).benign_service is benign


@pytest.mark.parametrize(
    ("usage", "hosting"),
    [("Data Center/Web Hosting/Transit", True), ("Fixed Line ISP", False), (None, None)],
)
def test_abuseipdb_usage_type_tells_hosting(usage: str | None, hosting: bool | None) -> None:
    assert abuseipdb_report(check(usageType=usage)).raw.get("isHosting") is hosting
