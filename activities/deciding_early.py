"""Deciding early: what is certain before every answer has come. No call to anybody."""

from typing import Any

from durabletask import task

from activities.case_facts import (
    Blocks,
    compromised_since,
    kinds_of,
    plan_lines,
    profile_of,
    scoring_input,
)
from activities.support import utc_now
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.case import CaseRequest
from shared.models.plan import Disposition
from shared.playbook.acting.containment import FIRST_ACTIONS
from shared.playbook.confidence.certainty import certain_verdict
from shared.playbook.confidence.scoring import recommend
from shared.playbook.planning.decided import Decided
from shared.playbook.planning.permission import mode_at
from shared.playbook.planning.where import directory_of_case
from shared.policy import get_policy

_TELLS_NOTHING: Json = {"outputs": {}, "details": {}}
_NEEDED = frozenset({BlockName.USER, BlockName.SIGN_INS})
_JUDGED = (*_NEEDED, BlockName.ADDRESS, BlockName.ACTIVITY)


async def decide_early(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Return what is done to the account without asking, whatever is still being asked says.

    Input: ``{"case": CaseRequest, "blocks": {name: Block}}`` with the blocks that have answered, at
    least the account's and its sign-ins', of each what decides (``only_decisive``). Output: ``{}``
    when nothing is certain, else a ``Decided`` about the account whose plan are those lines:
    disabling, password, sessions, which come first anyway. ``decide_response`` plans each of them
    too, and decides the rest.

    Effect: none.
    Idempotency: the same input, settings, policy and hour give the same result.
    Permission: none.
    """
    case = CaseRequest.model_validate(payload["case"])
    answered: Blocks = payload["blocks"]
    missing = [name for name in _JUDGED if name not in answered]
    if case.account is None or _NEEDED.intersection(missing):
        return {}
    blocks = answered | dict.fromkeys(missing, _TELLS_NOTHING)
    facts = scoring_input(blocks)
    verdict = certain_verdict(facts, missing)
    if verdict is None:
        return {}
    recommended = recommend(facts, verdict)
    now = mode_at(case.mode, get_policy(), utc_now())
    plan = plan_lines(case, blocks, facts, verdict, recommended, [], now)
    certain = [
        line
        for line in plan
        if line.disposition is Disposition.AUTOMATIC and line.action in FIRST_ACTIONS
    ]
    if not certain:
        return {}
    user = profile_of(blocks)
    return Decided(
        verdict=verdict.model_copy(update={"reasons": []}),
        plan=certain,
        account={"kinds": sorted(kinds_of(case, blocks))},
        object_id=user.object_id if user else case.account.object_id,
        directory=directory_of_case(case, blocks),
        user_principal_name=facts.user_principal_name,
        limits=get_policy().limits,
        compromised_since=compromised_since(facts.analysis),
        attacked_at=blocks[BlockName.SIGN_INS]["details"].get("last_success_at"),
    ).to_json()
