"""Small building blocks that keep orchestrators free of the engine's traps.

``when_all([])`` never completes, retry time-outs read the wall clock, and a failed task raises
where it is yielded (research on azure-functions-durable 2.x, docs/decisions). These helpers are
the only place that knows.
"""

import contextlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from durabletask import task

from orchestrators.names import Activity
from shared.models.base import Json, format_utc
from shared.models.run import claim_name
from shared.playbook.reporting.handover import takes_none

type Steps[T] = Generator[task.Task[Any], Any, T]
"""What every part of an orchestrator is: a generator that yields durable tasks."""


class Retry:
    """Named retry policies. Never with ``retry_timeout``: it reads the wall clock on replay."""

    READ = task.RetryPolicy(
        first_retry_interval=timedelta(seconds=1), max_number_of_attempts=2, backoff_coefficient=2
    )
    """Enrichment: the provider already retried inside its own budget."""

    CONTAIN = task.RetryPolicy(
        first_retry_interval=timedelta(seconds=2),
        max_number_of_attempts=4,
        backoff_coefficient=2,
        max_retry_interval=timedelta(seconds=10),
    )
    """Identity containment: about 16 s of waiting, then a person is told to act by hand."""

    FIREWALL = task.RetryPolicy(
        first_retry_interval=timedelta(seconds=2),
        max_number_of_attempts=8,
        backoff_coefficient=2,
        max_retry_interval=timedelta(seconds=60),
    )
    """IP groups answer 409 while another update runs, which takes up to about 3 minutes."""

    WRITE = task.RetryPolicy(
        first_retry_interval=timedelta(seconds=1), max_number_of_attempts=2, backoff_coefficient=2
    )
    """A write of the record that the next write makes good: people do not wait for storage."""

    SAVE = task.RetryPolicy(
        first_retry_interval=timedelta(seconds=1),
        max_number_of_attempts=8,
        backoff_coefficient=2,
        max_retry_interval=timedelta(seconds=30),
    )
    """The case record and evidence: worth waiting two minutes for storage to come back."""

    LAST = task.RetryPolicy(
        first_retry_interval=timedelta(seconds=1),
        max_number_of_attempts=40,
        backoff_coefficient=2,
        max_retry_interval=timedelta(seconds=60),
    )
    """A write that no later one makes good: half an hour. People were told before."""


@dataclass(frozen=True)
class Settled:
    """A finished task: a result or the text of its failure."""

    result: Any = None
    error: str | None = None


def problem(of: Settled) -> str | None:
    """Return what went wrong, as the task's failure or its answer tells it; ``None``: nothing.

    Where no system takes a ticket of such a case, none is missing.
    """
    answer: Json = of.result or {}
    if takes_none(answer):
        return None
    missing = "; ".join(f"{name}: {why}" for name, why in answer.get("missing", {}).items())
    return of.error or answer.get("error") or missing or None


def settle(tasks: Sequence[task.Task[Any]]) -> Steps[list[Settled]]:
    """Wait for all tasks and return each one's result or failure; never raises, safe on none."""
    if tasks:
        # A failure is not lost: every task is looked at below.
        with contextlib.suppress(task.TaskFailedError):
            yield task.when_all(list(tasks))
    return [
        Settled(error=_why(done.get_exception())) if done.is_failed else Settled(done.get_result())
        for done in tasks
    ]


def _why(error: BaseException) -> str:
    """Return what the failed task itself said, without the engine's numbers, for people."""
    return error.details.message if isinstance(error, task.TaskFailedError) else str(error)


def attempt(one: task.Task[Any]) -> Steps[Settled]:
    """Wait for one task and return its result or failure; never raises."""
    return (yield from settle([one]))[0]


def utc_now(ctx: task.OrchestrationContext) -> datetime:
    """Return the orchestration's own clock (the same on every replay) as aware UTC."""
    now = ctx.current_utc_datetime
    return now.replace(tzinfo=UTC) if now.tzinfo is None else now


def timeline(ctx: task.OrchestrationContext, *events: str) -> list[Json]:
    """Return timeline entries stamped with the orchestration's clock."""
    at = format_utc(utc_now(ctx))
    return [{"at": at, "event": event} for event in events]


def name_attempt(ctx: task.OrchestrationContext, payload: Json) -> str:
    """Return the name of what this orchestration does for a run: its claims and orders bear it."""
    return claim_name(payload["run"], ctx.instance_id.replace(":", "-"))


def case_activity(
    ctx: task.OrchestrationContext, name: Activity, payload: Json, policy: task.RetryPolicy
) -> task.RetryableTask[Any]:
    """Schedule an activity by name with a named retry policy."""
    return ctx.call_activity(str(name), input=payload, retry_policy=policy)  # type: ignore[return-value]


def save(
    ctx: task.OrchestrationContext, case_id: str, patch: Json, policy: task.RetryPolicy = Retry.SAVE
) -> task.Task[Any]:
    """Schedule a write of the case record (merged by ``shared.playbook.reporting.record``)."""
    payload = {"case_id": case_id, "patch": patch}
    return case_activity(ctx, Activity.SAVE_CASE, payload, policy)
