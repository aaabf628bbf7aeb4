"""Firewalls that remember what was written to them, as scripted activities."""

from collections.abc import Sequence

from shared.models.base import Json
from tests.support.durable_backend import Run, Script


class ScriptedFirewalls:
    """The activities of ``activities/firewall.py``, over one set of addresses for each firewall."""

    def __init__(self, *names: str) -> None:
        self.blocked: dict[str, set[str]] = {name: set() for name in names or ("firewall",)}
        self.writes: list[tuple[str, list[str], list[str]]] = []
        """Firewall, addresses blocked, addresses lifted: one for each write."""
        self.cannot: dict[str, str] = {}
        self.failing: set[str] = set()
        """Firewalls that answer nothing."""
        self.unreadable: set[str] = set()
        """Firewalls that answer no read."""
        self.unwritable: set[str] = set()
        """Firewalls that answer no write."""
        self.broken: set[str] = set()
        """Firewalls that accept a change which then does not get through."""
        self.refusing: dict[str, str] = {}
        """Firewalls that refuse every address, and why."""
        self.poison: set[str] = set()
        """Addresses that no firewall takes: a write with one of them is refused as a whole."""
        self.forbidden = ""
        """Why the policy forbids to block any address; empty: it does not."""
        self.reads_until_in_force = 0

    def scripts(self) -> dict[str, Script]:
        """Return a script for every activity of firewalls."""
        return {
            "list_firewalls": self._list,
            "read_block": self._read,
            "change_firewall": self._change,
        }

    def _list(self, _: Json) -> Json:
        cannot = dict.fromkeys(self.blocked, self.forbidden) if self.forbidden else self.cannot
        able = [name for name in self.blocked if name not in cannot]
        return {"firewalls": able, "cannot": cannot, "forbidden": self.forbidden or None}

    def _read(self, payload: Json) -> Json:
        name = payload["firewall"]
        if self.forbidden and payload.get("before"):
            return {"refused": self.forbidden, "forbidden": True}
        self._fail(name, self.unreadable)
        broken = name in self.broken and bool(self.writes)
        in_force = self.reads_until_in_force <= 0 and not broken
        if self.writes and self.reads_until_in_force > 0:
            self.reads_until_in_force -= 1
        present = payload["address"] in self.blocked[name]
        return {
            "rule_id": f"/{name}/1",
            "present": present,
            "provisioned": in_force,
            "broken": broken,
            "already_there": False,
            "detail": "state: Failed" if broken else "",
        }

    def _change(self, payload: Json) -> Json:
        name, lift = payload["firewall"], list(payload["lift"])
        block = [item["address"] for item in payload["block"]]
        if self.forbidden and block:
            never: Json = {"rule_id": "", "refused": self.forbidden, "forbidden": True}
            return {"answers": dict.fromkeys(block, never)}
        self._fail(name, self.unwritable)
        if name in self.refusing:
            refused: Json = {"rule_id": "", "refused": self.refusing[name]}
            return {"answers": dict.fromkeys([*block, *lift], refused)}
        if bad := self.poison & {*block, *lift}:
            refused = {"rule_id": "", "refused": f"{min(bad)} is no address"}
            every = [*block, *lift]
            return {"answers": dict.fromkeys(every, refused), "apart": len(every) > 1}
        self._write(name, block, lift)
        answer: Json = {"rule_id": f"/{name}/1", "refused": None}
        return {"answers": dict.fromkeys([*block, *lift], answer)}

    def _write(self, name: str, block: Sequence[str], lift: Sequence[str]) -> None:
        now = self.blocked[name]
        wanted = (now | set(block)) - set(lift)
        if wanted != now:
            self.writes.append((name, sorted(wanted - now), sorted(now - wanted)))
            self.blocked[name] = wanted

    def _fail(self, name: str, down: set[str]) -> None:
        if name in self.failing | down:
            raise RuntimeError(f"{name} is down")


def blocked(run: Run) -> list[str]:
    """Return the addresses that a case asked a firewall to block, in order."""
    calls = run.called("change_firewall")
    return [item["address"] for call in calls for item in call["block"]]
