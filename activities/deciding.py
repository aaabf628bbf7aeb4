"""Deciding: score, recommend and plan, from what was gathered. No call to anybody."""

from typing import Any

from durabletask import task

from activities.blockable import address_facts, attack_address, attackers_addresses
from activities.case_facts import (
    Blocks,
    compromised_since,
    kinds_of,
    plan_lines,
    profile_of,
    scoring_input,
    supported_actions,
)
from activities.support import utc_now
from shared.models.account_kind import AccountKind
from shared.models.base import Json
from shared.models.block import BlockName, BlockStatus, make_block
from shared.models.case import CaseRequest
from shared.models.directory import DirectoryUser
from shared.models.plan import ActionName
from shared.models.verdict import Verdict
from shared.playbook.acting.containment import SUPPORTED_ACTIONS
from shared.playbook.confidence.scoring import justification, recommend, score
from shared.playbook.confidence.scoring_input import ScoringInput
from shared.playbook.confidence.what_would_change import what_would_change
from shared.playbook.planning.attackers_own import attackers_own
from shared.playbook.planning.decided import Decided
from shared.playbook.planning.impact import impact_of
from shared.playbook.planning.permission import ModeNow, mode_at
from shared.playbook.planning.plan import ACCOUNT_ACTIONS, AddressFacts
from shared.playbook.planning.silence import needs_two, permitted_on_silence
from shared.playbook.planning.where import directory_of_case, missing_in
from shared.playbook.sign_ins.models import SignInAnalysis
from shared.policy import fingerprint, get_policy
from shared.settings import Settings, get_settings


