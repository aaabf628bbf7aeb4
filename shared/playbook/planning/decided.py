"""What deciding brings: the verdict, the plan, and the facts about the account they rest on."""

from pydantic import Field

from shared.models.base import Json, Model, UtcDatetime
from shared.models.block import BlockName, BlockStatus, make_block
from shared.models.case import CaseRequest, OperatingMode
from shared.models.directory import ENTRA
from shared.models.plan import ActionName, Disposition, PlannedAction
from shared.models.policy import Limits
from shared.models.verdict import Confidence, Reason, Verdict

NOT_THE_ATTACKS = "no sign-in that was judged came from it, so it may be anybody's"
"""Why no log is asked by an address that no rule protects."""

_WHOSE = (
    "object_id",
    "directory",
    "user_principal_name",
    "compromised_since",
    "attacked_at",
)
"""What says on whom the case acts, and since when somebody else does."""
_DECISIVE: dict[str, tuple[str, ...]] = {
    BlockName.SIGN_INS: ("analysis", "complete", "last_success_at"),
    BlockName.ADDRESS: ("verdict",),
    BlockName.ACTIVITY: (),
}
"""Of the details of these blocks, what deciding about an account reads; of others, everything."""
_DECISIVE_OUTPUTS: dict[str, tuple[str, ...]] = {
    BlockName.SIGN_INS: (),
    BlockName.ADDRESS: (),
    BlockName.ACTIVITY: ("findings",),
}


class Decided(Model):
    """Result of the activity ``decide_response``."""

    verdict: Verdict
    plan: list[PlannedAction] = Field(default_factory=list)
    recommended: list[ActionName] = Field(default_factory=list)
    blocks: dict[str, Json] = Field(default_factory=dict)
    """Blocks to add to or replace in the record: scoring, and the completed user block."""
    account: Json = Field(default_factory=dict)
    """Facts about the account for the record: names, kinds, roles, synced, guest."""
    object_id: str | None = None
    directory: str = ENTRA
    """The directory that contains the account: ``object_id`` is its id there."""
    user_principal_name: str | None = None
    address: str | None = None
    """The address the attack came from."""
    blockable_address: str | None = None
    """The same, when a firewall is configured and no rule forbids blocking it."""
    campaign_address: str | None = None
    """The attack's address, when no rule forbids to block it: other accounts that it hit belong
    to the same attack. One that many share would link strangers."""
    hostile: list[str] = Field(default_factory=list)
    """Addresses of the attack that no rule protects: logs are kept by them, whoever's rows."""
    spared: dict[str, str] = Field(default_factory=dict)
    """The case's other addresses, with why no log is asked for everybody there."""
    compromised_since: UtcDatetime | None = None
    """When the attacker was first seen inside; ``None``: not known. Older things stay theirs whose
    account it is."""
    limits: Limits = Limits()
    """How many cases may contain by themselves; more are asked."""
    on_silence: list[ActionName] = Field(default_factory=list)
    """What the policy lets happen to this account when nobody answers; of it, what is asked."""
    mode: OperatingMode | None = None
    """The mode that was in force; ``None`` for a judgement from before it was kept."""
    alone: list[ActionName] = Field(default_factory=list)
    """What the policy's ``automatic`` allowed for this account at this confidence."""
    two_persons: bool = False
    """Whether two different people have to want its containment."""
    attacked_at: UtcDatetime | None = None
    """The last sign-in from the attack's address that succeeded, as far as the log shows."""

    def with_begun(self, begun: "Decided") -> "Decided":
        """Return the same with what has begun in the plan as it began, on that account.

        It is planned just so, unless deciding failed, or settings or policy changed in between.
        """
        kept = {(line.action, line.target): line for line in begun.plan}
        plan = [kept.pop((line.action, line.target), line) for line in self.plan]
        update = {name: getattr(begun, name) for name in _WHOSE}
        whose = {"object_id": begun.object_id, "directory": begun.directory}
        account = begun.account | self.account | whose
        return self.model_copy(
            update=update | {"plan": [*kept.values(), *plan], "account": account}
        )


def only_decisive(blocks: dict[str, Json]) -> dict[str, Json]:
    """Return of gathered blocks what decides about the account: a history keeps every input."""
    return {
        name: {
            "outputs": _only(block["outputs"], _DECISIVE_OUTPUTS.get(name)),
            "details": _only(block["details"], _DECISIVE.get(name)),
        }
        for name, block in blocks.items()
    }


def _only(values: Json, names: tuple[str, ...] | None) -> Json:
    return values if names is None else {key: values[key] for key in names if key in values}


def undecided(case: CaseRequest, blocks: dict[str, Json], error: str) -> Decided:
    """Return the safe answer when deciding itself failed: Medium, and a person judges.

    Source: seed 004, ``Compromise_Confidence_Scoring`` failure handling.
    """
    reason = Reason(
        id="scoring_failed",
        title="The score could not be computed; a person has to judge",
        weight=0.0,
        evidence=error,
    )
    verdict = Verdict(
        compromise_confidence_score=Confidence.MEDIUM,
        score=50,
        reasons=[reason],
        completeness=0.0,
        ruleset="none",
    )
    target = case.account.user_principal_name or case.account.user_id if case.account else None
    plan = [
        PlannedAction(
            action=ActionName.MONITOR_ONLY,
            target=target or "incident",
            disposition=Disposition.NEVER,
            why="the score could not be computed: judge by hand and contain by hand",
        )
    ]
    block = make_block(
        BlockName.SCORING,
        BlockStatus.FAILED,
        inputs={},
        outputs={
            "compromise_confidence_score": verdict.compromise_confidence_score,
            "recommended_containment_actions": [],
            "justification_for_score": f"{reason.title}: {error}",
        },
        notes=[error],
    ).block.to_json()
    account = case.account
    return Decided(
        verdict=verdict,
        plan=plan,
        blocks={BlockName.SCORING: block},
        account=account.to_json() if account else {},
        object_id=account.object_id if account else None,
        directory=(account.directory if account else None) or ENTRA,
        user_principal_name=account.user_principal_name if account else None,
        address=case.successful_login_ip,
    )
