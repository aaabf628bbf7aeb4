"""Deciding: score, recommend and plan, from what was gathered. No call to anybody."""

from datetime import datetime
from typing import Any

from durabletask import task

from activities.blockable import address_facts, attack_address, attackers_addresses
from activities.support import utc_now
from shared.bootstrap import get_providers
from shared.models.account_kind import AccountKind
from shared.models.base import Json
from shared.models.block import BlockName, BlockStatus, make_block
from shared.models.case import CaseRequest
from shared.models.directory import DirectoryUser, UserRisk
from shared.models.plan import ActionName
from shared.models.signin import HuntFinding
from shared.models.verdict import Verdict
from shared.playbook.acting.containment import SUPPORTED_ACTIONS
from shared.playbook.acting.devices import DEVICE_ACTIONS
from shared.playbook.confidence.reputation import AddressVerdict
from shared.playbook.confidence.scoring import justification, recommend, score
from shared.playbook.confidence.scoring_input import ScoringInput, make_scoring_input
from shared.playbook.confidence.what_would_change import what_would_change
from shared.playbook.planning.attackers_own import attackers_own
from shared.playbook.planning.decided import Decided
from shared.playbook.planning.guard_rails import (
    account_facts,
    classify_account,
    everywhere,
)
from shared.playbook.planning.impact import impact_of
from shared.playbook.planning.permission import ModeNow, mode_at
from shared.playbook.planning.plan import ACCOUNT_ACTIONS, AddressFacts, make_plan
from shared.playbook.planning.silence import needs_two, permitted_on_silence
from shared.playbook.planning.where import directory_of_case, hold_if_elsewhere, missing_in
from shared.playbook.sign_ins.models import SignInAnalysis
from shared.policy import fingerprint, get_policy
from shared.settings import Settings, get_settings

