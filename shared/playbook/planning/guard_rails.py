"""Guard rails: what kind of account it is, and what must never or not by itself be done to it.

Impact never changes how likely a compromise is; it only decides who may pull the trigger (DESIGN
sections 6 and 7). What is not known is treated as if it mattered: an account is ordinary only when
the directory said so.
"""

from collections.abc import Collection, Iterable

from pydantic import Field

from shared.models.account_kind import AccountKind
from shared.models.base import Json, Model
from shared.models.case import Account
from shared.models.directory import DirectoryUser
from shared.models.plan import ActionName


class AccountFacts(Model):
    """What the guard rails need to know about an account."""

    identifiers: list[str] = Field(default_factory=list)
    """Every name of the account, from the incident and from the directory."""
    known: bool = False
    """Whether the directory gave the profile; false makes every action a question."""
    user_type: str | None = None
    is_admin_role: bool | None = None
    """Any directory role; ``None`` when roles could not be read."""
    on_premises_sync_enabled: bool | None = None


def account_facts(
    account: Account | None,
    user: DirectoryUser | None,
    *,
    is_admin_role: bool | None,
    roles: Collection[str] = (),
) -> AccountFacts:
    """Collect the facts from the incident's account and from enrichment (``None``: it failed)."""
    names: list[str | None] = []
    if account is not None:
        names += [
            account.user_id,
            account.user_principal_name,
            account.object_id,
            account.sid,
        ]
    if user is not None:
        names += [user.object_id, user.user_principal_name]
    return AccountFacts(
        identifiers=list(dict.fromkeys(name for name in names if name)),
        known=user is not None,
        user_type=user.user_type if user is not None else None,
        is_admin_role=True if roles else is_admin_role,
        on_premises_sync_enabled=user.on_premises_sync_enabled if user is not None else None,
    )


def everywhere(facts: AccountFacts, details: Json) -> AccountFacts:
    """Return the facts with what the same account is in other directories.

    ``details`` are those of the block ``AD_User_Enrichment``: ``also_in`` (each with ``object_id``
    and ``roles``, ``None`` when they could not be read) and ``elsewhere_unknown``. Who is plain
    here and an administrator there is one.
    """
    twins: list[Json] = details.get("also_in") or []
    known_plain = not details.get("elsewhere_unknown")
    is_admin = facts.is_admin_role
    for twin in twins:
        roles = twin.get("roles", [])
        known_plain = known_plain and roles is not None
        is_admin = True if roles else is_admin
    return facts.model_copy(
        update={
            "identifiers": [*facts.identifiers, *(str(twin["object_id"]) for twin in twins)],
            "is_admin_role": None if is_admin is False and not known_plain else is_admin,
        }
    )


def classify_account(
    facts: AccountFacts,
    *,
    break_glass: Iterable[str] = (),
    vip: Iterable[str] = (),
    service: Iterable[str] = (),
) -> set[AccountKind]:
    """Return the kinds of an account; the lists are user principal names or object ids.

    ``ORDINARY`` is in the answer only when profile and roles are known and no other kind applies.
    When they are not, ``UNKNOWN`` is in it beside what is known: a VIP may hold a role, too. A bare
    account name matches a listed principal name with the same local part, because then touching it
    could touch the listed one.
    """
    kinds = {
        kind
        for kind, listed in (
            (AccountKind.BREAK_GLASS, break_glass),
            (AccountKind.VIP, vip),
            (AccountKind.SERVICE, service),
        )
        if _is_listed(facts.identifiers, listed)
    }
    if facts.is_admin_role:
        kinds.add(AccountKind.PRIVILEGED)
    external = any("#ext#" in name.lower() for name in facts.identifiers)
    if external or (facts.user_type or "").lower() == "guest":
        kinds.add(AccountKind.GUEST)
    if AccountKind.BREAK_GLASS not in kinds and (not facts.known or facts.is_admin_role is None):
        kinds.add(AccountKind.UNKNOWN)
    return kinds or {AccountKind.ORDINARY}


def why_never(
    action: ActionName,
    kinds: Collection[AccountKind],
    *,
    synced: bool | None,
    federated: str | None = None,
) -> str | None:
    """Return why an action must not be done to such an account at all, or ``None``.

    Sources: Microsoft Learn, "Revoke user access in Microsoft Entra ID" (synced accounts are reset
    on-premises; revokeSignInSessions has no effect on external users); DESIGN section 7.
    ``federated`` is the domain whose own identity provider checks the password.
    """
    if AccountKind.BREAK_GLASS in kinds:
        return (
            "break-glass account: the app never touches it; call its owners and follow the "
            "emergency access procedure"
        )
    if AccountKind.GUEST in kinds and action is ActionName.REVOKE_SESSIONS:
        return (
            "guest account: revoking sessions has no effect on external users; ask the home "
            "organisation to revoke them"
        )
    if AccountKind.GUEST in kinds and action is ActionName.FORCE_PASSWORD_RESET:
        return (
            "guest account: the password lives in the home organisation; ask it to reset the "
            "password"
        )
    if AccountKind.GUEST in kinds and action is ActionName.DISABLE_INBOX_RULES:
        return (
            "guest account: the mailbox is in the home organisation; ask it to look at the inbox "
            "rules"
        )
    if synced and action is ActionName.FORCE_PASSWORD_RESET:
        return (
            "mastered on-premises: the password must be reset in Active Directory, twice, by hand"
        )
    if federated and action is ActionName.FORCE_PASSWORD_RESET:
        return (
            f"the domain {federated} is federated: its own identity provider checks the password, "
            "and one set in Entra keeps nobody out; reset it there and end its sessions there, by "
            "hand"
        )
    return None


def why_ask(kinds: Collection[AccountKind]) -> list[str]:
    """Return why a person must be asked before such an account is touched; empty if nobody must."""
    reasons = [
        text
        for kind, text in (
            (AccountKind.PRIVILEGED, "privileged account (holds or may activate a directory role)"),
            (AccountKind.VIP, "VIP account"),
            (AccountKind.SERVICE, "service account: containing it can stop what it runs"),
            (AccountKind.GUEST, "guest account of another organisation"),
        )
        if kind in kinds
    ]
    if AccountKind.UNKNOWN in kinds or not (reasons or AccountKind.ORDINARY in kinds):
        what = "what else it is" if reasons else "what kind of account it is"
        reasons.append(
            f"{what} could not be established; make sure that it is not a break-glass, service or "
            "privileged account"
        )
    return reasons


def _is_listed(identifiers: Collection[str], listed: Iterable[str]) -> bool:
    names = {name.strip().lower() for name in listed} - {""}
    bare = {name.partition("@")[0] for name in names if "@" in name}
    for identifier in identifiers:
        text = identifier.strip().lower()
        if text in names or ("@" not in text and text in bare):
            return True
    return False
