"""Which call needs which call's answer, whatever order the app sends them in.

The links are declared here, not read from the times of the ledger: of a needless wait of the app's
nothing shows in them. There are two kinds.

By data: a call names what only another answer tells, a change is guarded by what was read, a
read-back reads a change. By the playbook: the order in which an account is contained
(``orchestrators/contain.py``, "Contain" in ``docs/architecture.md``), where that gives a reason:

- Nothing is done, or read in order to be done, before the verdict. The state is read then, so that
  a break-glass account is refused by the names it has now and a change shows against it.
- Sessions end after the password changed or the account was disabled, so that none is made with
  the old one. The state is read in between, because each action is proved against what it found
  itself: a new password may move the time from which sessions count, too. Entra's audit logs have
  "Update StsRefreshTokenValidFrom Timestamp" in the second of a password's change (by users and in
  portals: SEKOIA-IO/intake-formats, blueteam0ps/det-eng-samples); of Graph's nothing is said.
- What was left behind is looked for after that, so that nobody who was signed in adds to it.

Reads that say the same again are left out: the account's state is read once before the first
change, once between the two and once after them.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lab.errors import LabError
from shared.models.base import Json
from shared.providers.entra.mailbox import AT_ONCE, HIDDEN_FOLDERS

DIRECTORY = "entra"
_STATE_FIELD = "signInSessionsValidFromDateTime"
_PROFILE_FIELD = "displayName"
_FOLDERS_BESIDE = frozenset(HIDDEN_FOLDERS[: AT_ONCE - 1])
"""Folders that every mailbox has by these names, as many as Exchange Online takes beside a list."""


class Kind(StrEnum):
    """What a call is for."""

    PROFILE = "profile"
    """Tells the ids by which the directory's other calls ask."""
    GATHERED = "gathered"
    STATE = "state"
    LOCK = "lock"
    """The password, or the account disabled."""
    STATE_BETWEEN = "state between"
    """After the lock and before the sessions end."""
    SESSIONS = "sessions"
    RULES = "rules"
    """The list of inbox rules, and folders that every mailbox has."""
    FOLDER = "folder"
    """A folder that a rule names, or for which there was no room beside the list."""
    RULE_CHANGE = "rule change"
    STATE_AGAIN = "state again"
    RULES_AGAIN = "rules again"


_VERDICT = (Kind.PROFILE, Kind.GATHERED)
_OUT = (*_VERDICT, Kind.STATE, Kind.LOCK, Kind.STATE_BETWEEN, Kind.SESSIONS)
"""What has been done when nobody is in the account any more."""

NEEDS: dict[Kind, tuple[Kind, ...]] = {
    Kind.PROFILE: (),
    # In the directory the profile, when only that tells the id: see needs_of.
    Kind.GATHERED: (),
    Kind.STATE: _VERDICT,
    Kind.LOCK: (*_VERDICT, Kind.STATE),
    Kind.STATE_BETWEEN: (*_VERDICT, Kind.STATE, Kind.LOCK),
    Kind.SESSIONS: (*_VERDICT, Kind.STATE, Kind.LOCK, Kind.STATE_BETWEEN),
    Kind.RULES: _OUT,
    Kind.FOLDER: (*_OUT, Kind.RULES),
    Kind.RULE_CHANGE: (*_OUT, Kind.RULES, Kind.FOLDER),
    Kind.STATE_AGAIN: (Kind.LOCK, Kind.SESSIONS),
    Kind.RULES_AGAIN: (Kind.RULE_CHANGE,),
}
"""By what a call is for, which answers it needs: all of these kinds."""


@dataclass(frozen=True)
class Call:
    """One call, and the places of the calls whose answers it needs: all before its own."""

    line: Json
    needs: list[int]


@dataclass(frozen=True)
class Needs:
    """A case's calls until its containment is verified."""

    calls: list[Call]
    gathered: int
    """How many of them, the first ones, are asked before the verdict."""

    @property
    def length(self) -> int:
        """Calls on the longest chain in which each needs the answer of the one before."""
        depths: list[int] = []
        for call in self.calls:
            depths.append(1 + max((depths[place] for place in call.needs), default=0))
        return max(depths, default=0)

    def reworded(self, change: Callable[[Json], Json]) -> "Needs":
        """Return the same with other lines."""
        return Needs([Call(change(one.line), one.needs) for one in self.calls], self.gathered)


