"""What the gathered blocks say, as deciding needs it. No call to anybody."""

from datetime import datetime

from shared.bootstrap import get_providers
from shared.models.account_kind import AccountKind
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.case import CaseRequest
from shared.models.directory import DirectoryUser, UserRisk
from shared.models.plan import ActionName, PlannedAction
from shared.models.signin import HuntFinding
from shared.models.verdict import Verdict
from shared.playbook.acting.containment import SUPPORTED_ACTIONS
from shared.playbook.acting.devices import DEVICE_ACTIONS
from shared.playbook.confidence.reputation import AddressVerdict
from shared.playbook.confidence.scoring_input import ScoringInput, make_scoring_input
from shared.playbook.planning.guard_rails import account_facts, classify_account, everywhere
from shared.playbook.planning.permission import ModeNow
from shared.playbook.planning.plan import AddressFacts, make_plan
from shared.playbook.planning.where import directory_of_case, hold_if_elsewhere, missing_in
from shared.playbook.sign_ins.models import SignInAnalysis
from shared.policy import get_policy
from shared.settings import Settings, get_settings

type Blocks = dict[str, Json]


def scoring_input(blocks: Blocks) -> ScoringInput:
    """Return what scoring looks at; a block that is empty tells nothing."""
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


def profile_of(blocks: Blocks) -> DirectoryUser | None:
    """Return the account as its directory has it; ``None``: not read."""
    profile = blocks[BlockName.USER]["details"].get("profile")
    return DirectoryUser.model_validate(profile) if profile else None


def kinds_of(case: CaseRequest, blocks: Blocks) -> set[AccountKind]:
    """Return which kinds of account it is; none: not known, then nothing is automatic."""
    block = blocks[BlockName.USER]
    is_admin, roles = block["outputs"]["is_admin_role"], block["details"].get("roles") or ()
    facts = account_facts(case.account, profile_of(blocks), is_admin_role=is_admin, roles=roles)
    accounts = get_policy().accounts
    return classify_account(
        everywhere(facts, block["details"]),
        break_glass=accounts.break_glass,
        vip=accounts.vip,
        service=accounts.service,
    )


def plan_lines(
    case: CaseRequest,
    blocks: Blocks,
    facts: ScoringInput,
    verdict: Verdict,
    recommended: list[ActionName],
    addresses: list[AddressFacts],
    now: ModeNow,
) -> list[PlannedAction]:
    """Return the plan of the account and of the ``addresses``."""
    user = profile_of(blocks)
    target = None
    if case.account:
        target = facts.user_principal_name or case.account.user_id
    plan = make_plan(
        mode=now,
        policy=get_policy(),
        confidence=verdict.compromise_confidence_score,
        recommended=recommended,
        target=target,
        kinds=kinds_of(case, blocks),
        synced=user.on_premises_sync_enabled if user else None,
        federated=blocks[BlockName.USER]["details"].get("federated_domain"),
        federated_unknown=blocks[BlockName.USER]["details"].get("federated_unknown", False),
        addresses=addresses,
        supported=supported_actions(get_settings()) - missing_in(directory_of_case(case, blocks)),
    )
    return hold_if_elsewhere(plan, case, blocks, facts.analysis)


def supported_actions(settings: Settings) -> frozenset[ActionName]:
    """Return what the configured providers can do."""
    without = set() if settings.defender_enabled else set(DEVICE_ACTIONS)
    if not get_providers().firewalls:
        without.add(ActionName.BLOCK_IP)
    return SUPPORTED_ACTIONS - without


def compromised_since(analysis: SignInAnalysis | None) -> datetime | None:
    """Return when the attacker got in: the suspicious success, logged or reported by the alert."""
    login = analysis.successful_login_details if analysis else None
    return login.time if login else None
