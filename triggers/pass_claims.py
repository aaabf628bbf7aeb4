"""That a request for an access pass is one pass: numbered claims in the case store.

A claim says who asked, when and why before anything is made. It never holds the pass.
"""

import logging
from datetime import UTC, datetime, timedelta

from shared.bootstrap import get_providers
from shared.errors import TourniquetError
from shared.models.access_pass import NoPass
from shared.models.base import Json, format_utc, parse_utc
from shared.models.run import claim_name

MOST_PASSES = 20
"""Passes of one case; who needs more has another problem."""
LONGEST = timedelta(minutes=5)
"""After that, who claimed has died: the host ends a request after 230 seconds
(learn.microsoft.com/azure/azure-functions/functions-scale, "load balancer")."""

_log = logging.getLogger("tourniquet.triggers")


async def claim_next(case_id: str, run: str, asked: Json) -> int | NoPass:
    """Claim the case's next pass and return its number, or why this request gets none.

    Args:
        case_id: the case.
        run: which run of it (``shared.models.run``).
        asked: ``{"requested_by", "requested_at", "comment", "minutes", "form"}``; ``form`` is what
            a page put into its form, which counts once; empty: not by a form.

    Raises:
        TourniquetError: storage cannot claim; then nothing may be made.
    """
    store = get_providers().require("cases")
    for number in range(1, MOST_PASSES + 1):
        found = await store.get_claim(case_id, _name(run, number))
        if found is None:
            found = await store.claim(case_id, _name(run, number), asked)
            if found is None:
                return number
        if asked["form"] and found.get("form") == asked["form"]:
            return _taken("This form was sent already", found)
        if await _under_way(case_id, run, number, found):
            return _taken("A pass for this account is being issued", found)
    return NoPass("No further pass", f"This case has had {MOST_PASSES}: issue it in Entra.")


async def release(case_id: str, run: str, number: int) -> None:
    """Say that a claimed request is over, so that the next one need not wait."""
    store = get_providers().require("cases")
    try:
        await store.claim(case_id, _over(run, number), {"at": format_utc(datetime.now(UTC))})
    except TourniquetError as error:
        _log.warning("pass %s of %s is not released: %s", number, case_id, error.describe())


async def _under_way(case_id: str, run: str, number: int, claimed: Json) -> bool:
    if datetime.now(UTC) - parse_utc(claimed["requested_at"]) > LONGEST:
        return False
    return await get_providers().require("cases").get_claim(case_id, _over(run, number)) is None


def _taken(title: str, claimed: Json) -> NoPass:
    said = f"{claimed['requested_by']} asked at {claimed['requested_at']}."
    return NoPass(title, f"{said} A pass that was not seen is of no use: ask for a new one.")


def _name(run: str, number: int) -> str:
    return claim_name(run, f"access-pass-{number}")


def _over(run: str, number: int) -> str:
    return f"{_name(run, number)}-over"
