"""Campaigns: which other accounts the address of a case hit, and who is told of it."""

import logging
from datetime import datetime
from typing import Any

from durabletask import task

from activities.support import explain, utc_now
from shared.bootstrap import get_providers
from shared.errors import NotConfigured, RetryableError, TourniquetError
from shared.models.base import format_utc
from shared.models.block import BlockName
from shared.models.case import CaseStatus
from shared.playbook.reporting.campaign import (
    MOST_TOLD,
    PAGED_ACCOUNTS,
    Hit,
    campaign_key,
    gate,
    milestone,
    others,
)
from shared.playbook.reporting.record import MOST_CAMPAIGN
from shared.ports import Campaigns

_log = logging.getLogger("tourniquet.activities")


async def find_campaign(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Register a case under the address that attacked its account, and find the others there.

    Input: ``{"case_id", "address", "account_id", "account", "opened_at", "confidence"}``. Output:
    ``{"count": other accounts within 7 days, "cases": the latest of them as ``CampaignCase``,
    "milestone", "tell": cases that this one is to tell, "page": whether it is to tell the SOC}``.

    Effect: small blobs in the case store: the case under its address, and claims.
    Idempotency: a case is registered once; who tells is claimed by the first, for whom the answer
    stays the same.
    Permission: Storage Blob Data Contributor on the case container.
    """
    at = utc_now()
    store = _store()
    own = Hit.model_validate(payload | {"at": at})
    key = campaign_key(own.address)
    await store.put_hit(key, own.to_json(), at=at)
    hits = [Hit.model_validate(one) for one in await store.list_hits(key, at=at)]
    known = others(hits, own)
    reached = milestone(len(known))
    tells = bool(known) and await _is_first(store, key, gate([*known, own], reached), own)
    paged = len(known) + 1 >= PAGED_ACCOUNTS and await _is_first(store, key, "page", own)
    await _sweep(store, at)
    return {
        "count": len(known),
        "cases": [one.case() for one in known[-MOST_CAMPAIGN:]],
        "milestone": reached,
        "tell": [one.case_id for one in known[-MOST_TOLD:]] if tells else [],
        "page": paged,
    }


async def claim_campaign_note(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Claim to tell one case that its address hit so many other accounts.

    Input: ``{"case_id": who is told, "address", "milestone", "by": the case that tells}``. Output:
    ``{"tell": whether to, "has_ticket"}``. A closed case is not told.

    Effect: one claim in the case store.
    Idempotency: a case is told of a milestone once, by the first that claims it; asked again, the
    first may tell again.
    Permission: Storage Blob Data Contributor on the case container.
    """
    case_id, by = payload["case_id"], payload["by"]
    found = await get_providers().require("cases").load(case_id)
    if found is None:
        raise RetryableError("the case record is not there yet", operation="load_case")
    record = found[0]
    if record["status"] == CaseStatus.CLOSED:
        return {"tell": False, "has_ticket": False}
    name = f"{payload['milestone']}-of-{case_id}"
    first = await _store().claim(campaign_key(payload["address"]), name, by, at=utc_now())
    ticket = record["blocks"][BlockName.NOTIFICATION]["outputs"].get("incident_ticket_id")
    return {"tell": first == by, "has_ticket": bool(ticket)}


def _store() -> Campaigns:
    store = get_providers().campaigns
    if store is None:
        raise NotConfigured("TOURNIQUET_BLOB_URL is not set", vendor="blob")
    return store


async def _is_first(store: Campaigns, key: str, name: str, own: Hit) -> bool:
    return await store.claim(key, name, own.case_id, at=own.at) == own.case_id


async def _sweep(store: Campaigns, at: datetime) -> None:
    """Throw old hits away; that this fails is nobody's loss, the next case does it."""
    try:
        await store.sweep(at=at)
    except TourniquetError as error:
        _log.warning("old campaigns not thrown away at %s: %s", format_utc(at), explain(error))
