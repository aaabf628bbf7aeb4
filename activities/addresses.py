"""What is known about an address: the block ``IP_Reputation_GeoIP_Check``."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

from durabletask import task

from activities.support import gather_parts, utc_now
from shared.bootstrap import Providers, get_providers
from shared.models.base import Json, format_utc
from shared.models.block import BlockName, BlockStatus, make_block
from shared.models.directory import GeoLocation
from shared.models.trusted import TrustCheck
from shared.playbook.confidence.reputation import combine_reports
from shared.playbook.planning.never_block import trusted_place
from shared.policy import get_policy

TRUSTED = "trusted named locations"
_OLD = timedelta(minutes=6)
"""Trusted locations are kept for five minutes; older ones stand in because nobody answered."""


async def check_address(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Ask every threat-intelligence source, the location databases and the trusted locations.

    Input: ``{"case_id", "address"}``. Returns a block result. A source that fails is named in the
    notes; when all fail the reputation is ``"unknown"`` and the case goes on (seed 004).
    ``details["trusted"]`` says whether the address lies in a trusted named location
    (``TrustCheck``); ``None``: not known, or the policy does not ask.

    Effect: none, reads only; the address is sent to the configured sources.
    Idempotency: a read.
    Permission: an API key per source (VirusTotal, AbuseIPDB); none for the local databases;
    Policy.Read.All for the trusted named locations.
    """
    address = payload["address"]
    started = utc_now()
    providers = get_providers()
    calls: dict[str, Awaitable[Any]] = {
        source.name: source.lookup(address) for source in providers.reputation
    }
    if providers.geo is not None:
        calls["location"] = providers.geo.locate(address)
    if get_policy().never_block.trusted_named_locations:
        calls[TRUSTED] = _trusted(address)
    parts = await gather_parts(calls)
    trusted: TrustCheck | None = parts.results.pop(TRUSTED, None)
    geo: GeoLocation | None = parts.results.pop("location", None)
    verdict = combine_reports(list(parts.results.values()), geo).model_copy(
        update=_not_told(providers, answered=parts.results, geo=geo)
    )
    notes = list(parts.notes)
    if not providers.reputation:
        notes.append("no threat-intelligence source is configured")
    if providers.geo is None:
        notes.append("no location database is configured")
    if trusted and started - trusted.read_at > _OLD:
        notes.append(f"{TRUSTED}: not read since {format_utc(trusted.read_at)}")
    return make_block(
        BlockName.ADDRESS,
        BlockStatus.PARTIAL if notes else BlockStatus.COMPLETE,
        inputs={"successful_login_ip": address},
        outputs={
            "ip_reputation_score": verdict.reported_score,
            "ip_reputation_feed_matches": verdict.ip_reputation_feed_matches,
            "geo_country": geo.country if geo else None,
            "geo_city": geo.city if geo else None,
            "asn": geo.asn if geo else None,
            "is_vpn_proxy_service": verdict.is_vpn_proxy_service,
        },
        notes=notes,
        details={
            "verdict": verdict.to_json(),
            "location": geo.to_json() if geo else None,
            "trusted": trusted.to_json() if trusted else None,
            "reports": [report.to_json() for report in parts.results.values()],
        },
        started_at=started,
        finished_at=utc_now(),
    ).to_json()


def _not_told(providers: Providers, *, answered: Json, geo: GeoLocation | None) -> Json:
    """Return the verdict's fields that say what a configured source would have told."""
    return {
        "services_unknown": [
            source.name
            for source in providers.reputation
            if source.tells_common_services and source.name not in answered
        ],
        "network_unknown": providers.geo is not None and geo is None,
    }


async def _trusted(address: str) -> TrustCheck:
    known = await get_providers().require("trusted_networks").list_trusted()
    return TrustCheck(place=trusted_place(known, address), read_at=known.read_at)
