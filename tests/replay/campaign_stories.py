"""Stories of campaigns: other accounts that the same address hit."""

from itertools import count
from typing import Any

from tests.support.durable_backend import Engine, Run
from tests.support.scripts import ADDRESS, SOON, T0, case_payload, decided, default_scripts

CASE_ID = "case-0123456789abcdef01234567"
OTHERS = [f"case-{number:024x}" for number in (7, 8)]


def _links() -> dict[str, Any]:
    cases = [
        {
            "case_id": case_id,
            "account": f"user{number}@contoso.example",
            "address": ADDRESS,
            "opened_at": T0,
            "confidence": "High",
        }
        for number, case_id in enumerate(OTHERS)
    ]
    return {"count": 2, "cases": cases, "milestone": 2, "tell": OTHERS, "page": True}


def _claims() -> dict[str, Any]:
    """Let everybody be told; the first ticket is there only at the second look."""
    looks = count(1)
    return {"claim_campaign_note": lambda _payload: {"tell": True, "has_ticket": next(looks) > 1}}


def others_told(engine: Engine) -> Run:
    """The third account: two cases and the SOC are told."""
    for case_id in OTHERS:
        engine.case(default_scripts() | {"claim_campaign_note": _closed}, case_id)
    scripts = default_scripts() | {"find_campaign": lambda _payload: _links()} | _claims()
    run = engine.case(scripts, CASE_ID)
    hit = {"address": ADDRESS, "account_id": "id-9", "account": "kim", "opened_at": T0}
    run.start("link_campaign", hit | {"confidence": "High"})
    return run


def _closed(payload: dict[str, Any]) -> dict[str, Any]:
    """One of the others is closed and hears of nothing."""
    return {"tell": payload["case_id"] == OTHERS[0], "has_ticket": True}


def linked(engine: Engine) -> Run:
    """A contained case that looks for others beside everything else."""
    judged = decided() | {"campaign_address": ADDRESS}
    run = engine.case(default_scripts() | {"decide_response": lambda _payload: judged}, CASE_ID)
    run.start("respond", case_payload(timing=SOON))
    return run


CAMPAIGN = (
    ("respond", "campaign-linked", linked),
    ("link_campaign", "others-told", others_told),
)
"""Orchestrator, name and story."""
