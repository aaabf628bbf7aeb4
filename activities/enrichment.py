"""Who is the account: the block ``AD_User_Enrichment``."""

import asyncio
from datetime import datetime
from typing import Any

from durabletask import task

from activities.directories import Found, also_in, find_account
from activities.support import gather_parts, utc_now
from shared.bootstrap import ENTRA, get_providers
from shared.models.base import Json
from shared.models.block import BlockName, BlockStatus, make_block
from shared.models.case import Account, CaseRequest
from shared.models.directory import DirectoryUser, Memberships, MfaRegistration, UserRisk

MAX_GROUPS = 100
"""Group names kept in the record; the number of all is in ``details``."""

KEEPER = "who checks the password"


async def enrich_user(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Read the account's profile, roles held and eligible, groups, second factors and risk.

    Input: ``{"case": CaseRequest}``. Returns a block result; ``details`` names the directory that
    serves the case, and the same account in others. ``mfa_status_at_login`` and the last
    known logon come from the sign-in log, not from the directory: deciding fills them in.

    Effect: none, reads only.
    Idempotency: a read; run again it returns the current facts.
    Permission: User.Read.All, RoleManagement.Read.Directory,
    RoleEligibilitySchedule.Read.Directory, GroupMember.Read.All, AuditLog.Read.All,
    IdentityRiskyUser.Read.All, Domain.Read.All (Microsoft Graph application permissions); for Okta
    the scopes okta.users.read and okta.roles.read.
    """
    case = CaseRequest.model_validate(payload["case"])
    account = case.account
    if account is None:
        raise ValueError("enrich_user needs a case with an account")
    started = utc_now()
    inputs = {"user_id": account.user_id, "successful_login_ip": case.successful_login_ip}
    found = await find_account(account)
    user = found.user
    if user is None:
        return _without_profile(account, found, inputs, started)
    directory = get_providers().directory_of(found.name)
    parts, (twins, silent) = await asyncio.gather(
        gather_parts(
            {
                "roles and groups": directory.get_memberships(user.object_id),
                "MFA registration": directory.get_mfa_registration(user.object_id),
                "eligible roles": directory.get_eligible_roles(user.object_id),
                "risk": directory.get_risk(user.object_id),
                KEEPER: directory.federated_domain(user),
            }
        ),
        also_in(found, user),
    )
    memberships: Memberships | None = parts["roles and groups"]
    mfa: MfaRegistration | None = parts["MFA registration"]
    eligible: list[str] | None = parts["eligible roles"]
    return make_block(
        BlockName.USER,
        BlockStatus.PARTIAL if parts.notes or silent else BlockStatus.COMPLETE,
        inputs=inputs,
        outputs={
            "user_principal_name": user.user_principal_name,
            "user_display_name": user.display_name,
            "is_admin_role": _is_admin(memberships, mfa, eligible),
            "mfa_enabled": mfa.mfa_enabled if mfa else None,
            "user_groups": memberships.groups[:MAX_GROUPS] if memberships else None,
        },
        notes=[*parts.notes, *silent],
        details=_details(user, memberships, mfa, parts["risk"])
        | {"eligible_roles": eligible, "federated_domain": parts[KEEPER]}
        | {"federated_unknown": KEEPER not in parts.results}
        | {"directory": found.name, "also_in": twins, "elsewhere_unknown": bool(silent)},
        started_at=started,
        finished_at=utc_now(),
    ).to_json()


def _without_profile(account: Account, found: Found, inputs: Json, started: datetime) -> Json:
    """Return the block when all that is known is what the incident says."""
    return make_block(
        BlockName.USER,
        BlockStatus.PARTIAL,
        inputs=inputs,
        outputs={
            "user_principal_name": account.user_principal_name,
            "user_display_name": account.display_name,
        },
        notes=found.notes,
        details={"directory": found.name} if found.name != ENTRA else {},
        started_at=started,
        finished_at=utc_now(),
    ).to_json()


def _is_admin(
    memberships: Memberships | None, mfa: MfaRegistration | None, eligible: list[str] | None
) -> bool | None:
    """Whether the account has a directory role, or may activate one: whoever it is may, too."""
    if (memberships is not None and memberships.roles) or eligible:
        return True
    if mfa is not None and mfa.is_admin:
        return True
    return False if memberships is not None and eligible is not None else None


def _details(
    user: DirectoryUser,
    memberships: Memberships | None,
    mfa: MfaRegistration | None,
    risk: UserRisk | None,
) -> Json:
    return {
        "profile": user.to_json(),
        "roles": memberships.roles if memberships else None,
        "groups_total": len(memberships.groups) if memberships else None,
        "authentication_methods": mfa.methods if mfa else None,
        "risk": risk.to_json() if risk else None,
    }
