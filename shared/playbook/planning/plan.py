"""The plan: recommendations, guard rails and operating mode become do now, ask, or never.

Source: seed 004 steps 4 to 6 (High contains by itself, Medium and Low do not; an address is blocked
only when its reputation is malicious or it is highly unusual), seed 000 step 5 (a person chooses).
"""

from collections.abc import Collection, Mapping, Sequence

from pydantic import Field

from shared.models.account_kind import AccountKind
from shared.models.base import Model
from shared.models.case import OperatingMode
from shared.models.plan import ActionName, Decision, Disposition, PlannedAction
from shared.models.policy import Policy
from shared.models.verdict import Confidence
from shared.playbook.confidence.reputation import AddressReputation
from shared.playbook.planning.guard_rails import why_never
from shared.playbook.planning.permission import ModeNow, why_alone, why_not_alone

ACCOUNT_ACTIONS = (
    ActionName.DISABLE_ACCOUNT,
    ActionName.FORCE_PASSWORD_RESET,
    ActionName.REVOKE_SESSIONS,
    ActionName.CONFIRM_COMPROMISED,
    ActionName.REMOVE_AUTHENTICATION_METHODS,
    ActionName.REVOKE_OAUTH_GRANTS,
    ActionName.DISABLE_INBOX_RULES,
    ActionName.SCAN_DEVICE,
    ActionName.ISOLATE_DEVICE,
)
"""In the order of doing: sessions revoked before the password is changed would come back."""
SEED_CONTAINMENT = frozenset({ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS})
"""What High confidence always means (seed 004 step 5)."""
NOTHING_TO_DO = (ActionName.MONITOR_ONLY, ActionName.NO_ACTION)


class AddressFacts(Model):
    """What decides whether an address may be blocked."""

    address: str
    reputation: AddressReputation = AddressReputation.UNKNOWN
    highly_unusual: bool = False
    """The address brute-forced and is not where people sit (scoring says so)."""
    never_block: str | None = None
    """Why it must not be blocked (``never_block.block_rules``), or ``None``."""
    doubts: list[str] = Field(default_factory=list)
    """Why a person has to be asked before it is blocked."""
    cannot_block: str | None = None
    """Why not one configured firewall can take it, or ``None``."""


def make_plan(
    *,
    mode: ModeNow,
    policy: Policy,
    confidence: Confidence,
    recommended: Sequence[ActionName],
    target: str | None,
    kinds: Collection[AccountKind],
    synced: bool | None = False,
    federated: str | None = None,
    federated_unknown: bool = False,
    addresses: Sequence[AddressFacts] = (),
    supported: Collection[ActionName] | None = None,
) -> list[PlannedAction]:
    """Return the plan, in the order of doing; never empty, so that the record says the decision.

    Args:
        mode: how far the app may go by itself now (``mode_at``).
        policy: what may be done without asking to which kind of account.
        confidence: the verdict's confidence.
        recommended: what scoring recommends.
        target: the account's object id or principal name; ``None`` when the incident names none.
        kinds: from ``classify_account``; none: not known, nothing is automatic.
        synced: whether the account is mastered on-premises; ``None`` when not known.
        federated: the domain whose own identity provider checks the account's password, if any.
        federated_unknown: the directory could not tell now whether there is one.
        addresses: the case's addresses with what is known about each.
        supported: actions that a configured provider can do; ``None`` means all.
    """
    lines: list[PlannedAction] = []
    if target:
        cannot = {
            one: why_never(one, kinds, synced=synced, federated=federated) for one in ActionName
        }
        for action in _account_actions(confidence, recommended, kinds, cannot, federated):
            never = cannot[action] or _unsupported(action, supported)
            asks = []
            if action is ActionName.FORCE_PASSWORD_RESET and synced is None:
                asks.append("whether it is mastered on-premises is not known")
            if action is ActionName.FORCE_PASSWORD_RESET and federated_unknown:
                asks.append("whether another identity provider checks its password is not known")
            asks += why_not_alone(action, mode, confidence, kinds, policy)
            alone = why_alone(action, confidence, kinds)
            lines.append(_line(action, target, mode, never, asks, alone, synced=synced))
    for facts in _addresses_to_block(confidence, recommended, addresses):
        never = why_never(ActionName.BLOCK_IP, kinds, synced=None)
        never = never or _why_not_block(facts) or _unsupported(ActionName.BLOCK_IP, supported)
        if never is None and facts.cannot_block:
            never = f"{facts.cannot_block}; block {facts.address} by hand"
        asks = [] if _warrants_block(facts) else ["its reputation alone does not warrant a block"]
        asks += facts.doubts
        asks += why_not_alone(ActionName.BLOCK_IP, mode, confidence, kinds, policy)
        alone = why_alone(ActionName.BLOCK_IP, confidence, kinds)
        lines.append(_line(ActionName.BLOCK_IP, facts.address, mode, never, asks, alone))
    return lines or [_idle(mode, confidence, recommended, target, kinds)]


