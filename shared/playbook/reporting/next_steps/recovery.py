"""How the account goes back to its owner, once what was found is dealt with."""

from shared.models.next_step import NextStep, Urgency, Who
from shared.models.plan import ActionName
from shared.models.undoing import in_force
from shared.playbook.reporting.case_view import CaseView
from shared.playbook.reporting.next_steps.steps import advice


def recovery_steps(view: CaseView) -> list[NextStep]:
    """Return how what the case put in force is lifted; nothing when nothing is in force."""
    held = {one.action: one for one in in_force(view.record)}
    steps = []
    if ActionName.DISABLE_ACCOUNT in held:
        steps.append(
            advice(
                f"Enable {view.who} again when the steps above are done: take DisableAccount back "
                "on the report page.",
                urgency=Urgency.BEFORE_CLOSING,
                where='the report page > "Take actions back"',
            )
        )
    if ActionName.ISOLATE_DEVICE in held:
        steps.append(
            advice(
                f"Release {view.text(held[ActionName.ISOLATE_DEVICE].target)} when it is clean: "
                "take IsolateDevice back on the report page.",
                who=Who.L2,
                urgency=Urgency.BEFORE_CLOSING,
                where='the report page > "Take actions back"',
            )
        )
    return steps
