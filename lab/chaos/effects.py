"""Reads the ledger: which action of which account each side effect was."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from lab.chaos.models import PlannedCase
from lab.chaos.observed import Observed
from shared.models.base import Json
from shared.models.plan import ActionName

_BY_OPERATION = {
    "revokeSignInSessions": ActionName.REVOKE_SESSIONS,
    "authentication.methods.delete": ActionName.REMOVE_AUTHENTICATION_METHODS,
    "oauth2PermissionGrants.delete": ActionName.REVOKE_OAUTH_GRANTS,
}


@dataclass(frozen=True)
class Effect:
    """One change of an account or a firewall.

    ``item``: what exactly was changed where an action changes several things, such as one rule.
    ``undoes``: it takes an action back.
    """

    case: PlannedCase
    action: ActionName
    item: str
    undoes: bool
    at: datetime
    seq: int

    def __str__(self) -> str:
        back = "taking back " if self.undoes else ""
        return f"{back}{self.action} (ledger line {self.seq})"


def effects(observed: Observed) -> list[Effect]:
    """Return every side effect on an account or an address, in order."""
    return [
        effect
        for line in observed.ledger
        if line["effect"]
        for effect in _read(line, observed.planned.cases)
    ]


def _read(line: Json, cases: tuple[PlannedCase, ...]) -> Iterator[Effect]:
    if line["vendor"] == "azure_firewall":
        yield from _of_firewall(line, cases)
    elif line["vendor"] == "entra":
        for case in cases:
            if case.object_id in f"{line['path']} {line['target']}":
                for action, undoes in _of_directory(line):
                    yield _effect(case, action, line, undoes=undoes, item=str(line["path"]))


def _of_directory(line: Json) -> Iterator[tuple[ActionName, bool]]:
    operation, body = line["operation"], line["body"] or {}
    if operation == "users.patch":
        if "passwordProfile" in body:
            yield ActionName.FORCE_PASSWORD_RESET, False
        if "accountEnabled" in body:
            yield ActionName.DISABLE_ACCOUNT, bool(body["accountEnabled"])
    elif operation == "messageRules.patch":
        yield ActionName.DISABLE_INBOX_RULES, bool(body.get("isEnabled"))
    elif operation in _BY_OPERATION:
        yield _BY_OPERATION[operation], False


def _of_firewall(line: Json, cases: tuple[PlannedCase, ...]) -> Iterator[Effect]:
    detail: Json = line.get("detail") or {}
    for part, undoes in (("added", False), ("removed", True)):
        for case in cases:
            if any(str(one).partition("/")[0] == case.address for one in detail.get(part, ())):
                yield _effect(case, ActionName.BLOCK_IP, line, undoes=undoes, item=case.address)


def _effect(
    case: PlannedCase, action: ActionName, line: Json, *, undoes: bool, item: str
) -> Effect:
    at = datetime.fromisoformat(line["at"])
    return Effect(case, action, item, undoes, at, int(line["seq"]))