def hold_plan(plan: Sequence[PlannedAction], why: str) -> list[PlannedAction]:
    """Return the plan with nothing automatic in it that changes anything: it is asked instead."""
    return [
        line.model_copy(update={"disposition": Disposition.ASK, "why": why})
        if line.disposition is Disposition.AUTOMATIC and line.action not in NOTHING_TO_DO
        else line
        for line in plan
    ]


def apply_decision(
    plan: Sequence[PlannedAction], decision: Decision, *, blockable_address: str | None = None
) -> list[PlannedAction]:
    """Return what to run because a person chose it, in the order of doing.

    A person may also choose account actions that the plan does not name, and to block
    ``blockable_address`` (the address that was shown, when it may be blocked), also when the plan
    has by now a line about another one. Never returned: lines that are automatic (they run anyway),
    lines the plan says ``never``, and anything at all when the plan asks for nothing (observe mode,
    break-glass). ``MonitorOnly`` and ``NoAction`` exclude the rest.
    """
    chosen = set(decision.actions)
    asked = [line for line in plan if line.disposition is Disposition.ASK]
    if not asked or chosen & set(NOTHING_TO_DO):
        return []
    why = f"chosen by {decision.decided_by}"
    blocks = [line for line in asked if line.action is ActionName.BLOCK_IP]
    named = {line.target for line in blocks} & set(decision.targets)
    run = [
        line.model_copy(update={"why": why})
        for line in asked
        if line.action in chosen
        and (line.action is not ActionName.BLOCK_IP or not named or line.target in named)
    ]
    planned = {line.action for line in plan}
    account = next((line.target for line in plan if line.action in ACCOUNT_ACTIONS), None)
    if account is not None:
        run += [
            PlannedAction(action=action, target=account, disposition=Disposition.ASK, why=why)
            for action in ACCOUNT_ACTIONS
            if action in chosen and action not in planned
        ]
    addresses = {line.target for line in plan if line.action is ActionName.BLOCK_IP}
    shown = blockable_address if not blocks and blockable_address not in addresses else None
    if ActionName.BLOCK_IP in chosen and shown:
        run.append(
            PlannedAction(
                action=ActionName.BLOCK_IP,
                target=shown,
                disposition=Disposition.ASK,
                why=why,
            )
        )
    return sorted(run, key=_order)


def decision_errors(actions: Sequence[ActionName]) -> list[str]:
    """Return what is wrong with a choice, as sentences; empty when it can be taken."""
    if not actions:
        return ["choose at least one action, or MonitorOnly or NoAction"]
    idle = [action for action in actions if action in NOTHING_TO_DO]
    if idle and len(set(actions)) > 1:
        return [f"{idle[0]} cannot be combined with another action"]
    return []


