"""VirusTotal API v3: what security vendors' engines say about an address.

``GET /ip_addresses/{ip}``, https://docs.virustotal.com/reference/ip-info. The public key is for
4 requests a minute and no commercial use; an organisation needs its own.
"""

from functools import cached_property

from pydantic import Field

from shared.errors import NotFound
from shared.models.base import Json, VendorModel
from shared.models.directory import ReputationReport
from shared.providers.addresses import public_address
from shared.providers.api_key import client_with_key
from shared.providers.http import VendorClient, path
from shared.settings import Settings

SOURCE = "VirusTotal"
OPERATION = "ip_addresses.get"

POINTS_PER_MALICIOUS = 10
"""Ten engines that say malicious are 100, five are 50: the thresholds for a malicious and for a
suspicious address that Cortex XSOAR's integration ships with (demisto/content, VirusTotalV3.yml,
``ipThreshold`` 10; its README: suspicious from half of the threshold)."""
POINTS_PER_SUSPICIOUS = 5
MOST_POINTS_FOR_VOTES = 10
"""Community votes (``reputation``, below zero is bad) may tip a scale, but anybody may vote."""


class Stats(VendorModel):
    """Number of engines per verdict at the last analysis."""

    malicious: int = Field(default=0, ge=0)
    suspicious: int = Field(default=0, ge=0)
    harmless: int = Field(default=0, ge=0)
    undetected: int = Field(default=0, ge=0)

    @property
    def engines(self) -> int:
        """How many engines gave an answer."""
        return self.malicious + self.suspicious + self.harmless + self.undetected


class Attributes(VendorModel):
    """The attributes of an address that are used; an address never analysed has no statistics."""

    last_analysis_stats: Stats = Stats()
    last_analysis_date: int | None = None
    reputation: int = 0
    as_owner: str | None = None
    asn: int | None = None
    country: str | None = None
    network: str | None = None
    tags: list[str] = Field(default_factory=list)


class IpObject(VendorModel):
    """The address object."""

    id: str
    attributes: Attributes


class IpAnswer(VendorModel):
    """Body of the answer."""

    data: IpObject


class VirusTotal:
    """A ``Reputation`` source."""

    name = "virustotal"
    tells_common_services = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _client(self) -> VendorClient:
        settings = self._settings
        return client_with_key(
            self.name,
            settings=settings,
            url=settings.virustotal_url,
            key=settings.virustotal_api_key,
            header="x-apikey",
        )

    async def lookup(self, address: str) -> ReputationReport:
        """Return the engines' opinion; an address that nobody analysed scores 0 with a note.

        Raises:
            NotConfigured: there is no API key.
            NotSupported: the address is not a public one; nothing was sent.
            TourniquetError: see ``shared.errors``.
        """
        client = self._client
        text = str(public_address(address, vendor=self.name))
        try:
            answer = await client.request(OPERATION, "GET", path("/ip_addresses/{ip}", ip=text))
        except NotFound:
            return _no_opinion({})
        return to_report(client.parse(IpAnswer, answer.body, operation=OPERATION).data.attributes)


def to_report(attributes: Attributes) -> ReputationReport:
    """Map an address's attributes to a report; see the constants for the scale and its source."""
    stats = attributes.last_analysis_stats
    raw = attributes.model_dump(mode="json", exclude_none=True)
    if not stats.engines:
        return _no_opinion(raw)
    votes = min(MOST_POINTS_FOR_VOTES, max(0, -attributes.reputation))
    engines = stats.malicious * POINTS_PER_MALICIOUS + stats.suspicious * POINTS_PER_SUSPICIOUS
    found = {"malicious": stats.malicious, "suspicious": stats.suspicious}
    return ReputationReport(
        source=SOURCE,
        score=min(100, engines + votes),
        matches=[
            f"{SOURCE}: {count} of {stats.engines} engines say {verdict}"
            for verdict, count in found.items()
            if count
        ],
        raw=raw,
    )


def _no_opinion(raw: Json) -> ReputationReport:
    note = f"{SOURCE} has never analysed this address: no opinion"
    return ReputationReport(source=SOURCE, score=0, raw={**raw, "note": note})
