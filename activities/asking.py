"""What a question rests on outside of its case: who answered it first, and what is allowed now."""

import asyncio
from typing import Any

from durabletask import task

from activities.directories import all_roles
from activities.support import utc_now
from shared.bootstrap import get_providers
from shared.models.account_kind import AccountKind
from shared.models.base import Json
from shared.models.case import CaseRequest
from shared.models.plan import ActionName, Decision
from shared.playbook.planning.answers import answer_claim
from shared.playbook.planning.decided import Decided
from shared.playbook.planning.guard_rails import AccountFacts, classify_account
from shared.playbook.planning.permission import mode_at
from shared.playbook.planning.still_permitted import still_permitted
from shared.policy import get_policy


async def claim_decision(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Claim the answer of a question, as the routes do for a person.

    Input: ``{"case_id", "decision": what is to answer the question}``; its ``channel`` says when it
    is silence or a newer question. Output: ``{"decision": the one that counts}``.

    Effect: one claim in the case store; from then on whoever answers is told that it is too late.
    Idempotency: the first claim of a question counts, and is returned to whoever asks again.
    Permission: Storage Blob Data Contributor on the case container.

    Raises:
        TourniquetError: the store does not answer.
    """
    mine = Decision.model_validate(payload["decision"]).to_json()
    name = answer_claim(mine["run"], mine["question"])
    earlier = await get_providers().require("cases").claim(payload["case_id"], name, mine)
    return {"decision": earlier or mine}


async def check_silence(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Say what of that which silence was to do the policy still allows, at this moment.

    Input: ``{"case": CaseRequest, "decided": Decided without its blocks, "actions"}``. Output:
    ``{"actions": those that may be done, "why": why the others may not, "limits": the policy's,
    "kinds": what the account is}``. The policy and the mode are those of this worker: switched
    since the question was put, they stop what nobody wanted. The account's roles are read anew.

    Effect: none, reads only.
    Idempotency: the same policy, settings, roles and hour give the same answer.
    Permission: RoleManagement.Read.Directory, RoleEligibilitySchedule.Read.Directory and
    GroupMember.Read.All (Microsoft Graph application permissions); for Okta the scope
    okta.roles.read.

    Raises:
        TourniquetError: the roles could not be read; silence must not act then.
    """
    case = CaseRequest.model_validate(payload["case"])
    decided = Decided.model_validate(payload["decided"])
    policy = get_policy()
    kinds = await _kinds(case, decided)
    actions, why = still_permitted(
        [ActionName(one) for one in payload["actions"]],
        decided,
        policy,
        mode_at(case.mode, policy, utc_now()),
        kinds,
    )
    limits = policy.limits.to_json()
    return {"actions": actions, "why": why, "limits": limits, "kinds": sorted(kinds)}


async def _kinds(case: CaseRequest, decided: Decided) -> set[AccountKind]:
    """Return the kinds that the account had when it was judged, and what it has become since.

    An attacker may have made it an administrator. Without an object id nobody can tell.
    """
    judged = {AccountKind(one) for one in decided.account.get("kinds", ())}
    if decided.object_id is None:
        return judged | {AccountKind.UNKNOWN}
    twins: list[Json] = decided.account.get("also_in") or []
    places = [(decided.directory, decided.object_id)]
    places += [(str(one["directory"]), str(one["object_id"])) for one in twins]
    roles = await asyncio.gather(
        *(all_roles(get_providers().directory_of(name), found) for name, found in places)
    )
    names = [decided.user_principal_name, decided.object_id]
    if case.account is not None:
        known = case.account
        names += [known.user_id, known.user_principal_name, known.object_id, known.sid]
    names += [one.get(name) for one in twins for name in ("object_id", "user_principal_name")]
    facts = AccountFacts(
        identifiers=[name for name in names if name], known=True, is_admin_role=any(roles)
    )
    accounts = get_policy().accounts
    listed = classify_account(
        facts, break_glass=accounts.break_glass, vip=accounts.vip, service=accounts.service
    )
    return judged | (listed - {AccountKind.ORDINARY})
