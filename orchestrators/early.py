"""Containment that begins before everything was gathered, as soon as its verdict is certain.

A hunt over weeks of logs or a reputation source that hangs takes many seconds; the attacker uses
them. What is begun early is what the full verdict would begin as well (``decide_early``).
"""

from dataclasses import dataclass, field

from durabletask import task

from orchestrators.breaker import EARLY_VERDICT_SECONDS, admit
from orchestrators.case_file import CaseFile
from orchestrators.clocks import CaseClocks
from orchestrators.flow import Retry, Steps, attempt, case_activity, timeline
from orchestrators.gather import Gathered, Gathering
from orchestrators.names import Activity
from orchestrators.standing import Standing, first_todo
from orchestrators.under_way import Containment, start_containment
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.case import CaseRequest
from shared.playbook.planning.decided import Decided, only_decisive


@dataclass(frozen=True)
class Early:
    """Where a case stands that was decided early."""

    standing: Standing
    under_way: list[Containment] = field(default_factory=list)
    """What has begun; nothing when the breaker held it."""


def contain_early(
    ctx: task.OrchestrationContext,
    file: CaseFile,
    case: CaseRequest,
    gathering: Gathering,
    clocks: CaseClocks,
    users: task.Task[Json] | None,
) -> Steps[Early | None]:
    """Contain what is certain while the rest is being gathered; return where the case then stands.

    ``None`` when everything is there already, or nothing is certain. Asked only where the sign-in
    log shows a success: without one nothing is done without asking.
    """
    blocks = yield from gathering.account_and_sign_ins()
    if not gathering.pending or not _shows_success(blocks):
        return None
    payload = {"case": case.to_reader(), "blocks": only_decisive(blocks)}
    answer = yield from _first(
        case_activity(ctx, Activity.DECIDE_EARLY, payload, Retry.READ), gathering
    )
    if not answer:
        return None
    decided = Decided.model_validate(answer)
    standing = Standing(case, Gathered(), decided, clocks, users=users)
    todo = first_todo(decided)
    todo = yield from admit(ctx, file, standing, todo, page_after=EARLY_VERDICT_SECONDS)
    if not todo.automatic:
        return Early(standing)
    names = ", ".join(str(line.action) for line in todo.automatic)
    event = f"{names} begun: High already, whatever is still being asked will say"
    standing.events, standing.begun = timeline(ctx, event), decided
    whose = {"object_id": decided.object_id, "directory": decided.directory}
    patch: Json = {"timeline": standing.events, "account": whose}
    file.remember(names, **patch)
    # A question may come with the verdict, and then nobody else writes the outcomes.
    started = start_containment(
        ctx,
        standing,
        todo.automatic,
        standing.next_containment(),
        asking=True,
        patch=patch,
    )
    clocks.containing(started.account)
    return Early(standing, [started])


def _first(deciding: task.Task[Json], gathering: Gathering) -> Steps[Json | None]:
    """Return what was decided early, unless everything has been gathered before that."""
    while not deciding.is_complete and (pending := gathering.pending):
        yield task.when_any([deciding, *pending])
    return (yield from attempt(deciding)).result if deciding.is_complete else None


def _shows_success(blocks: dict[str, Json]) -> bool:
    if BlockName.USER not in blocks or BlockName.SIGN_INS not in blocks:
        return False
    analysis = blocks[BlockName.SIGN_INS]["details"].get("analysis") or {}
    return bool(analysis.get("successful_login_details"))
