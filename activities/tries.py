"""The tries of one action on an account, as their claims in the case store tell of them.

A try claims the state that it found, so that one that comes after it can tell its effect from what
was before. A try that certainly did nothing (the vendor had too many requests, or was not reached)
says so in a second claim; then the next one claims anew what it finds, and what somebody else did
to the account meanwhile is not taken for ours. While storage is away tries leave no claim: what
cannot be read is never taken for what was not done.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from activities.support import explain
from shared.bootstrap import get_providers
from shared.errors import NotSupported, PermanentError, Throttled, TourniquetError
from shared.models.base import Json
from shared.models.directory import AccountState
from shared.models.plan import ActionName
from shared.providers.retry import NotSent

_log = logging.getLogger("tourniquet.activities")

REFUSALS = (PermanentError, Throttled, NotSent)
"""Errors after which the vendor has certainly done nothing."""

ANSWER_LOST = "it may have been done all the same, as an answer was lost: look"
TRIES_UNKNOWN = (
    "it may have been done all the same, as storage does not say what was tried before: look"
)


@dataclass(frozen=True)
class Lost:
    """What is known of tries that may have had their effect.

    Attributes:
        before: the state that its effect is compared with, where that is known.
        doubt: what people are told of it.
    """

    before: AccountState | None
    doubt: str


@dataclass(frozen=True)
class Try:
    """One try.

    Attributes:
        claim: its name; ``None`` while storage is away.
        before: the state that its effect is compared with.
        again: one before it may have had its effect.
    """

    claim: str | None
    before: AccountState
    again: bool


async def begin_try(action: ActionName, payload: Json, now: AccountState) -> Try:
    """Claim the state ``now``, or go on with the claim of a try that may have had its effect."""
    first = next(_names(action, payload))
    try:
        store = get_providers().require("cases")
        for name in _names(action, payload):
            earlier = await store.claim(payload["case_id"], name, now.to_json())
            if earlier is None:
                # The last is never the first: those before it could claim nothing.
                return Try(name, now, again=bool(payload.get("last")) and name == first)
            if await store.get_claim(payload["case_id"], _not_sent(name)) is None:
                return Try(name, AccountState.model_validate(earlier), again=True)
    except TourniquetError as error:
        _log.warning("%s of %s is not claimed: %s", action, payload["case_id"], explain(error))
    return Try(None, now, again=False)


async def note_not_sent(this: Try, payload: Json) -> None:
    """Note that nothing was done under the try's claim; not of one that another began."""
    if this.claim is None or this.again:
        return
    try:
        store = get_providers().require("cases")
        await store.claim(payload["case_id"], _not_sent(this.claim), {})
    except TourniquetError as error:
        _log.warning("%s of %s: %s", this.claim, payload["case_id"], explain(error))


async def lost_try(
    action: ActionName, payload: Json, last: Try | None, error: TourniquetError
) -> Lost | None:
    """Return what is known when nobody knows whether a try had its effect.

    ``None`` when no try can have had one. While storage is away any may have; and when it is back
    and knows of none, though the ``last`` was sent, which failed with ``error``, those before it
    may have been sent as it was.
    """
    if isinstance(error, NotSupported):
        return None
    before = payload.get("before")
    unknown = Lost(AccountState.model_validate(before) if before else None, TRIES_UNKNOWN)
    unclaimed = last is not None and last.claim is None
    try:
        store = get_providers().require("cases")
        for number, name in enumerate(_names(action, payload)):
            found = await store.get_claim(payload["case_id"], name)
            if found is None:
                told = number > 0 and isinstance(error, REFUSALS)
                return unknown if unclaimed and not told else None
            if await store.get_claim(payload["case_id"], _not_sent(name)) is None:
                return Lost(AccountState.model_validate(found), ANSWER_LOST)
    except TourniquetError as away:
        _log.warning("claims of %s in %s: %s", action, payload["case_id"], explain(away))
    return unknown


def _names(action: ActionName, payload: Json) -> Iterator[str]:
    first = f"{payload['attempt']}-{action}"
    yield first
    for number in count(2):
        yield f"{first}-{number}"


def _not_sent(claim: str) -> str:
    return f"{claim}-not-sent"