def _account_actions(
    confidence: Confidence,
    recommended: Sequence[ActionName],
    kinds: Collection[AccountKind],
    cannot: Mapping[ActionName, str | None],
    federated: str | None,
) -> list[ActionName]:
    if confidence is Confidence.LOW:
        return []
    wanted = {action for action in recommended if action in ACCOUNT_ACTIONS}
    if confidence is Confidence.HIGH or not recommended:
        wanted |= SEED_CONTAINMENT
    # What cannot be done is named as never, so that nobody chooses it and a manual task results.
    if wanted and AccountKind.BREAK_GLASS not in kinds:
        wanted |= {one for one in ACCOUNT_ACTIONS if cannot[one]}
    # Whose password cannot be replaced here is kept out by nothing less.
    if wanted and (AccountKind.GUEST in kinds or federated):
        wanted.add(ActionName.DISABLE_ACCOUNT)
    return [action for action in ACCOUNT_ACTIONS if action in wanted]


def _addresses_to_block(
    confidence: Confidence, recommended: Sequence[ActionName], addresses: Sequence[AddressFacts]
) -> list[AddressFacts]:
    if confidence is Confidence.LOW:
        return []
    proposed = ActionName.BLOCK_IP in recommended
    high = confidence is Confidence.HIGH
    return [facts for facts in addresses if proposed or (high and _is_worth_a_line(facts))]


def _is_worth_a_line(facts: AddressFacts) -> bool:
    """Whether to plan a block; that an attack's address is never blocked is worth saying, too."""
    return _warrants_block(facts) or facts.never_block is not None


def _warrants_block(facts: AddressFacts) -> bool:
    return facts.reputation is AddressReputation.MALICIOUS or facts.highly_unusual


def _why_not_block(facts: AddressFacts) -> str | None:
    if facts.never_block:
        return f"{facts.address} is never blocked: {facts.never_block}"
    if facts.reputation is AddressReputation.BENIGN:
        return f"{facts.address} is never blocked: it belongs to a service that others share"
    return None


def _unsupported(action: ActionName, supported: Collection[ActionName] | None) -> str | None:
    if supported is None or action in supported:
        return None
    return "no provider for this action is configured; do it by hand"


def _line(
    action: ActionName,
    target: str,
    mode: ModeNow,
    never: str | None,
    asks: list[str],
    alone: str,
    *,
    synced: bool | None = False,
) -> PlannedAction:
    if never is not None:
        disposition, why = Disposition.NEVER, never
    elif asks:
        disposition, why = Disposition.ASK, "; ".join(asks)
    else:
        disposition, why = Disposition.AUTOMATIC, alone
    if synced and action is ActionName.DISABLE_ACCOUNT:
        why += "; disable it in Active Directory too, the next synchronisation may undo this"
    if mode.mode is OperatingMode.OBSERVE and disposition is not Disposition.NEVER:
        word = "would ask" if disposition is Disposition.ASK else "would be done now"
        disposition, why = Disposition.NEVER, f"{mode.name}: nothing is done; {word}: {why}"
    return PlannedAction(action=action, target=target, disposition=disposition, why=why)


def _idle(
    mode: ModeNow,
    confidence: Confidence,
    recommended: Sequence[ActionName],
    target: str | None,
    kinds: Collection[AccountKind],
) -> PlannedAction:
    """Return the line that says that nothing is to be done."""
    action, why = ActionName.MONITOR_ONLY, f"confidence is {confidence}: nothing is changed"
    if target is None:
        why = "the incident names no account: a person has to find out whose it is"
    elif ActionName.NO_ACTION in recommended:
        action = ActionName.NO_ACTION
    disposition = Disposition.AUTOMATIC
    if mode.mode is OperatingMode.OBSERVE:
        disposition, why = Disposition.NEVER, f"{mode.name}: nothing is done; {why}"
    elif never := why_never(action, kinds, synced=None):
        disposition, why = Disposition.NEVER, f"{never}; {why}"
    return PlannedAction(
        action=action, target=target or "incident", disposition=disposition, why=why
    )


def _order(line: PlannedAction) -> int:
    order = (*ACCOUNT_ACTIONS, ActionName.BLOCK_IP)
    return order.index(line.action) if line.action in order else len(order)
