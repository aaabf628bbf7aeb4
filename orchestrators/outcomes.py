"""Writing down what was done beside the case, and calling for help at once where it failed."""

from durabletask import task

from orchestrators.flow import Retry, Steps, attempt, case_activity, save, timeline
from orchestrators.names import Activity
from shared.models.base import Json
from shared.models.outcome import ActionStatus
from shared.playbook.reporting.told import whom


def write_outcomes(
    ctx: task.OrchestrationContext, payload: Json, outcomes: list[Json], *, waits: bool
) -> Steps[None]:
    """Write outcomes into the record, and tell people at once of those that failed.

    ``payload`` has ``case_id``, and may have ``asking``: nobody else writes the outcomes until a
    question is answered; and ``patch``: what to write beside them. ``waits``: then storage may be
    waited for, some minutes. Never fails.
    """
    patch: Json = payload.get("patch", {}) | {"actions": outcomes}
    stored = yield from attempt(save(ctx, payload["case_id"], patch, Retry.WRITE))
    left = patch if stored.error or "error" in stored.result else {}
    if any(item["status"] == ActionStatus.FAILED for item in outcomes):
        yield from _call_for_help(ctx, payload["case_id"], left, waits=waits)
    elif left and waits and payload.get("asking"):
        yield from attempt(save(ctx, payload["case_id"], left, Retry.SAVE))


def _call_for_help(
    ctx: task.OrchestrationContext, case_id: str, left: Json, *, waits: bool
) -> Steps[None]:
    """Tell people at once what they have to do by hand; firewall and evidence may take minutes.

    ``left`` is what storage has refused before. Source: seed 004, ``Conditional_AD_Containment``
    failure handling.
    """
    message = {"case_id": case_id, "phase": "containment_failed"}
    told = yield from attempt(case_activity(ctx, Activity.NOTIFY_ANALYSTS, message, Retry.READ))
    channels = (told.result or {}).get("channels", {}) or {"all": told.error}
    event = f"analysts told (containment failed): {whom(channels)}"
    said = [*left.get("timeline", ()), *timeline(ctx, event)]
    policy = Retry.SAVE if waits else Retry.WRITE
    yield from attempt(save(ctx, case_id, left | {"timeline": said}, policy))
