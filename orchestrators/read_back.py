"""Asking the directory until it shows what was done to an account."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from durabletask import task

from orchestrators.flow import Retry, Settled, Steps, case_activity, settle
from orchestrators.names import Activity
from shared.models.base import Json
from shared.models.outcome import ActionStatus
from shared.models.plan import ActionName
from shared.playbook.acting.containment import PERSISTENCE_ACTIONS

WAIT_SECONDS = (1, 2, 4, 8, 15, 30)
"""Waits between read-backs of the account; Entra answers from replicas that lag for seconds."""

type Look = tuple[task.Task[Any], list[int]]
"""A read-back under way, and the places of the outcomes that it is about."""


def account_of(payload: Json) -> Json:
    """Return what activities are told of the account that a containment is about."""
    names = ("case_id", "object_id", "directory", "since")
    return {name: payload[name] for name in names if name in payload}


def read_state(ctx: task.OrchestrationContext, payload: Json) -> task.Task[Any]:
    """Start to read the account's state."""
    return case_activity(ctx, Activity.READ_ACCOUNT_STATE, account_of(payload), Retry.CONTAIN)


class ReadBack:
    """The outcomes of one containment, and what the directory says of them.

    The account and what hangs on it (methods, rules, consents) are looked at side by side.
    """

    def __init__(self, ctx: task.OrchestrationContext, request: Json) -> None:
        self._ctx, self._request = ctx, request
        self._outcomes: list[Json] = []
        self._before: dict[str, Json | None] = {}
        self._unprovable: set[str] = set()
        self._unsure: set[str] = set()
        self._not_read: dict[int, str] = {}
        self._waits = [0, *WAIT_SECONDS]

    @property
    def before(self) -> Mapping[str, Json | None]:
        """The state that each action found."""
        return self._before

    @property
    def outcomes(self) -> list[Json]:
        """What was done, and what is known of it until now."""
        return [self._with_reason(n, one) for n, one in enumerate(self._outcomes)]

    def add(self, outcomes: list[Json], done: Mapping[ActionName, Settled]) -> None:
        """Add what was done, with the state that each action found.

        A failed one of which nobody knows whether it was done is looked at until a look answers.
        """
        self._outcomes += outcomes
        self._before |= {str(a): one.result["before"] for a, one in done.items() if one.result}
        self._unsure |= {str(a) for a, one in done.items() if one.result and "unsure" in one.result}

    def start_looking(self) -> list[Look]:
        """Start to ask about everything that is not verified and can be."""
        open_ = [n for n, one in enumerate(self._outcomes) if self._is_open(one)]
        on_it = [n for n in open_ if self._outcomes[n]["action"] in PERSISTENCE_ACTIONS]
        account = [n for n in open_ if n not in on_it]
        looks = ((Activity.VERIFY_ACCOUNT, account), (Activity.VERIFY_PERSISTENCE, on_it))
        return [(self._look(activity, mine), mine) for activity, mine in looks if mine]

    def finish_looking(self, looks: list[Look]) -> Steps[None]:
        """Wait for what was started and take over what was seen."""
        answers = yield from settle([look for look, _ in looks])
        for (_, mine), answer in zip(looks, answers, strict=True):
            self._not_read |= dict.fromkeys(mine, answer.error or "")
            if answer.result:
                self._unprovable |= set(answer.result.get("unprovable", ()))
                for n, outcome in zip(mine, answer.result["outcomes"], strict=False):
                    self._outcomes[n] = outcome

    def until_verified(self) -> Steps[None]:
        """Look until everything is verified or patience is out, which it stays."""
        while self._waits and any(self._is_open(one) for one in self._outcomes):
            if wait := self._waits.pop(0):
                yield self._ctx.create_timer(timedelta(seconds=wait))
            yield from self.finish_looking(self.start_looking())

    def _with_reason(self, n: int, outcome: Json) -> Json:
        """Return the outcome; when nothing is known as the last look failed, it says so."""
        why = self._not_read.get(n)
        if not why or outcome["verified"] is not None:
            return outcome
        return outcome | {"detail": f"{outcome['detail']}; not read back: {why}"}

    def _look(self, activity: Activity, mine: list[int]) -> task.Task[Any]:
        before = {
            one["action"]: self._before[one["action"]]
            for one in (self._outcomes[n] for n in mine)
            if one["action"] in self._before
        }
        payload = self._request | {
            "before": before,
            "outcomes": [self._outcomes[n] for n in mine],
        }
        unsure = [one["action"] for one in payload["outcomes"] if one["action"] in self._unsure]
        if unsure and activity is Activity.VERIFY_ACCOUNT:
            payload["unsure"] = unsure
        return case_activity(self._ctx, activity, payload, Retry.READ)

    def _is_open(self, outcome: Json) -> bool:
        if outcome["status"] == ActionStatus.FAILED and outcome["verified"] is None:
            return outcome["action"] in self._unsure - self._unprovable
        if outcome["status"] != ActionStatus.SUCCEEDED or outcome["verified"] is True:
            return False
        return outcome["verified"] is False or outcome["action"] not in self._unprovable
