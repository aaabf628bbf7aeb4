"""AbuseIPDB API v2: what administrators have reported about an address.

``GET /check``, https://docs.abuseipdb.com/#check-endpoint.
"""

from functools import cached_property

from pydantic import Field

from shared.models.base import VendorModel
from shared.models.directory import ReputationReport
from shared.providers.addresses import public_address
from shared.providers.api_key import client_with_key
from shared.providers.http import VendorClient
from shared.settings import Settings

SOURCE = "AbuseIPDB"
OPERATION = "check"
MAX_AGE_DAYS = 90
"""Reports older than this say little about who has the address today."""
HOSTING = frozenset({"Data Center/Web Hosting/Transit", "Content Delivery Network"})
"""Values of ``usageType`` that stand for machines in data centres."""


class Check(VendorModel):
    """The part of the answer that is used; ``abuseConfidenceScore`` is AbuseIPDB's own 0 to 100."""

    score: int = Field(alias="abuseConfidenceScore", ge=0, le=100)
    total_reports: int = Field(alias="totalReports", ge=0)
    distinct_users: int | None = Field(default=None, alias="numDistinctUsers")
    is_tor: bool = Field(default=False, alias="isTor")
    is_whitelisted: bool | None = Field(default=None, alias="isWhitelisted")
    usage_type: str | None = Field(default=None, alias="usageType")
    isp: str | None = None
    domain: str | None = None
    country: str | None = Field(default=None, alias="countryCode")
    last_reported_at: str | None = Field(default=None, alias="lastReportedAt")


class CheckAnswer(VendorModel):
    """Body of the answer."""

    data: Check


class AbuseIPDB:
    """A ``Reputation`` source."""

    name = "abuseipdb"
    tells_common_services = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _client(self) -> VendorClient:
        settings = self._settings
        return client_with_key(
            self.name,
            settings=settings,
            url=settings.abuseipdb_url,
            key=settings.abuseipdb_api_key,
            header="Key",
        )

    async def lookup(self, address: str) -> ReputationReport:
        """Return the reports' weight and what kind of network the address is in.

        Raises:
            NotConfigured: there is no API key.
            NotSupported: the address is not a public one; nothing was sent.
            TourniquetError: see ``shared.errors``.
        """
        client = self._client
        text = str(public_address(address, vendor=self.name))
        answer = await client.request(
            OPERATION, "GET", "/check", params={"ipAddress": text, "maxAgeInDays": MAX_AGE_DAYS}
        )
        return to_report(client.parse(CheckAnswer, answer.body, operation=OPERATION).data)


def to_report(check: Check) -> ReputationReport:
    """Map a check to a report.

    ``isTor`` false does not mean that no VPN is in between, so ``is_anonymiser`` is then unknown.
    A whitelisted address belongs to a service that must not be blocked; its score still counts,
    because AbuseIPDB itself warns that such services are abused too. ``raw`` carries AbuseIPDB's
    own field names and ``isHosting``.
    """
    matches = []
    if check.total_reports:
        matches.append(f"{SOURCE}: {_count(check.total_reports, 'report')}")
    if check.is_tor:
        matches.append(f"{SOURCE}: Tor exit node")
    raw = check.model_dump(mode="json", by_alias=True, exclude_none=True)
    if check.usage_type is not None:
        raw["isHosting"] = check.usage_type in HOSTING
    return ReputationReport(
        source=SOURCE,
        score=check.score,
        matches=matches,
        is_anonymiser=True if check.is_tor else None,
        benign_service=check.is_whitelisted is True,
        raw=raw,
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
