"""Telling the provider's own risk engine that an account is compromised, and taking that back."""

import logging
from dataclasses import dataclass
from typing import Any

from durabletask import task

from activities.directories import directory_of
from activities.support import explain, utc_now
from activities.tries import ANSWER_LOST, TRIES_UNKNOWN
from activities.undoing import undo_answer
from shared.bootstrap import get_providers
from shared.errors import (
    PermanentError,
    PermissionDenied,
    RetryableError,
    Throttled,
    TourniquetError,
)
from shared.models.base import Json
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName
from shared.models.undo import UndoStatus
from shared.playbook.acting.read_back import RISK_CONFIRMED
from shared.ports import Directory

_log = logging.getLogger("tourniquet.activities")
MAYBE_LOST = "it may have been done all the same, if an answer was lost before: look"


async def confirm_compromised(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Tell Identity Protection that the account is compromised.

    Effect: the account's risk becomes high, which ends continuous-access sessions. Undo: the risk
    is dismissed, unless it was confirmed before this case.
    Idempotency: not said again while the provider shows it; the risk before is claimed. With
    ``"last": true`` a failure that may pass is an outcome, with the undo of what may be done.
    Permission: IdentityRiskyUser.ReadWrite.All, IdentityRiskyUser.Read.All (Entra ID P2).
    """
    object_id, claim = payload["object_id"], _Claim({})
    try:
        directory = directory_of(payload)
        state = await _risk_state(directory, object_id)
        claim = await _claim(payload, {"risk_state": state})
        if state != RISK_CONFIRMED:
            await directory.confirm_compromised(object_id)
    except PermanentError as error:
        if claim.is_first:
            return _outcome(object_id, ActionStatus.FAILED, explain(error))
        return await _perhaps_done(payload, error, claim)
    except RetryableError as error:
        if not payload.get("last"):
            raise
        return await _perhaps_done(payload, error, claim)
    if claim.before["risk_state"] == RISK_CONFIRMED:
        return _outcome(object_id, ActionStatus.SUCCEEDED, "was so before this case")
    accepted = "accepted by the provider"
    return _outcome(object_id, ActionStatus.SUCCEEDED, accepted, undo=claim.before)


async def dismiss_risk(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Take "confirmed compromised" back: the undo of ``confirm_compromised``.

    Input and output: see ``activities.undoing``.

    Effect: the account's risk becomes none. What it was before cannot be set by anybody.
    Idempotency: not done when the risk is no longer confirmed.
    Permission: IdentityRiskyUser.ReadWrite.All, IdentityRiskyUser.Read.All (Entra ID P2).
    """
    directory, object_id = directory_of(payload), payload["object_id"]
    try:
        looks_only = bool(payload.get("read_back"))
        state = await _risk_state(directory, object_id, urgent=not looks_only)
        if state == RISK_CONFIRMED and not looks_only:
            await directory.dismiss_risk(object_id)
            state = await _risk_after(directory, object_id)
    except PermanentError as error:
        return undo_answer(UndoStatus.FAILED, None, explain(error))
    verified = None if state is None else state != RISK_CONFIRMED
    return undo_answer(UndoStatus.SUCCEEDED, verified, f"risk state is {state or 'not readable'}")


async def _risk_state(directory: Directory, object_id: str, *, urgent: bool = True) -> str | None:
    """Return the state, ``none`` without an entry; ``None`` when it may not be read."""
    try:
        risk = await directory.get_risk(object_id, urgent=urgent)
    except PermissionDenied as error:
        _log.warning("risk: %s", explain(error))
        return None
    return risk.state if risk else "none"


async def _risk_after(directory: Directory, object_id: str) -> str | None:
    """Return the state; ``None``, too, when it is not to be had now: it is looked at again."""
    try:
        return await _risk_state(directory, object_id, urgent=False)
    except RetryableError as error:
        _log.warning("risk: %s", explain(error))
        return None


@dataclass(frozen=True)
class _Claim:
    """What storage says of the tries.

    Attributes:
        before: the risk before the first of them.
        is_first: this surely is the first.
        is_lost: this one could not be claimed.
    """

    before: Json
    is_first: bool = False
    is_lost: bool = False


async def _claim(payload: Json, found: Json) -> _Claim:
    """Claim the risk that was ``found``, or go on with what the first try found."""
    try:
        store = get_providers().require("cases")
        earlier = await store.claim(payload["case_id"], _claim_name(payload), found)
    except TourniquetError as error:
        _log.warning("risk of %s is not claimed: %s", payload["case_id"], explain(error))
        return _Claim(found, is_lost=True)
    return _Claim(earlier or found, is_first=earlier is None)


async def _perhaps_done(payload: Json, error: TourniquetError, claim: _Claim) -> Json:
    """Return a failure with the undo of a try that may have been heard, its answer lost."""
    target, why = payload["object_id"], explain(error)
    try:
        store = get_providers().require("cases")
        found = await store.get_claim(payload["case_id"], _claim_name(payload))
    except TourniquetError:
        return _outcome(target, ActionStatus.FAILED, f"{why}; {TRIES_UNKNOWN}")
    if found is None and claim.is_lost:
        # Storage was away when it was sent, and knows of none before it though it is back.
        return _outcome(target, ActionStatus.FAILED, f"{why}; {TRIES_UNKNOWN}")
    if found is None or found["risk_state"] == RISK_CONFIRMED:
        return _outcome(target, ActionStatus.FAILED, why)
    doubt = MAYBE_LOST if isinstance(error, Throttled) else ANSWER_LOST
    return _outcome(target, ActionStatus.FAILED, f"{why}; {doubt}", undo=found)


def _claim_name(payload: Json) -> str:
    return f"{payload['attempt']}-{ActionName.CONFIRM_COMPROMISED}"


def _outcome(target: str, status: ActionStatus, detail: str, *, undo: Json | None = None) -> Json:
    outcome = ActionOutcome(
        action=ActionName.CONFIRM_COMPROMISED,
        target=target,
        status=status,
        detail=detail,
        at=utc_now(),
        undo=undo,
    )
    return {"outcome": outcome.to_json(), "before": None}
