"""Firewalls that did not take a block at once: tried again within the block's life.

A firewall that was down, busy for long or full when an address was blocked may take it an hour
later. The tries are few and become rarer; what comes of them is in the case's timeline, and people
are told when the block is complete, or when nobody tries any more.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from durabletask import task

from orchestrators.firewalls import align_all
from orchestrators.flow import Retry, Steps, attempt, save, timeline, utc_now
from orchestrators.telling import tell_everywhere
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.outcome import ActionStatus
from shared.playbook.acting.blocking import block_outcome, is_somewhere, made_good, pending_block

AGAIN_MINUTES = (15, 30, 60, 120, 240)
"""Waits before a firewall that did not take a block is tried again: about 8 hours."""


class LateFirewalls:
    """What every firewall said of one block, and when those that failed are asked again."""

    def __init__(
        self, ctx: task.OrchestrationContext, states: Sequence[Json], cannot: dict[str, str]
    ) -> None:
        self._ctx, self._cannot = ctx, cannot
        self._states: dict[str, Json] = {one["firewall"]: one for one in states}
        self._tries = 0
        self.timer: task.CancellableTask[Any] | None = None

    @property
    def missing(self) -> list[str]:
        """Return the firewalls that have not taken the block, and may take it another time."""
        return [name for name in self._refused() if not self._states[name].get("forbidden")]

    def _refused(self) -> list[str]:
        return [name for name, one in self._states.items() if one["refused"]]

    def plan(self, until: datetime) -> None:
        """Set the timer of the next try, if there is anything to try before the block ends."""
        self.timer = None
        if not self.missing or self._tries >= len(AGAIN_MINUTES):
            return
        wait = timedelta(minutes=AGAIN_MINUTES[self._tries])
        if utc_now(self._ctx) + wait < until:
            self.timer = self._ctx.create_timer(wait)

    def cancel(self) -> None:
        """Try no more."""
        if self.timer is not None and not self.timer.is_complete:
            self.timer.cancel()
        self.timer = None

    def try_again(self, payload: Json, outcome: Json, until: datetime) -> Steps[Json]:
        """Ask every missing firewall again; return the block's outcome as it is then."""
        missing = self.missing
        states = yield from align_all(self._ctx, payload, missing, blocking=True)
        if not all(one["wanted"] for one in states):
            # It was lifted meanwhile, and so is what has just been written: ``Block`` will say so.
            self.timer = None
            return outcome
        self._states |= {one["firewall"]: one for one in states}
        self._tries += 1
        self.plan(until)
        changed = len(self.missing) < len(missing) or self._gave_up(outcome)
        if changed:
            outcome = self._outcome(payload)
        yield from self._tell(payload, outcome, missing, changed=changed)
        return outcome

    def prolonged(
        self, payload: Json, outcome: Json, states: Sequence[Json], until: datetime
    ) -> Steps[Json]:
        """Take what firewalls said of a later end; return the block's outcome as it is then.

        One that refused lets go at the old end, or has done so already. It is tried again like one
        that did not take the block, and people are told at once.
        """
        before = self._refused()
        # It had the block and may have it still: it has to be lifted.
        unsure: Json = {"ours": True, "unsure": True}
        new = {one["firewall"]: one | unsure if one["refused"] else one for one in states}
        self._states |= new
        if refused := [name for name in self._refused() if name not in before]:
            self.cancel()
            self._tries = 0
        if self.timer is None or not self.missing:
            self.cancel()
            self.plan(until)
        if self._refused() == before:
            return outcome
        outcome = self._outcome(payload)
        patch: Json = {"actions": [outcome]}
        if outcome["status"] == ActionStatus.SUCCEEDED:
            patch["blocks"] = {BlockName.FIREWALL: made_good(outcome)}
        yield from attempt(save(self._ctx, payload["case_id"], patch, Retry.SAVE))
        if refused:
            words = "; ".join(f"{name}: {new[name]['refused']}" for name in refused)
            why = f"block of {payload['address']} may end early, its new time was refused: {words}"
            yield from tell_everywhere(self._ctx, payload["case_id"], "block_later", why)
        return outcome

    def _outcome(self, payload: Json) -> Json:
        found, at = list(self._states.values()), utc_now(self._ctx)
        outcome = block_outcome(payload["address"], found, self._cannot, at).to_json()
        return outcome if self.timer is None else pending_block(outcome)

    def _gave_up(self, outcome: Json) -> bool:
        """Return whether an undo has nothing to end any more."""
        return self.timer is None and not is_somewhere(outcome)

    def _tell(
        self, payload: Json, outcome: Json, tried: Sequence[str], *, changed: bool
    ) -> Steps[None]:
        """Write down what came of a try; tell people when it was the last."""
        words = [f"{name} {_said(self._states[name])}" for name in tried]
        event = f"block of {payload['address']} tried again: {'; '.join(words)}"
        if self.missing and self.timer is None:
            event += f"; given up, block it by hand on {', '.join(self.missing)}"
        patch: Json = {"timeline": timeline(self._ctx, event)}
        if changed:
            patch["actions"] = [outcome]
        if outcome["status"] == ActionStatus.SUCCEEDED:
            patch["blocks"] = {BlockName.FIREWALL: made_good(outcome)}
        case_id = payload["case_id"]
        yield from attempt(save(self._ctx, case_id, patch, Retry.SAVE))
        if self.timer is None:
            yield from tell_everywhere(self._ctx, case_id, "block_later", event)


def _said(state: Json) -> str:
    """Return what a firewall said of a block that it was asked for again."""
    if not state["refused"]:
        return "has it now"
    if state.get("forbidden"):
        return f"was not asked, {state['refused']}"
    return f"failed, {state['refused']}"
