"""What containment can do, and how its outcomes read in the seed's two containment blocks."""

from collections.abc import Sequence
from datetime import datetime

from shared.models.base import Json, parse_utc
from shared.models.block import BlockName, BlockStatus, make_block
from shared.models.case import CaseRequest, CaseStatus
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName, Decision, Disposition, PlannedAction
from shared.playbook.acting.devices import DEVICE_ACTIONS
from shared.playbook.planning.decided import Decided

PERSISTENCE_ACTIONS = frozenset(
    {
        ActionName.REMOVE_AUTHENTICATION_METHODS,
        ActionName.DISABLE_INBOX_RULES,
        ActionName.REVOKE_OAUTH_GRANTS,
    }
)
"""Actions on several things of an account, which can be half done."""
FIRST_ACTIONS = frozenset(
    {ActionName.DISABLE_ACCOUNT, ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS}
)
"""What keeps somebody out of an account; ways back are closed afterwards."""
IDENTITY_ACTIONS = PERSISTENCE_ACTIONS | {
    ActionName.DISABLE_ACCOUNT,
    ActionName.FORCE_PASSWORD_RESET,
    ActionName.REVOKE_SESSIONS,
    ActionName.CONFIRM_COMPROMISED,
}
SUPPORTED_ACTIONS = IDENTITY_ACTIONS | {ActionName.BLOCK_IP, *DEVICE_ACTIONS}
"""Actions the app carries out itself."""
NOT_IN_OKTA = frozenset({ActionName.CONFIRM_COMPROMISED, ActionName.DISABLE_INBOX_RULES})
"""Okta has neither a statement of compromise nor mailboxes."""

NOTHING_TO_DO = frozenset({ActionName.MONITOR_ONLY, ActionName.NO_ACTION})


def by_hand(actions: Sequence[PlannedAction], at: datetime, *, error: str) -> list[Json]:
    """Return failed outcomes for actions that were to be carried out together and were not."""
    return [
        ActionOutcome(
            action=item.action,
            target=item.target,
            status=ActionStatus.FAILED,
            detail=error,
            at=at,
        ).to_json()
        for item in actions
        if item.action not in NOTHING_TO_DO
    ]


def not_run(
    decision: Decision, plan: Sequence[PlannedAction], chosen: Sequence[PlannedAction], at: datetime
) -> list[Json]:
    """Return outcomes for what a person chose and the guard rails do not run, so that it shows."""
    run = {item.action for item in chosen}
    planned = {item.action: item for item in plan}
    left_out = []
    for action in decision.actions:
        if action in NOTHING_TO_DO or action in run:
            continue
        line = planned.get(action)
        if line is not None and line.disposition is Disposition.AUTOMATIC:
            continue
        outcome = ActionOutcome(
            action=action,
            target=line.target if line is not None else "-",
            status=ActionStatus.SKIPPED,
            detail=f"not run: {line.why if line is not None else 'no target it may be done to'}",
            at=at,
        )
        left_out.append(outcome.to_json())
    return left_out


def first_done(outcomes: Sequence[Json]) -> str | None:
    """Return when the first of these actions was done; ``None``: none was.

    One that was read back and is not in force contains nothing.
    """
    done = [item for item in outcomes if item["status"] == ActionStatus.SUCCEEDED]
    return min((str(one["at"]) for one in done if one["verified"] is not False), default=None)


def merge_outcomes(earlier: Sequence[Json], later: Sequence[Json]) -> list[Json]:
    """Return one outcome per action and target: the newest, of the same time the one given later.

    A case's own memory of an action may be older than what the record has learnt since.
    """
    merged: dict[tuple[str, str], Json] = {}
    for item in (*earlier, *later):
        known = merged.get((item["action"], item["target"]))
        if known is None or parse_utc(item["at"]) >= parse_utc(known["at"]):
            merged[item["action"], item["target"]] = item
    return list(merged.values())


def final_status(outcomes: Sequence[Json]) -> CaseStatus:
    """Return the status of a handed-over case from what was done.

    ``contained``: at least one action succeeded, none failed, and none was denied by read-back.
    ``failed``: something that was decided could not be done or is not in force, a person has to
    act. ``monitoring``: nothing was to be done.
    """
    if any(
        item["status"] == ActionStatus.FAILED or item.get("verified") is False for item in outcomes
    ):
        return CaseStatus.FAILED
    if any(item["status"] == ActionStatus.SUCCEEDED for item in outcomes):
        return CaseStatus.CONTAINED
    return CaseStatus.MONITORING


