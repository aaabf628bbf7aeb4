"""Any orchestrator that schedules something else than its stored histories is caught.

And the way out that the README names, a branch on the version, really leaves old cases alone.
"""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from durabletask import task

from shared.models.base import Json
from tests.replay.test_replay import BY_NAME, FILES
from tests.support.golden import History, replay

every_history = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def named(orchestrator: Any, changed: Any) -> Any:
    """Let a changed orchestrator bear the name of the one that it stands for."""
    changed.__name__ = orchestrator.__name__
    return changed


def with_a_step_before(orchestrator: Any) -> Any:
    def changed(ctx: task.OrchestrationContext, payload: Json) -> Generator[Any, Any, Any]:
        yield ctx.call_activity("count_users", input=payload)
        return (yield from orchestrator(ctx, payload))

    return named(orchestrator, changed)


def with_a_step_after(orchestrator: Any) -> Any:
    def changed(ctx: task.OrchestrationContext, payload: Json) -> Generator[Any, Any, Any]:
        result = yield from orchestrator(ctx, payload)
        yield ctx.call_activity("count_users", input=payload)
        return result

    return named(orchestrator, changed)


def that_ends_early(orchestrator: Any) -> Any:
    """End after the first thing that was waited for."""

    def changed(ctx: task.OrchestrationContext, payload: Json) -> Generator[Any, Any, Any]:
        yield next(orchestrator(ctx, payload))
        return {}

    return named(orchestrator, changed)


def with_a_step_for_new_cases(orchestrator: Any) -> Any:
    def changed(ctx: task.OrchestrationContext, payload: Json) -> Generator[Any, Any, Any]:
        if tuple(int(part) for part in (ctx.version or "0").split(".")) >= (99, 0):
            yield ctx.call_activity("count_users", input=payload)
        return (yield from orchestrator(ctx, payload))

    return named(orchestrator, changed)


@every_history
@pytest.mark.parametrize("change", [with_a_step_before, with_a_step_after, that_ends_early])
def test_a_changed_orchestrator_is_caught(path: Path, change: Any) -> None:
    history = History.load(path.read_text(encoding="utf-8"))
    if change is that_ends_early and len(history.turns()) < 3:
        pytest.skip("it waits once and ends: there is nothing to leave out")
    with pytest.raises(AssertionError):
        replay(change(BY_NAME[history.orchestrator]), history)


@every_history
def test_a_change_for_new_cases_only_leaves_old_ones_alone(path: Path) -> None:
    history = History.load(path.read_text(encoding="utf-8"))
    assert replay(with_a_step_for_new_cases(BY_NAME[history.orchestrator]), history)
