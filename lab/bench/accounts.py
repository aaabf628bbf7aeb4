"""Many accounts of one tenant under the same attack: one incident and one case for each.

What one account's requests have in common (names, ids, address) occurs in nobody else's, so that
the ledger can be read case by case.
"""

import ipaddress
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from lab.scenarios.expander import expand
from lab.scenarios.loader import load_scenario
from lab.scenarios.models import Common
from shared.models.base import Json
from shared.models.case import OperatingMode
from shared.playbook.intake import parse_sentinel_incident

SCENARIO = "brute-force-success"
_NAME, _DISPLAY_NAME = "dana.rivers", "Dana Rivers"
_OBJECT_ID = "6a1c5f0e-3c51-4f0b-9f1e-0d6f5f0b7a11"
_ADDRESS = "203.0.113.66"

BLOCKED = ipaddress.IPv4Network("203.0.113.0/24")
"""Attackers' addresses that a firewall's IP group takes: documentation addresses (RFC 5737)."""
NEVER_BLOCKED = ipaddress.IPv6Network("2001:db8:b::/48")
"""Attackers' addresses that the bench's policy never blocks (RFC 3849)."""


@dataclass(frozen=True)
class Account:
    """One attacked account: how its requests are recognised, its incident and its case."""

    name: str
    object_id: str
    address: str
    incident: Json
    case_id: str

    def lines(self, ledger: Iterable[Json]) -> list[Json]:
        """Return the ledger's lines about this account or its case."""
        incident = str(self.incident["object"]["name"])
        texts = (self.name, self.object_id, self.address, incident, self.case_id)
        return [line for line in ledger if _mentions(line, texts)]


@dataclass(frozen=True)
class Town:
    """A tenant with attacked accounts: the body of ``PUT /_lab/tenant``, and the accounts."""

    tenant: Json
    accounts: list[Account]


def make_town(common: Common, first: int, count: int, *, blockable: bool) -> Town:
    """Make a tenant in which accounts ``first`` to ``first + count - 1`` were just attacked.

    Args:
        common: what the scenarios share.
        first: number of the first account; the same number is the same name and address.
        count: how many accounts.
        blockable: whether the attackers come from addresses that the firewall is to block.

    Raises:
        IndexError: there are not as many blockable addresses.
    """
    now = datetime.now(UTC)
    play = expand(load_scenario(SCENARIO), common, now)
    network = BLOCKED if blockable else NEVER_BLOCKED
    seen: set[str] = set()
    tenant = empty_like(play.tenant)
    accounts = []
    for number in range(first, first + count):
        name, object_id, address = f"user-{number:05}", str(uuid.uuid4()), str(network[number])
        words = {
            _NAME: name,
            _DISPLAY_NAME: f"User {number:05}",
            _OBJECT_ID: object_id,
            _ADDRESS: address,
            str(play.incident["object"]["name"]): str(uuid.uuid4()),
        }
        merge(tenant, reworded(play.tenant, words), seen)
        incident = reworded(play.incident, words)
        case_id = _case_id(incident, now)
        accounts.append(Account(name, object_id, address, incident, case_id))
    return Town(tenant, accounts)


def _case_id(incident: Json, now: datetime) -> str:
    [case] = parse_sentinel_incident(incident, mode=OperatingMode.AUTOMATIC, received_at=now)
    return case.case_id


def merge(tenant: Json, other: Json, seen: set[str]) -> None:
    """Add what is not there yet: the rows of bystanders are the same for every account.

    ``seen`` holds what is there, as JSON, from one call to the next.
    """
    for part, items in other["directory"].items():
        if isinstance(items, list):
            tenant["directory"].setdefault(part, []).extend(_fresh(items, seen))
    for table, rows in other["tables"].items():
        tenant["tables"].setdefault(table, []).extend(_fresh(rows, seen))
    tenant["addresses"] |= other["addresses"]


def _fresh(items: list[Json], seen: set[str]) -> list[Json]:
    texts = {json.dumps(item, sort_keys=True): item for item in items}
    fresh = [item for text, item in texts.items() if text not in seen]
    seen.update(texts)
    return fresh


def empty_like(tenant: Json) -> Json:
    """Return a tenant of the same moment in which nobody is."""
    return {
        "directory": {"users": [], "namedLocations": []},
        "addresses": {},
        "tables": {name: [] for name in tenant["tables"]},
        "now": tenant["now"],
    }


def reworded(document: Json, words: dict[str, str]) -> Json:
    """Return a copy with each text replaced by another one, wherever it is, in this order."""
    text = json.dumps(document)
    for old, new in words.items():
        text = text.replace(old, new)
    reworded: Json = json.loads(text)
    return reworded


def _mentions(line: Json, texts: Iterable[str]) -> bool:
    text = json.dumps(line).lower()
    return any(one.lower() in text for one in texts)