type Blocks = dict[str, Json]


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
    settings = get_settings()
    started = utc_now()
    now = mode_at(case.mode, get_policy(), started)
    facts = _scoring_input(blocks)
    hostile, spared = attackers_addresses(case, blocks, facts)
    verdict = score(facts)
    recommended = recommend(facts, verdict) if case.account else []
    user = _user(blocks)
    decided = Decided(
        verdict=verdict,
        plan=hold_if_elsewhere(
            _plan(case, blocks, facts, verdict, recommended, now),
            case,
            blocks,
            facts.analysis,
        ),
        recommended=recommended,
        blocks={
            BlockName.SCORING: _scoring_block(
                facts,
                verdict,
                recommended,
                _bounds(case, blocks, verdict, now),
                started,
            ),
            BlockName.USER: _completed_user_block(blocks, facts.analysis),
        },
        account=_account(case, blocks, user),
        object_id=user.object_id if user else (case.account.object_id if case.account else None),
        directory=directory_of_case(case, blocks),
        user_principal_name=facts.user_principal_name,
        limits=get_policy().limits,
        on_silence=permitted_on_silence(
            get_policy().asking, _kinds(case, blocks), verdict.compromise_confidence_score
        ),
        mode=now.mode,
        alone=_alone(_kinds(case, blocks), verdict),
        two_persons=needs_two(get_policy().asking, _kinds(case, blocks)),
        address=attack_address(case, facts),
        blockable_address=_blockable(address_facts(case, blocks, facts, recommended), settings),
        campaign_address=attackers_own(address_facts(case, blocks, facts, recommended)),
        hostile=hostile,
        spared=spared,
        compromised_since=_compromised_since(facts.analysis),
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


def _scoring_input(blocks: Blocks) -> ScoringInput:
    user, address = blocks[BlockName.USER], blocks[BlockName.ADDRESS]
    sign_ins, activity = blocks[BlockName.SIGN_INS], blocks[BlockName.ACTIVITY]
    analysis = sign_ins["details"].get("analysis")
    reputation = address["details"].get("verdict")
    risk = user["details"].get("risk")
    findings = activity["outputs"].get("findings")
    return make_scoring_input(
        user_principal_name=user["outputs"]["user_principal_name"],
        is_admin_role=user["outputs"]["is_admin_role"],
        mfa_enabled=user["outputs"]["mfa_enabled"],
        analysis=SignInAnalysis.model_validate(analysis) if analysis else None,
        sign_in_log_complete=bool(sign_ins["details"].get("complete")),
        address=AddressVerdict.model_validate(reputation) if reputation else None,
        user_risk=UserRisk.model_validate(risk) if risk else None,
        findings=[HuntFinding.model_validate(item) for item in findings]
        if findings is not None
        else None,
    )


def _user(blocks: Blocks) -> DirectoryUser | None:
    profile = blocks[BlockName.USER]["details"].get("profile")
    return DirectoryUser.model_validate(profile) if profile else None


def _kinds(case: CaseRequest, blocks: Blocks) -> set[AccountKind]:
    block = blocks[BlockName.USER]
    is_admin, roles = block["outputs"]["is_admin_role"], block["details"].get("roles") or ()
    facts = account_facts(case.account, _user(blocks), is_admin_role=is_admin, roles=roles)
    accounts = get_policy().accounts
    return classify_account(
        everywhere(facts, block["details"]),
        break_glass=accounts.break_glass,
        vip=accounts.vip,
        service=accounts.service,
    )


def _bounds(case: CaseRequest, blocks: Blocks, verdict: Verdict, now: ModeNow) -> Json:
    """What decided beside the score: what is at stake, the policy, and what cannot be done."""
    possible = _supported(get_settings()) - missing_in(directory_of_case(case, blocks))
    return {
        "impact": _impact(case, blocks, verdict),
        "policy": {"fingerprint": fingerprint(get_policy()), "mode": now.name},
        "unsupported_actions": sorted({*SUPPORTED_ACTIONS, *ACCOUNT_ACTIONS} - possible),
    }


def _impact(case: CaseRequest, blocks: Blocks, verdict: Verdict) -> Json:
    if case.account is None:
        return {}
    return impact_of(
        _kinds(case, blocks),
        blocks[BlockName.USER]["details"].get("roles") or (),
        eligible=blocks[BlockName.USER]["details"].get("eligible_roles") or (),
        confidence=verdict.compromise_confidence_score,
    ).to_json()


def _compromised_since(analysis: SignInAnalysis | None) -> datetime | None:
    """When the attacker got in: the suspicious success, logged or reported by the alert."""
    login = analysis.successful_login_details if analysis else None
    return login.time if login else None


def _plan(
    case: CaseRequest,
    blocks: Blocks,
    facts: ScoringInput,
    verdict: Verdict,
    recommended: list[ActionName],
    now: ModeNow,
) -> list[Any]:
    user = _user(blocks)
    target = None
    if case.account:
        target = facts.user_principal_name or case.account.user_id
    return make_plan(
        mode=now,
        policy=get_policy(),
        confidence=verdict.compromise_confidence_score,
        recommended=recommended,
        target=target,
        kinds=_kinds(case, blocks),
        synced=user.on_premises_sync_enabled if user else None,
        federated=blocks[BlockName.USER]["details"].get("federated_domain"),
        federated_unknown=blocks[BlockName.USER]["details"].get("federated_unknown", False),
        addresses=address_facts(case, blocks, facts, recommended),
        supported=_supported(get_settings()) - missing_in(directory_of_case(case, blocks)),
    )


def _blockable(addresses: list[AddressFacts], settings: Settings) -> str | None:
    can = ActionName.BLOCK_IP in _supported(settings)
    return attackers_own(one for one in addresses if can and not one.cannot_block)


def _supported(settings: Settings) -> frozenset[ActionName]:
    without = set() if settings.defender_enabled else set(DEVICE_ACTIONS)
    if not get_providers().firewalls:
        without.add(ActionName.BLOCK_IP)
    return SUPPORTED_ACTIONS - without


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
    account = case.account.to_json() | {"kinds": sorted(_kinds(case, blocks))}
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
