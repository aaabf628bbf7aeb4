"""A Temporary Access Pass: when a case is one for it, and what is made."""

from typing import NamedTuple

from pydantic import SecretStr

from shared.models.account_kind import AccountKind
from shared.models.base import Model, UtcDatetime
from shared.models.case import CaseRecord, OperatingMode
from shared.models.directory import ENTRA
from shared.models.outcome import ActionStatus
from shared.models.plan import ActionName

LEAST_MINUTES, MOST_MINUTES, USUAL_MINUTES = 10, 480, 60
"""How long a pass is good. Entra takes 10 to 43,200, within the tenant's policy."""

_BY_HAND: dict[AccountKind, str] = {
    AccountKind.BREAK_GLASS: "The account is break-glass: the app never gives access to it.",
    AccountKind.GUEST: "The account is a guest: its own organisation gives it a way in.",
    AccountKind.PRIVILEGED: "The account is privileged or may become so: a pass for it would make "
    "whoever may decide here an administrator. A Privileged Authentication Administrator issues it "
    "in Entra.",
}


class AccessPass(Model):
    """A pass as the directory made it. The value is shown once and kept nowhere."""

    id: str
    value: SecretStr
    valid_until: UtcDatetime


class NoPass(NamedTuple):
    """Why no pass is issued: in short, and what to do instead."""

    title: str
    detail: str


def why_no_pass(case: CaseRecord) -> NoPass | None:
    """Return why no pass is issued for the account of a case, by its record; ``None``: it may be.

    Only whose password was replaced here needs one from us, also after an undo of the whole case:
    nothing brings the old password back.
    """
    account = case.account or {}
    if (account.get("directory") or ENTRA) != ENTRA:
        detail = "Okta has no Temporary Access Pass: the help desk resets the password there."
        return NoPass("The account is not in Entra ID", detail)
    if case.mode is OperatingMode.OBSERVE:
        return NoPass("The case only observes", "Nothing was changed, so nothing is to be opened.")
    reset = [
        one
        for one in case.actions
        if one.action is ActionName.FORCE_PASSWORD_RESET
        and one.status is ActionStatus.SUCCEEDED
        and one.undone is None
    ]
    if not reset or not account.get("object_id"):
        detail = "A pass is for whoever has lost the password by this case."
        return NoPass("No password reset was done in this case", detail)
    return why_not_for(account.get("kinds") or [])


def why_not_for(kinds: list[str] | set[AccountKind]) -> NoPass | None:
    """Return why accounts of these kinds get no pass from the app; none known: they do not."""
    if not kinds or AccountKind.UNKNOWN in kinds:
        detail = "What kind of account it is could not be told: the help desk issues it in Entra."
        return NoPass("No pass for this account", detail)
    found = next((why for kind, why in _BY_HAND.items() if kind in kinds), None)
    return NoPass("No pass for this account", found) if found else None
