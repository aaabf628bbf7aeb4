"""Durable entities."""

from typing import Any

from durabletask import entities

from shared.models.base import Json, parse_utc
from shared.playbook.acting.covered import forget, remember
from shared.playbook.planning.blast_radius import Asked, Breaker, admit, reset


def account(ctx: entities.EntityContext, given: Any) -> Any:
    """Stand for one account so that only one containment touches it at a time.

    Whoever holds its lock may ask what was done to the account lately (``deeds``) and add to it
    (``remember``, a list of deeds; the same again changes nothing). Who did them may have them
    forgotten (``forget``, a list). Key: the account's object id or
    ``Account.key``, because entity keys must not contain ``@``; the state names no account either.
    """
    known: list[Json] = ctx.get_state(list, [])
    if ctx.operation == "remember":
        known = remember(known, given)
        ctx.set_state(known)
    if ctx.operation == "forget":
        known = forget(known, given)
        ctx.set_state(known)
    return known


def breaker(ctx: entities.EntityContext, given: Any) -> Any:
    """Count automatic containments and stop them when there are too many at once.

    ``admit`` takes an ``Asked`` and returns an ``Admission``; ``reset`` takes
    ``{"at", "by", "comment", "recorded_in"}``; anything else returns the state. Key:
    ``names.BREAKER_KEY``.
    """
    state = Breaker.model_validate(ctx.get_state(dict, {}) or {})
    asked: Json = given or {}
    if ctx.operation == "admit":
        after, admission = admit(state, Asked.model_validate(asked))
        ctx.set_state(after.to_json())
        return admission.to_json()
    if ctx.operation == "reset":
        state = reset(
            at=parse_utc(asked["at"]),
            by=asked["by"],
            comment=asked["comment"],
            recorded_in=asked.get("recorded_in"),
        )
        ctx.set_state(state.to_json())
    return state.to_json()
