"""What became of a containment: it did not hold, it was taken back, what people do instead."""

from shared.models.undo import UndoResult, UndoStatus
from shared.models.undoing import can_restore, did_not_hold
from shared.playbook.reporting.case_view import CaseView


def fate(view: CaseView) -> list[str]:
    """Return the lines that belong to the answer, for ticket, message and comment."""
    lines = []
    record = view.record
    if record.recheck is not None and did_not_hold(record):
        lines.append(f"CONTAINMENT DID NOT HOLD: {view.text(record.recheck.detail)}.")
    if stuck := [f"{one.action} on {one.target}" for one in _stuck(view)]:
        lines.append(f"TAKING BACK FAILED, do by hand now: {', '.join(stuck)}.")
    back: dict[str, list[str]] = {}
    for one in record.actions:
        if one.undone is not None:
            by = f"{view.text(one.undone.by)} ({view.text(one.undone.comment)})"
            sure = "verified" if one.undone.verified else "not verified"
            back.setdefault(by, []).append(f"{one.action} on {one.target} ({sure})")
    lines += [f"Taken back by {by}: {', '.join(names)}." for by, names in back.items()]
    if beyond := [str(one.action) for one in _beyond(view)]:
        lines.append(f"Cannot be taken back: {', '.join(beyond)}; see the next steps.")
    if record.undos and record.undos[-1].finished_at is None:
        lines.append(f"{view.text(record.undos[-1].by)} is taking actions back.")
    return lines


def undo_steps(view: CaseView) -> list[str]:
    """Return what people have to do because of an undo or of a containment that did not hold."""
    steps = []
    recheck = view.record.recheck
    if recheck is not None and did_not_hold(view.record):
        steps.append(
            f"The containment did NOT hold ({view.text(recheck.detail)}): contain by hand now."
        )
    for one in _stuck(view):
        instead = one.instead or "do it by hand"
        detail = view.text(one.detail)
        steps.append(f"Taking back {one.action} on {one.target} FAILED ({detail}): {instead}.")
    for action in view.record.actions:
        if action.undone is not None and not action.undone.verified:
            detail = view.text(action.undone.detail)
            what = f"{action.action} on {action.target}"
            steps.append(f"Verify by hand that {what} is taken back ({detail}).")
    for one in _beyond(view):
        instead = f": {one.instead}" if one.instead else ""
        steps.append(f"{one.action} on {one.target} cannot be taken back{instead}.")
    return steps


def _stuck(view: CaseView) -> list[UndoResult]:
    """Return what the last undo could not restore and nobody has restored since."""
    waiting = {(one.action, one.target) for one in view.record.actions if can_restore(one)}
    return [
        one
        for one in _last(view)
        if one.status is UndoStatus.FAILED and (one.action, one.target) in waiting
    ]


def _beyond(view: CaseView) -> list[UndoResult]:
    return [one for one in _last(view) if one.status is UndoStatus.IMPOSSIBLE and one.instead]


def _last(view: CaseView) -> list[UndoResult]:
    return view.record.undos[-1].results if view.record.undos else []
