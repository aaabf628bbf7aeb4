"""Many accounts under the same attack at once: one tenant, one incident and one case for each.

What a victim's requests to the vendors have in common (names, ids, address) occurs in nobody
else's, so that a fault can be about one case and the ledger can be read case by case.
"""

import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lab.scenarios.expander import Play, expand
from lab.scenarios.loader import load_scenario
from lab.scenarios.models import Common
from shared.models.case import OperatingMode
from shared.playbook.intake import parse_sentinel_incident

SCENARIO = "brute-force-success"
_NAME, _DISPLAY_NAME = "dana.rivers", "Dana Rivers"
_OBJECT_ID = "6a1c5f0e-3c51-4f0b-9f1e-0d6f5f0b7a11"
_ADDRESS = "203.0.113.66"

NEVER_BLOCKED = "203.0.113.128/25"
"""Setting of the lab these victims live in: attacks from there are never blocked."""
_FIRST_BLOCKABLE, _FIRST_SPARED = 100, 129

type Document = dict[str, Any]
type Line = dict[str, Any]


@dataclass(frozen=True)
class Victim:
    """One attacked account."""

    name: str
    object_id: str
    address: str
    incident: Document

    @property
    def user_principal_name(self) -> str:
        return f"{self.name}@contoso.example"

    @property
    def incident_name(self) -> str:
        return str(self.incident["object"]["name"])

    @property
    def case_id(self) -> str:
        [case] = parse_sentinel_incident(
            self.incident, mode=OperatingMode.AUTOMATIC, received_at=datetime.now(UTC)
        )
        return case.case_id

    def lines(self, ledger: Collection[Line]) -> list[Line]:
        """The ledger's lines about this victim."""
        texts = (self.name, self.object_id, self.address, self.incident_name, self.case_id)
        return [line for line in ledger if _mentions(line, texts)]


class Town:
    """A tenant in which more and more accounts are attacked."""

    def __init__(self, common: Common) -> None:
        self._play: Play = expand(load_scenario(SCENARIO), common, datetime.now(UTC))
        self._tenant = self._play.tenant
        self._seen: set[str] = set()
        self._next = {True: _FIRST_BLOCKABLE, False: _FIRST_SPARED}
        self.victims: list[Victim] = []
        self.tenant: Document = {
            "directory": {"users": [], "namedLocations": []},
            "addresses": {},
            "tables": {name: [] for name in self._tenant["tables"]},
            "now": self._tenant["now"],
        }

    def add(self, *, blockable: bool) -> Victim:
        """Attack one more account, from an address that may or may not be blocked."""
        number = self._next[blockable]
        assert number < (128 if blockable else 255), "no address is left"
        self._next[blockable] += 1
        name, object_id = f"victim-{number}", str(uuid.uuid4())
        old_name = self._play.incident["object"]["name"]
        words = {
            _NAME: name,
            _DISPLAY_NAME: f"Victim {number}",
            _OBJECT_ID: object_id,
            _ADDRESS: f"203.0.113.{number}",
            old_name: str(uuid.uuid4()),
        }
        self._merge(_reworded(self._tenant, words))
        victim = Victim(name, object_id, words[_ADDRESS], _reworded(self._play.incident, words))
        self.victims.append(victim)
        return victim

    def _merge(self, tenant: Document) -> None:
        """Add what is not there yet: the rows of bystanders are the same for every victim."""
        for part in ("users", "namedLocations"):
            self.tenant["directory"][part] += self._new(tenant["directory"][part])
        for table, rows in tenant["tables"].items():
            self.tenant["tables"][table] += self._new(rows)
        self.tenant["addresses"] |= tenant["addresses"]

    def _new(self, items: list[Document]) -> list[Document]:
        texts = {json.dumps(item, sort_keys=True): item for item in items}
        fresh = [item for text, item in texts.items() if text not in self._seen]
        self._seen |= set(texts)
        return fresh


def _reworded(document: Document, words: dict[str, str]) -> Document:
    text = json.dumps(document)
    for old, new in words.items():
        text = text.replace(old, new)
    return dict(json.loads(text))


def _mentions(line: Line, texts: Collection[str]) -> bool:
    text = json.dumps(line).lower()
    return any(one.lower() in text for one in texts)