async def decide_response(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Compute the verdict, the recommended actions and the plan.

    Input: ``{"case": CaseRequest, "blocks": {name: Block}}``; output: ``Decided``. It is an
    activity so that its result is history: a changed weight or policy never changes a running
    case.

    Effect: none.
    Idempotency: the same input, settings, policy and hour give the same result.
    Permission: none.
    """
    case = CaseRequest.model_validate(payload["case"])
    blocks: Blocks = payload["blocks"]
    policy, started = get_policy(), utc_now()
    now = mode_at(case.mode, policy, started)
    facts = scoring_input(blocks)
    hostile, spared = attackers_addresses(case, blocks, facts)
    verdict = score(facts)
    recommended = recommend(facts, verdict) if case.account else []
    addresses = address_facts(case, blocks, facts, recommended)
    kinds, user = kinds_of(case, blocks), profile_of(blocks)
    decided = Decided(
        verdict=verdict,
        plan=plan_lines(case, blocks, facts, verdict, recommended, addresses, now),
        recommended=recommended,
        blocks={
            BlockName.SCORING: _scoring_block(
                facts, verdict, recommended, _bounds(case, blocks, verdict, now), started
            ),
            BlockName.USER: _completed_user_block(blocks, facts.analysis),
        },
        account=_account(case, blocks, user),
        object_id=user.object_id if user else (case.account.object_id if case.account else None),
        directory=directory_of_case(case, blocks),
        user_principal_name=facts.user_principal_name,
        limits=policy.limits,
        on_silence=permitted_on_silence(policy.asking, kinds, verdict.compromise_confidence_score),
        mode=now.mode,
        alone=_alone(kinds, verdict),
        two_persons=needs_two(policy.asking, kinds),
        address=attack_address(case, facts),
        blockable_address=_blockable(addresses, get_settings()),
        campaign_address=attackers_own(addresses),
        hostile=hostile,
        spared=spared,
        compromised_since=compromised_since(facts.analysis),
        attacked_at=blocks[BlockName.SIGN_INS]["details"].get("last_success_at"),
    )
    return decided.to_json()


def _alone(kinds: set[AccountKind], verdict: Verdict) -> list[ActionName]:
    policy, confidence = get_policy(), verdict.compromise_confidence_score
    return [
        action
        for action in ActionName
        if all(policy.allows(action, kind, confidence) for kind in kinds)
    ]


def _bounds(case: CaseRequest, blocks: Blocks, verdict: Verdict, now: ModeNow) -> Json:
    """What decided beside the score: what is at stake, the policy, and what cannot be done."""
    possible = supported_actions(get_settings()) - missing_in(directory_of_case(case, blocks))
    return {
        "impact": _impact(case, blocks, verdict),
        "policy": {"fingerprint": fingerprint(get_policy()), "mode": now.name},
        "unsupported_actions": sorted({*SUPPORTED_ACTIONS, *ACCOUNT_ACTIONS} - possible),
    }


def _impact(case: CaseRequest, blocks: Blocks, verdict: Verdict) -> Json:
    if case.account is None:
        return {}
    return impact_of(
        kinds_of(case, blocks),
        blocks[BlockName.USER]["details"].get("roles") or (),
        eligible=blocks[BlockName.USER]["details"].get("eligible_roles") or (),
        confidence=verdict.compromise_confidence_score,
    ).to_json()


def _blockable(addresses: list[AddressFacts], settings: Settings) -> str | None:
    can = ActionName.BLOCK_IP in supported_actions(settings)
    return attackers_own(one for one in addresses if can and not one.cannot_block)


def _scoring_block(
    facts: ScoringInput,
    verdict: Verdict,
    recommended: list[ActionName],
    details: Json,
    started: Any,
) -> Json:
    held = verdict.completeness < 1
    reputation = facts.address.reported_score if facts.address else "unknown"
    values = facts.to_json()
    names = (
        "user_principal_name",
        "is_admin_role",
        "mfa_enabled",
        "mfa_status_at_login",
        "geo_country",
        "login_location_variance",
        "mfa_result_successful_login",
    )
    return make_block(
        BlockName.SCORING,
        BlockStatus.PARTIAL if held else BlockStatus.COMPLETE,
        inputs={name: values[name] for name in names} | {"ip_reputation_score": reputation},
        outputs={
            "compromise_confidence_score": verdict.compromise_confidence_score,
            "recommended_containment_actions": list(recommended),
            "justification_for_score": justification(verdict),
        },
        notes=[f"{verdict.completeness:.0%} of the critical inputs were known"] if held else [],
        details={"what_would_change": what_would_change(facts)} | details,
        started_at=started,
        finished_at=utc_now(),
    ).block.to_json()


def _completed_user_block(blocks: Blocks, analysis: SignInAnalysis | None) -> Json:
    """Fill in what only the sign-in log knows, and say anew what is still unknown."""
    block = blocks[BlockName.USER]
    if block["status"] == BlockStatus.SKIPPED:
        return block
    outputs = dict(block["outputs"])
    if analysis is not None:
        seen = analysis.to_json()
        for name in ("mfa_status_at_login", "last_known_logon_location", "last_known_logon_time"):
            outputs[name] = seen[name]
    return make_block(
        BlockName.USER,
        BlockStatus(block["status"]),
        inputs=block["inputs"],
        outputs=outputs,
        notes=[note for note in block["notes"] if not note.startswith("unknown: ")],
        details=block["details"],
        started_at=block["started_at"],
        finished_at=block["finished_at"],
    ).block.to_json()


def _account(case: CaseRequest, blocks: Blocks, user: DirectoryUser | None) -> Json:
    if case.account is None:
        return {}
    account = case.account.to_json() | {"kinds": sorted(kinds_of(case, blocks))}
    if user is None:
        return account | {"directory": directory_of_case(case, blocks)}
    return account | {
        "object_id": user.object_id,
        "user_principal_name": user.user_principal_name,
        "display_name": user.display_name,
        "mail_addresses": user.mail_addresses,
        "roles": blocks[BlockName.USER]["details"].get("roles") or [],
        "eligible_roles": blocks[BlockName.USER]["details"].get("eligible_roles"),
        "synced": user.on_premises_sync_enabled,
        "on_premises_name": user.on_premises_name,
        "federated_domain": blocks[BlockName.USER]["details"].get("federated_domain"),
        "directory": directory_of_case(case, blocks),
        "also_in": blocks[BlockName.USER]["details"].get("also_in") or [],
    }