def status_after(status: CaseStatus, before: Sequence[Json], after: Sequence[Json]) -> CaseStatus:
    """Return a case's status when its outcomes changed later: what was made good is not failed.

    Args:
        status: as it is in the record.
        before: the record's outcomes until now.
        after: its outcomes from now on.
    """
    if status != CaseStatus.FAILED or final_status(before) is not CaseStatus.FAILED:
        return status
    return final_status(after)


def containment_blocks(
    case: CaseRequest,
    blocks: dict[str, Json],
    decided: Decided,
    *,
    decision: Decision | None,
    outcomes: Sequence[Json],
) -> dict[str, Json]:
    """Return the blocks ``Conditional_AD_Containment`` and ``Conditional_Firewall_IP_Block``."""
    return {
        BlockName.CONTAINMENT: _identity_block(case, decided, decision, outcomes),
        BlockName.FIREWALL: _firewall_block(case, blocks, decided, decision, outcomes),
    }


def _identity_block(
    case: CaseRequest, decided: Decided, decision: Decision | None, outcomes: Sequence[Json]
) -> Json:
    mine = [item for item in outcomes if item["action"] in IDENTITY_ACTIONS]
    finished = [item["at"] for item in mine if item["status"] == ActionStatus.SUCCEEDED]
    return make_block(
        BlockName.CONTAINMENT,
        _status(mine),
        inputs={
            "user_id": case.account.user_id if case.account else None,
            "compromise_confidence_score": decided.verdict.compromise_confidence_score,
            "recommended_containment_actions": list(decided.recommended),
        },
        outputs={
            "password_reset_status": _word(
                ActionName.FORCE_PASSWORD_RESET, decided, decision, mine
            ),
            "sessions_revoked_status": _word(ActionName.REVOKE_SESSIONS, decided, decision, mine),
            "ad_containment_execution_time": max(finished, default=None),
        },
        notes=_notes(mine),
        started_at=min((item["at"] for item in mine), default=None),
        finished_at=max((item["at"] for item in mine), default=None),
    ).block.to_json()


def _firewall_block(
    case: CaseRequest,
    blocks: dict[str, Json],
    decided: Decided,
    decision: Decision | None,
    outcomes: Sequence[Json],
) -> Json:
    mine = [item for item in outcomes if item["action"] == ActionName.BLOCK_IP]
    rules = [item["undo"]["rule_id"] for item in mine if item.get("undo")]
    known = blocks.get(BlockName.ADDRESS, {}).get("outputs", {})
    return make_block(
        BlockName.FIREWALL,
        _status(mine),
        inputs={
            "successful_login_ip": decided.address or case.successful_login_ip,
            "compromise_confidence_score": decided.verdict.compromise_confidence_score,
            "ip_reputation_score": known.get("ip_reputation_score"),
            "recommended_containment_actions": list(decided.recommended),
        },
        outputs={
            "ip_block_status": _word(ActionName.BLOCK_IP, decided, decision, mine),
            "firewall_rule_id": rules[0] if rules else None,
        },
        notes=_notes(mine),
        started_at=min((item["at"] for item in mine), default=None),
        finished_at=max((item["at"] for item in mine), default=None),
    ).block.to_json()


def _status(outcomes: Sequence[Json]) -> BlockStatus:
    kinds = {item["status"] for item in outcomes}
    if not kinds or kinds == {ActionStatus.SKIPPED}:
        return BlockStatus.SKIPPED
    if ActionStatus.FAILED in kinds:
        return BlockStatus.FAILED if kinds == {ActionStatus.FAILED} else BlockStatus.PARTIAL
    return BlockStatus.COMPLETE


def _word(
    action: ActionName,
    decided: Decided,
    decision: Decision | None,
    outcomes: Sequence[Json],
) -> str:
    """Say in the seed's status field what became of one action."""
    done = [item for item in outcomes if item["action"] == action]
    if done:
        status = str(done[0]["status"])
        verified = {True: ", verified", False: ", NOT verified"}.get(done[0]["verified"], "")
        return status + (verified if status == ActionStatus.SUCCEEDED else "")
    planned = [item for item in decided.plan if item.action is action]
    if not planned:
        return "not recommended"
    if planned[0].disposition is Disposition.NEVER:
        return f"not allowed: {planned[0].why}"
    if decision is not None:
        return f"not chosen by {decision.decided_by}"
    return "not done"


def _notes(outcomes: Sequence[Json]) -> list[str]:
    return [
        f"{item['action']} on {item['target']} {item['status']}: {item['detail']}"
        for item in outcomes
        if item["status"] != ActionStatus.SUCCEEDED or item["verified"] is not True
    ]
