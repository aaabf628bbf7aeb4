"""Which authentication methods were registered since the compromise began.

A method that the directory gives no time for is dated by the audit log, kind by kind: so many
registrations since then, less those that were deleted again and those that belong to methods with
a time. Where that does not say which method it is, a person has to.
"""

from collections.abc import Sequence
from datetime import datetime

from shared.models.persistence import AuthenticationMethod
from shared.playbook.acting.persistence import Chosen, Selection
from shared.playbook.acting.persistence.trail import Registration

PASSWORD = "password"  # noqa: S105 - the kind's name
"""The method that is reset instead."""


def choose_methods(
    methods: Sequence[AuthenticationMethod],
    *,
    since: datetime | None,
    trail: Sequence[Registration] | None,
) -> Selection:
    """Return what to remove.

    Args:
        methods: everything registered.
        since: when the compromise began; ``None``: not known, so nothing is certain.
        trail: changes since then from the audit log; ``None``: it could not be read.
    """
    others = [one for one in methods if one.kind != PASSWORD]
    if since is None:
        return Selection(tasks=_undated(others))
    new = [one for one in others if one.created_at is not None and one.created_at >= since]
    tasks: list[str] = []
    for kind in dict.fromkeys(one.kind for one in others if one.created_at is None):
        unknown = [one for one in others if one.kind == kind and one.created_at is None]
        known = sum(one.kind == kind for one in new)
        certain, asked = _date(unknown, known, trail)
        new += certain
        tasks += asked
    tasks += [f"{one.label} cannot be removed by the app: remove it by hand" for one in _stuck(new)]
    tasks += _only_in_the_log(trail or ())
    older = len(others) - len(new)
    return Selection(
        chosen=[_chosen(one) for one in new if one.removable],
        tasks=tasks,
        nothing=f"no method was registered since the compromise began ({older} older stay)",
    )


def is_new(method: AuthenticationMethod, since: datetime | None) -> bool:
    """Whether the directory itself says that the method was registered since then."""
    return since is not None and method.created_at is not None and method.created_at >= since


def _undated(others: Sequence[AuthenticationMethod]) -> list[str]:
    if not others:
        return []
    names = ", ".join(one.label for one in others)
    return [
        "when the compromise began is not known: ask the user which of these are theirs and "
        f"remove the others: {names}"
    ]


def _date(
    unknown: Sequence[AuthenticationMethod], known: int, trail: Sequence[Registration] | None
) -> tuple[list[AuthenticationMethod], list[str]]:
    """Return those that are certainly new, and tasks about those that may be."""
    names = ", ".join(one.label for one in unknown)
    if trail is None:
        return [], [
            f"when it was registered is not known, as the directory does not say and the audit log "
            f"could not be read; ask the user and remove what is not theirs: {names}"
        ]
    mine = [one for one in trail if one.kind == unknown[0].kind]
    registered = sum(one.change == "registered" for one in mine)
    left = registered - sum(one.change == "deleted" for one in mine) - known
    if left <= 0:
        return [], []
    if left >= len(unknown):
        return list(unknown), []
    return [], [
        f"{left} of these {len(unknown)} registered since the compromise began, which is not "
        f"known; ask the user and remove what is not theirs: {names}"
    ]


def _stuck(new: Sequence[AuthenticationMethod]) -> list[AuthenticationMethod]:
    return [one for one in new if not one.removable]


def _only_in_the_log(trail: Sequence[Registration]) -> list[str]:
    """What the log shows and the list of methods cannot."""
    tasks = []
    for one in trail:
        at = one.at.strftime("%Y-%m-%d %H:%M UTC")
        if one.change == "updated":
            tasks.append(f'"{one.words}" at {at}: check that the method is still the user\'s')
        elif one.change == "registered" and one.kind is None:
            tasks.append(f'"{one.words}" at {at}: remove it by hand, the app cannot see it')
    return tasks


def _chosen(one: AuthenticationMethod) -> Chosen:
    when = one.created_at.strftime("%Y-%m-%d %H:%M UTC") if one.created_at else "by the audit log"
    return Chosen(id=one.id, label=f"{one.label} (registered {when})", item=one.to_json())
