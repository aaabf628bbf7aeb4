"""What the actions left open: failed, not in force, not proved, not automated."""

from shared.models.next_step import NextStep, Who
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.playbook.acting.containment import PERSISTENCE_ACTIONS
from shared.playbook.acting.devices import DEVICE_ACTIONS, left_to_people
from shared.playbook.acting.persistence import what_is_open
from shared.playbook.reporting.case_view import CaseView
from shared.playbook.reporting.next_steps.by_hand import by_hand, is_by_hand
from shared.playbook.reporting.next_steps.steps import task


def failed_steps(view: CaseView) -> list[NextStep]:
    """Return what an attacker can still use, then what nobody has proved, then the rest."""
    steps = [step for one in view.outcomes(ActionStatus.FAILED) for step in _failed(view, one)]
    for one in view.outcomes(ActionStatus.SUCCEEDED):
        if one.verified is not True:
            steps.append(_not_proved(view, one))
    for one in view.record.actions:
        if one.action in DEVICE_ACTIONS and (left := left_to_people(one)):
            how = by_hand(view, one.action)
            what = (
                f"{one.action} was not done to every device, decide and do it by hand where it is "
                f"needed: {view.text(left)}."
            )
            steps.append(task(what, where=how.where))
    for one in view.outcomes(ActionStatus.SKIPPED):
        if is_by_hand(one.action):
            how = by_hand(view, one.action)
            what = f"{one.action} on {one.target} is not automated: {how.task}."
            steps.append(task(what, who=Who.L1, where=how.where, command=how.command))
    return steps


def _failed(view: CaseView, one: ActionOutcome) -> list[NextStep]:
    if one.elsewhere:
        # What is done by hand here would be as useless, or as wrong, as what the app did not do.
        return [task(f"{one.action} on {one.target} FAILED: {view.text(one.detail)}.")]
    how = by_hand(view, one.action)
    whys = (
        what_is_open(one.detail)
        if one.action in PERSISTENCE_ACTIONS
        else [one.detail or "no reason given"]
    )
    return [
        task(
            f"{one.action} on {one.target} FAILED ({view.text(why)}): {how.task} now.",
            where=how.where,
            command=how.command,
        )
        for why in whys
    ]


def _not_proved(view: CaseView, one: ActionOutcome) -> NextStep:
    how = by_hand(view, one.action)
    if one.verified is False:
        what = (
            f"{one.action} on {one.target} was accepted but is NOT in force: check and repeat it "
            "by hand now."
        )
        return task(what, where=how.where, command=how.command)
    why = f" ({view.text(one.detail)})" if one.detail else ""
    what = f"Verify by hand that {one.action} on {one.target} is in force{why}."
    return task(what, who=Who.L1, where=how.where)
