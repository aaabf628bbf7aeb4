"""Who gets a case's mail: never an account that was attacked, whoever put it on a list."""

from collections.abc import Iterable

from shared.models.base import Json
from shared.models.block import BlockName


def without_the_account(recipients: Iterable[str], record: Json) -> list[str]:
    """Return the recipients whose mail whoever holds the account cannot read, as far as is known.

    Left out are the account's names and mail addresses in every directory that has it, and the
    names of other accounts that the same address hit, also with other letter case, with a ``+tag``
    or as ``Name <address>``; a list or a shared mailbox that they are members of cannot be told.
    """
    own = {_plain(name) for name in _names(record)}
    return [one for one in dict.fromkeys(recipients) if _plain(one) not in own]


def _names(record: Json) -> list[str]:
    account: Json = record.get("account") or {}
    user = (record.get("blocks") or {}).get(BlockName.USER) or {}
    details: Json = user.get("details") or {}
    places: list[Json] = [account, details.get("profile") or {}, *(details.get("also_in") or [])]
    fields = ("user_principal_name", "user_id")
    found = [str(place.get(name) or "") for place in places for name in fields]
    found += [str(one.get("account") or "") for one in record.get("campaign") or []]
    found += [str(one) for place in places for one in place.get("mail_addresses") or []]
    return [name for name in found if "@" in name]


def _plain(address: str) -> str:
    inner = address.rpartition("<")[2].rstrip("> ").strip().casefold()
    local, _at, domain = inner.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
