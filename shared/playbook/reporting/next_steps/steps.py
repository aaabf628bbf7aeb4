"""How a step is made: short names for the parts that every one of them has."""

from collections.abc import Callable, Sequence

from shared.models.base import Json
from shared.models.next_step import NextStep, StepKind, Urgency, Who
from shared.playbook.intake.fields import one_line
from shared.playbook.reporting.case_view import MISSING_LIMIT, CaseView, when

MOST_NAMED = 5
"""Things of one kind that get a step, or a name in a step, of their own; the rest is counted."""
COMMAND_LIMIT = 1_000
"""A command is shown whole or not at all: half of one does something else."""

type Reader = Callable[[CaseView, Json], list[NextStep]]
"""Makes the steps of one finding."""


def task(
    what: str,
    *,
    who: Who = Who.L2,
    where: str = "",
    command: str = "",
    urgency: Urgency = Urgency.NOW,
) -> NextStep:
    """Return open work."""
    return _step(what, who, StepKind.TASK, urgency, where, command, ())


def advice(
    what: str,
    *,
    who: Who = Who.L1,
    where: str = "",
    command: str = "",
    urgency: Urgency = Urgency.TODAY,
    techniques: Sequence[object] = (),
) -> NextStep:
    """Return what is worth doing because of what was found."""
    return _step(what, who, StepKind.RECOMMENDATION, urgency, where, command, techniques)


def _step(
    what: str,
    who: Who,
    kind: StepKind,
    urgency: Urgency,
    where: str,
    command: str,
    techniques: Sequence[object],
) -> NextStep:
    return NextStep(
        what=one_line(what, MISSING_LIMIT),
        who=who,
        kind=kind,
        urgency=urgency,
        where=one_line(where, MISSING_LIMIT),
        command=command if len(command) <= COMMAND_LIMIT else "",
        techniques=[str(one) for one in techniques if one],
    )


def rows_of(finding: Json) -> list[Json]:
    """Return the finding's sample rows, the latest first."""
    return [row for row in finding.get("rows") or [] if isinstance(row, dict)]


def more_than(finding: Json, named: int) -> str:
    """Return how many rows were not named, as the end of a sentence."""
    left = int(finding.get("count") or 0) - named
    return f", and {left} more in the evidence" if left > 0 else ""


def at(view: CaseView, row: Json, name: str = "TimeGenerated") -> str:
    """Return when a row was, as people read it; nothing when it does not say."""
    value = row.get(name)
    return f" at {when(view.text(value))}" if value else ""


def listed(view: CaseView, values: object) -> str:
    """Return the first few values of a row's list, quoted, for a sentence."""
    found = values if isinstance(values, list) else [values] if values else []
    names = [f'"{view.text(one)}"' for one in found[:MOST_NAMED]]
    more = len(found) - len(names)
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")


def origin(view: CaseView, address: object) -> str:
    """Return where a change came from, and whether that is the address of the attack."""
    if not address:
        return ""
    known = ", the address of the attack" if view.text(address) == view.address else ""
    return f" from {view.text(address)}{known}"
