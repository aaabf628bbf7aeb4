"""Combine what threat intelligence and geolocation say about one address."""

from collections.abc import Sequence
from enum import StrEnum

from pydantic import Field

from shared.models.base import Model
from shared.models.directory import GeoLocation, ReputationReport

MALICIOUS_SCORE = 75
"""AbuseIPDB's usual threshold for denying access; Cortex XSOAR's playbooks use 80."""
SUSPICIOUS_SCORE = 25
"""The lowest confidence that AbuseIPDB's own blacklist endpoint accepts."""
_SHOWN_MATCHES = 20


class AddressReputation(StrEnum):
    """What is known against an address. No report against it is ``unknown``, not ``benign``."""

    MALICIOUS = "malicious"
    SUSPICIOUS = "suspicious"
    UNKNOWN = "unknown"
    BENIGN = "benign"
    """A source names it as a common business service; blocking it would hurt others."""


class AddressVerdict(Model):
    """One address: outputs of ``IP_Reputation_GeoIP_Check`` and the verdict on it."""

    ip_reputation_score: int | None = Field(default=None, ge=0, le=100)
    """0 harmless to 100 malicious; ``None`` when no source answered."""
    ip_reputation_feed_matches: list[str] = Field(default_factory=list)
    geo_country: str | None = None
    geo_city: str | None = None
    asn: int | None = None
    network: str | None = None
    is_vpn_proxy_service: bool | None = None
    is_hosting: bool | None = None
    is_tor: bool | None = None
    reputation: AddressReputation = AddressReputation.UNKNOWN
    common_service: str | None = None
    """The service that the address belongs to, as a source says: never blocked."""
    services_unknown: list[str] = Field(default_factory=list)
    """Sources that would tell such a service, but did not answer."""
    network_unknown: bool = False
    """Whether the location database would tell ``asn``, but did not answer."""
    sources: list[str] = Field(default_factory=list)
    """Sources that answered, each with its score."""

    @property
    def reported_score(self) -> int | str:
        """The score as the block shows it: the number, or ``unknown`` (seed 004)."""
        return "unknown" if self.ip_reputation_score is None else self.ip_reputation_score


def combine_reports(reports: Sequence[ReputationReport], geo: GeoLocation | None) -> AddressVerdict:
    """Combine the sources that answered; the order of the reports does not matter.

    The highest score counts: one source that saw attacks is enough, and that another has no
    report is no evidence of the contrary.
    """
    ordered = sorted(reports, key=lambda report: (report.source, report.score or 0))
    scores = [report.score for report in ordered if report.score is not None]
    score = max(scores, default=None)
    geo = geo or GeoLocation()
    matches = sorted({match for report in ordered for match in report.matches})
    return AddressVerdict(
        ip_reputation_score=score,
        ip_reputation_feed_matches=matches[:_SHOWN_MATCHES],
        geo_country=geo.country,
        geo_city=geo.city,
        asn=geo.asn,
        network=geo.network,
        is_vpn_proxy_service=_any_known(
            geo.is_vpn_proxy_service, geo.is_tor, *(report.is_anonymiser for report in ordered)
        ),
        is_hosting=geo.is_hosting,
        is_tor=geo.is_tor,
        reputation=_reputation(score, benign=any(report.benign_service for report in ordered)),
        common_service=next((one.common_service for one in ordered if one.common_service), None),
        sources=[
            f"{report.source}: {'not seen' if report.score is None else report.score}"
            for report in ordered
        ],
    )


def _reputation(score: int | None, *, benign: bool) -> AddressReputation:
    if score is not None and score >= MALICIOUS_SCORE:
        return AddressReputation.MALICIOUS
    if benign:
        return AddressReputation.BENIGN
    if score is not None and score >= SUSPICIOUS_SCORE:
        return AddressReputation.SUSPICIOUS
    return AddressReputation.UNKNOWN


def _any_known(*answers: bool | None) -> bool | None:
    """Return true if any says so, false if all that know say no, ``None`` if none knows."""
    known = [answer for answer in answers if answer is not None]
    return any(known) if known else None
