"""Durable entities."""

from typing import Any

from durabletask import entities


def account(ctx: entities.EntityContext, _: Any) -> Any:
    """Stand for one account so that only one containment touches it at a time.

    The entity is only ever locked by ``contain``; its state counts how many containments have
    taken the lock, for people who look at it. Key: ``Account.key``, a hash, because entity keys
    must not contain ``@``.
    """
    if ctx.operation == "entered":
        count = ctx.get_state(int, 0) + 1
        ctx.set_state(count)
        return count
    return ctx.get_state(int, 0)
