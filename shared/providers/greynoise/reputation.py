"""GreyNoise: who scans the whole internet, and which addresses belong to common services (RIOT).

``GET /v3/community/{ip}``, https://docs.greynoise.io/reference/getcommunityip. An address that
GreyNoise has not observed is answered with 404: that is normal, and no opinion.
"""

from functools import cached_property
from typing import Literal

from shared.errors import NotFound
from shared.models.base import VendorModel
from shared.models.directory import ReputationReport
from shared.providers.addresses import public_address
from shared.providers.api_key import client_with_key
from shared.providers.http import VendorClient, path
from shared.settings import Settings

SOURCE = "GreyNoise"
OPERATION = "community.get"
SCORES = {"malicious": 75, "suspicious": 40, "unknown": 10, "benign": 0}
"""GreyNoise classifies and gives no number. It calls an address malicious when it saw attacks
from it, which is the level at which the playbook calls one malicious."""


class Community(VendorModel):
    """The answer."""

    noise: bool
    riot: bool
    classification: Literal["benign", "suspicious", "malicious", "unknown"] = "unknown"
    name: str = ""
    last_seen: str | None = None


class GreyNoise:
    """A ``Reputation`` source."""

    name = "greynoise"
    tells_common_services = True

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _client(self) -> VendorClient:
        settings = self._settings
        return client_with_key(
            self.name,
            settings=settings,
            url=settings.greynoise_url,
            key=settings.greynoise_api_key,
            header="key",
        )

    async def lookup(self, address: str) -> ReputationReport:
        """Return what GreyNoise has observed; without a score when it has observed nothing.

        Raises:
            NotConfigured: there is no API key.
            NotSupported: the address is not a public one; nothing was sent.
            TourniquetError: see ``shared.errors``.
        """
        client = self._client
        text = str(public_address(address, vendor=self.name))
        try:
            answer = await client.request(OPERATION, "GET", path("/v3/community/{ip}", ip=text))
        except NotFound:
            return ReputationReport(source=SOURCE, score=None)
        return to_report(client.parse(Community, answer.body, operation=OPERATION))


def to_report(found: Community) -> ReputationReport:
    """Map an answer to a report. What RIOT lists is a service that many others use, too."""
    matches = []
    if found.noise and found.classification != "benign":
        matches.append(f"{SOURCE}: scans the internet, {found.classification}")
    return ReputationReport(
        source=SOURCE,
        score=SCORES[found.classification] if found.noise else 0 if found.riot else None,
        matches=matches,
        benign_service=found.riot,
        common_service=f"{SOURCE} RIOT: {found.name or 'a common service'}" if found.riot else None,
        raw=found.model_dump(mode="json", exclude_none=True),
    )