def needs_of(gathered: Iterable[Json], contained: Iterable[Json]) -> Needs:
    """Return the calls before the verdict and those that contain, with their links.

    Raises:
        LabError: no need is declared for a change that was made.
    """
    before = [(_gathered_kind(line), line) for line in gathered]
    before.sort(key=lambda one: one[0] is not Kind.PROFILE)
    found = _without_repeated([*before, *_contained_kinds(sorted(contained, key=_number))])
    order = list(Kind)
    found.sort(key=lambda one: order.index(one[0]))
    calls = []
    for kind, line in found:
        needs = [place for place, (other, _) in enumerate(found) if other in NEEDS[kind]]
        if kind is Kind.GATHERED:
            needs = [
                place
                for place, (other, profile) in enumerate(found)
                if other is Kind.PROFILE and line["vendor"] == DIRECTORY and _tells(profile, line)
            ]
        calls.append(Call(line, needs))
    return Needs(calls, sum(kind in _VERDICT for kind, _ in found))


def is_rule(line: Json) -> bool:
    """Tell a call about inbox rules."""
    return str(line["operation"]).startswith("messageRules.")


def is_state_read(line: Json) -> bool:
    """Tell a read of the account's state, as before and after an action, from the profile's."""
    fields = _fields(line)
    return _reads_user(line) and _STATE_FIELD in fields and _PROFILE_FIELD not in fields


def _reads_user(line: Json) -> bool:
    return bool(line["vendor"] == DIRECTORY and line["operation"] == "users.get")


def _fields(line: Json) -> str:
    return str(line.get("query", {}).get("$select", ""))


def _number(line: Json) -> int:
    return int(line["seq"])


def _gathered_kind(line: Json) -> Kind:
    is_profile = _reads_user(line) and _PROFILE_FIELD in _fields(line)
    return Kind.PROFILE if is_profile else Kind.GATHERED


def _contained_kinds(lines: Sequence[Json]) -> list[tuple[Kind, Json]]:
    """Return the calls in the ledger's order, each with what it is for."""
    changes = [line for line in lines if line["effect"]]
    acted = max((_number(line) for line in changes if not is_rule(line)), default=0)
    locked = [_number(line) for line in changes if _change_kind(line) is Kind.LOCK]
    changed = max((_number(line) for line in changes if is_rule(line)), default=0)
    found: list[tuple[Kind, Json]] = []
    for line in lines:
        if line["effect"]:
            found.append((_change_kind(line), line))
        elif is_state_read(line):
            found.append((_state_kind(_number(line), locked, acted), line))
        elif changed and _number(line) > changed:
            if is_rule(line):
                found.append((Kind.RULES_AGAIN, line))
            # What the folders are called was read before the change.
        else:
            is_first = is_rule(line) or _last_part(line) in _FOLDERS_BESIDE
            found.append((Kind.RULES if is_first else Kind.FOLDER, line))
    return found


def _state_kind(number: int, locked: Sequence[int], acted: int) -> Kind:
    if number > acted:
        return Kind.STATE_AGAIN
    return Kind.STATE_BETWEEN if locked and number > max(locked) else Kind.STATE


def _change_kind(line: Json) -> Kind:
    if line["operation"] == "users.patch":
        return Kind.LOCK
    if line["operation"] == "revokeSignInSessions":
        return Kind.SESSIONS
    if is_rule(line):
        return Kind.RULE_CHANGE
    raise LabError(f"no need is declared for {line['operation']} (lab/bench/needs.py)")


def _without_repeated(found: Iterable[tuple[Kind, Json]]) -> list[tuple[Kind, Json]]:
    """Return each call once: reading the same again for the same end says nothing new."""
    kept: dict[str, tuple[Kind, Json]] = {}
    for number, (kind, line) in enumerate(found):
        asked = [line.get(name) for name in ("vendor", "operation", "path", "query", "body")]
        key = number if kind in _VERDICT or line["effect"] else asked
        kept.setdefault(json.dumps([kind, key], sort_keys=True), (kind, line))
    return list(kept.values())


def _tells(profile: Json, line: Json) -> bool:
    """Tell whether a call asks by something else than what the profile was asked by."""
    known = _last_part(profile)
    asked = json.dumps([line.get("path"), line.get("query"), line.get("body")]).lower()
    return not known or known.lower() not in asked


def _last_part(line: Json) -> str:
    return str(line.get("path") or "").rpartition("/")[2]
