"""Sentinel entities: accounts and addresses in every spelling they arrive in.

Two shapes exist. REST and Logic Apps: ``{"kind": "Account", "properties": {"accountName": ...}}``.
Alerts: ``{"$id": "3", "Type": "account", "Name": ..., "Host": {"$ref": "4"}}``, often JSON text.
Neither has a user principal name: it is ``accountName@upnSuffix`` (Sentinel's entity reference).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from shared.models.case import Account
from shared.playbook.intake.fields import as_object, identifier, pick
from shared.playbook.intake.identifiers import account_key

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NIL_GUID = "00000000-0000-0000-0000-000000000000"
_SID = re.compile(r"S-1-[0-9]+(-[0-9]+)*", re.IGNORECASE)
_MOST_NODES = 20_000
"""How many nested objects are searched for ``$id``; far above a real alert (limit 64 KB)."""


@dataclass(frozen=True, slots=True)
class EntityAccount:
    """An account as one or several entities describe it; identifiers in lower case."""

    object_id: str | None = None
    user_principal_name: str | None = None
    sid: str | None = None
    name: str | None = None
    """Bare name, with the NetBIOS domain in front when known: ``contoso\\ann``."""
    display_name: str | None = None

    @property
    def identity(self) -> str:
        """Return the best identifier there is."""
        return self.object_id or self.user_principal_name or self.name or self.sid or ""

    def identifiers(self) -> frozenset[str]:
        """Return every identifier that can only mean this account."""
        return frozenset(
            part for part in (self.object_id, self.user_principal_name, self.sid) if part
        )

    def to_account(self) -> Account:
        """Return the account of a case."""
        bare = self.name.rpartition("\\")[2] if self.name else None
        user_id = self.object_id or self.user_principal_name or bare or self.sid or ""
        return Account(
            key=account_key(self.identity),
            user_id=user_id,
            user_principal_name=self.user_principal_name,
            object_id=self.object_id,
            display_name=self.display_name,
            sid=self.sid,
        )


@dataclass(frozen=True, slots=True)
class Entities:
    """What a list of entities names."""

    accounts: tuple[EntityAccount, ...] = ()
    addresses: tuple[str, ...] = ()
    """Each once, as written, not yet normalised."""
    unreadable: int = 0
    """Entities that are neither objects nor JSON text, or accounts without any identifier."""


@dataclass(frozen=True, slots=True)
class _Entity:
    account: EntityAccount | None = None
    address: str | None = None
    unreadable: bool = False


def read_entities(items: Iterable[object]) -> Entities:
    """Read accounts and addresses from entities in any shape; other kinds are passed over."""
    objects = [as_object(item) for item in items]
    known = _index_ids(objects)
    # A reference is a few characters, what it refers to may be most of the body.
    referred: dict[str, _Entity] = {}
    accounts: list[EntityAccount] = []
    addresses: dict[str, None] = {}
    unreadable = 0
    for entity in objects:
        reference = identifier(entity.get("$ref"))
        if reference is None:
            one = _read_entity(entity)
        else:
            if reference not in referred:
                referred[reference] = _read_entity(known.get(reference, {}))
            one = referred[reference]
        accounts += [one.account] if one.account else []
        if one.address is not None:
            addresses[one.address] = None
        unreadable += one.unreadable
    return Entities(tuple(accounts), tuple(addresses), unreadable)


def read_account(properties: dict[str, object]) -> EntityAccount | None:
    """Read one account entity's properties, or ``None`` when they identify nobody."""
    name = identifier(pick(properties, "accountName", "name")) or ""
    domain = identifier(pick(properties, "ntDomain"))
    if "\\" in name:
        domain, _, name = name.partition("\\")
    principal = _principal(identifier(pick(properties, "userPrincipalName", "upn")), None)
    principal = principal or _principal(name, identifier(pick(properties, "upnSuffix")))
    friendly = identifier(pick(properties, "friendlyName"))
    display = identifier(pick(properties, "displayName")) or friendly
    object_id = guid(pick(properties, "aadUserId", "objectGuid", "objectId"))
    sid = identifier(pick(properties, "sid"))
    sid = sid.lower() if sid and _SID.fullmatch(sid) else None
    if not (principal or name or object_id or sid) and friendly:
        principal = _principal(friendly, None)
        name = "" if principal else friendly
    bare = None if principal or not name else name.lower()
    account = EntityAccount(
        object_id=object_id,
        user_principal_name=principal,
        sid=sid,
        name=f"{domain.lower()}\\{bare}" if domain and bare else bare,
        display_name=display,
    )
    return account if account.identity else None


def account_from_user_id(user_id: str) -> EntityAccount:
    """Read the runbook's ``user_id``: object id, user principal name, SID or account name."""
    text = user_id.strip()
    if object_id := guid(text):
        return EntityAccount(object_id=object_id)
    if _SID.fullmatch(text):
        return EntityAccount(sid=text.lower())
    if principal := _principal(text, None):
        return EntityAccount(user_principal_name=principal)
    return EntityAccount(name=text.lower())


def guid(value: object) -> str | None:
    """Return an object id in lower case, or ``None`` when the value is not one (or all zeros)."""
    text = (identifier(value) or "").lower().strip("{}")
    return text if _GUID.fullmatch(text) and text != _NIL_GUID else None


def _principal(name: str | None, suffix: str | None) -> str | None:
    text = name or ""
    if text and "@" not in text and suffix:
        text = f"{text}@{suffix.lstrip('@')}"
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain or any(char.isspace() for char in text):
        return None
    return text.lower()


def _read_entity(entity: dict[str, object]) -> _Entity:
    kind, properties = _kind_and_properties(entity)
    if kind == "account":
        account = read_account(properties)
        return _Entity(account=account, unreadable=account is None)
    if kind == "ip":
        address = pick(properties, "address")
        text = address if isinstance(address, str) else None
        return _Entity(address=text, unreadable=text is None)
    return _Entity(unreadable=not kind)


def _kind_and_properties(entity: dict[str, object]) -> tuple[str, dict[str, object]]:
    properties = pick(entity, "properties")
    kind = identifier(pick(entity, "kind"))
    if kind is None and isinstance(properties, dict | str):
        kind = identifier(pick(as_object(properties), "kind", "type"))
    kind = kind or identifier(pick(entity, "type")) or ""
    return kind.lower(), as_object(properties) if properties is not None else entity


def _index_ids(objects: list[dict[str, object]]) -> dict[str, dict[str, object]]:
    """Find every object with ``$id``: one may be spelt out inside another and referred to later."""
    known: dict[str, dict[str, object]] = {}
    waiting: list[object] = list(objects)
    for _ in range(_MOST_NODES):
        if not waiting:
            break
        node = waiting.pop()
        if isinstance(node, dict):
            name = identifier(node.get("$id"))
            if name:
                known.setdefault(name, node)
            waiting.extend(item for item in node.values() if isinstance(item, dict | list))
        elif isinstance(node, list):
            waiting.extend(item for item in node if isinstance(item, dict | list))
    return known
