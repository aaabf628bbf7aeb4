"""By which of its names an account is looked for in the logs, and where none is known that helps.

Some logs name an account by its principal name or its bare name only. Asked for an object id they
answer nothing, which must not be taken for "nothing happened".
"""

from collections.abc import Iterable

from shared.models.base import Json
from shared.models.case import CaseRequest

NOBODY = "(name not known)"
"""Stands for a name that is not known; no record has it, nor any part of one."""
NONE_THERE = "(no such name)"
"""Stands for a name that the account is known not to have."""

_ID, _PRINCIPAL, _BARE = "userId", "userPrincipalName", "accountName"
_ON_PREMISES = "onPremisesName"
_KNOWS_ON_PREMISES_ONLY = frozenset({"CommonSecurityLog", "DeviceLogonEvents"})
"""Logs of computers and firewalls: a synced account has the name there that it has on-premises."""
_NAMES = {
    "OfficeActivity": (_PRINCIPAL,),
    "CommonSecurityLog": (_PRINCIPAL, _BARE),
    "DeviceLogonEvents": (_BARE, _ON_PREMISES),
    "DeviceProcessEvents": (_ID, _PRINCIPAL, _BARE),
    "UDM OFFICE_365": (_PRINCIPAL,),
    "UDM PROCESS_LAUNCH": (_ID, _PRINCIPAL, _BARE),
    "UDM USER_LOGIN": (_ID, _PRINCIPAL, _BARE),
}
"""By log, the names that its records give an account."""
_USUAL = (_ID, _PRINCIPAL)


def query_parameters(
    case: CaseRequest, user_principal_name: str | None, on_premises_name: str | None = ""
) -> Json:
    """Return the values every hunt and export may use; an unknown one is an impossible value.

    Args:
        case: the case; what it does not know of the account is taken from the next argument.
        user_principal_name: as the directory has it, if it was asked and answered.
        on_premises_name: as the directory has it; empty: none, ``None``: not known. Then a bare
            name that the incident tells is it.
    """
    account = case.account
    name = user_principal_name or (account.user_principal_name if account else None)
    bare = account.user_id if account and account.user_id != account.sid else None
    object_id = account.object_id if account else None
    told = bare if bare and bare != object_id and "@" not in bare else None
    nowhere = NOBODY if on_premises_name is None else NONE_THERE
    return {
        _ID: object_id or name or NOBODY,
        _PRINCIPAL: name or NOBODY,
        _BARE: name.partition("@")[0] if name else (None if object_id else bare) or NOBODY,
        _ON_PREMISES: on_premises_name or told or nowhere,
        "addresses": list(case.addresses) or ["-"],
    }


def why_unanswerable(tables: Iterable[str], query: str, parameters: Json) -> str | None:
    """Return why a query cannot find the account in these logs; ``None`` when it can.

    A query that does not ask for the account by any name (but by its addresses, say) can.
    """
    for table in tables:
        names = _NAMES.get(table, _USUAL)
        asked = any(name in query for name in (_ID, _PRINCIPAL, _BARE))
        if asked and all(parameters[name] in (NOBODY, NONE_THERE) for name in names):
            return f"the account's name is not known, and {table} knows no other"
    return None


def asks_on_premises(query: str) -> bool:
    """Return whether a query asks for the account by its name on-premises."""
    return _ON_PREMISES in query


def why_in_doubt(tables: Iterable[str], query: str, parameters: Json) -> str | None:
    """Return why a query may miss the account in logs that it can find it in; ``None``: no doubt.

    The local part of the principal name need not be the account's name on-premises.
    """
    if not asks_on_premises(query) or parameters[_ON_PREMISES] != NOBODY:
        return None
    for table in tables:
        if table in _KNOWS_ON_PREMISES_ONLY:
            return f"asked for {parameters[_BARE]} only: the name on-premises is not known"
    return None
