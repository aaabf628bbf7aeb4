"""Giving an account back that two people decide about: two of them have to ask for the same.

What took two people to contain is not for one to let go, who may be the attacker. The first request
is claimed in the case store and written into the record; the second person, signed in as somebody
else, asks for the same within an hour. A program is nobody in particular and counts for neither.
Addresses and devices are one person's to give back: the account stays contained.
"""

import logging
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from shared.bootstrap import get_providers
from shared.errors import TourniquetError
from shared.models.account_kind import AccountKind
from shared.models.base import Json, format_utc, parse_utc
from shared.models.run import claim_name
from shared.playbook.acting.containment import IDENTITY_ACTIONS
from shared.playbook.planning.silence import needs_two
from shared.policy import get_policy
from triggers.kinds_now import became_one_for_two, listed_now
from triggers.noting import note
from triggers.principal import Person

LONGEST = timedelta(hours=1)
"""How long the first request waits for the second."""
JOINTS = {"requested_by": ", confirmed by ", "comment": " / "}
"""Between what the first and the second person said, in the request of both."""
_log = logging.getLogger("tourniquet.triggers")


class NotYet(NamedTuple):
    """Why an undo is not started: the second person, or anybody with a name, is missing."""

    title: str
    detail: str
    waits: bool = False
    """It is recorded, and waits for the second person."""


def decided_by_two(record: Json) -> bool:
    """Return whether two people decide about the case's account, also if it is listed only now."""
    account, asking = record["account"] or {}, get_policy().asking
    judged = [AccountKind(one) for one in account.get("kinds", ())]
    asked = (record.get("asked") or {}).get("two_persons")
    return bool(asked) or needs_two(asking, judged) or _takes_two(listed_now(account))


def _takes_two(kinds: set[AccountKind]) -> bool:
    return bool(kinds) and needs_two(get_policy().asking, kinds)


async def agree(record: Json, request: Json, person: Person | None) -> Json | NotYet:
    """Return the request that may be started, in the name of both where it takes two.

    Args:
        record: the case record.
        request: the input of the undo, in the caller's name.
        person: who asks; ``None``: a program.

    Raises:
        TourniquetError: the case store does not answer.
    """
    account = [one for one in request["actions"] if one["action"] in IDENTITY_ACTIONS]
    if not account or not (
        decided_by_two(record) or await became_one_for_two(record["account"] or {})
    ):
        return request
    if person is None:
        return NotYet(
            "Two people decide about such an account",
            "Two approvers who are signed in have to ask for the same; a program counts for "
            "neither. Addresses and devices alone can be given back.",
        )
    mine = {
        "by": person.name,
        "id": person.id,
        "at": format_utc(datetime.now(UTC)),
        "what": sorted(f"{one['action']} on {one['target']}" for one in request["actions"]),
        "comment": request["comment"],
    }
    first = await _first(record, request["number"], mine)
    if first is None:
        await _note(record["case_id"], mine)
    if first is None or first["id"] == mine["id"]:
        return NotYet(
            "A second approver has to ask for the same",
            f"Two people decide about this account. Recorded for {mine['by']}; nothing is taken "
            "back until somebody else who is signed in asks for the same, within an hour.",
            waits=True,
        )
    return request | {
        "requested_by": JOINTS["requested_by"].join((first["by"], mine["by"])),
        "comment": JOINTS["comment"].join(dict.fromkeys((first["comment"], mine["comment"]))),
    }


async def _first(record: Json, number: int, mine: Json) -> Json | None:
    """Return the first person's request, ``None`` when ours is the first."""
    store = get_providers().require("cases")
    place = 0
    while True:
        place += 1
        name = claim_name(record.get("run", ""), f"undo-{number}-first-{place}")
        found = await store.claim(record["case_id"], name, mine)
        if found is None:
            return None
        is_good = datetime.now(UTC) - parse_utc(found["at"]) <= LONGEST
        if is_good and found["what"] == mine["what"]:
            return found


async def _note(case_id: str, mine: Json) -> None:
    what = ", ".join(mine["what"])
    event = f"undo asked for by {mine['by']} ({mine['comment']}), one of two: {what}"
    try:
        await note(case_id, event)
    except TourniquetError as error:
        _log.warning("the first of two on %s is not recorded: %s", case_id, error.describe())
