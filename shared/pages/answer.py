"""The answer at the top of a page: how sure, what was done, what somebody must do now."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from shared.models.block import BlockName
from shared.models.case import CaseRecord, CaseStatus, OperatingMode
from shared.models.choices import ACTION_WORDS
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName, Disposition
from shared.models.undo import UndoStatus
from shared.models.undoing import can_restore, did_not_hold
from shared.pages.text import when

type Tone = Literal["good", "warn", "bad", "plain"]

NAME_LIMIT = 120
"""Longest name in a heading."""


class Line(NamedTuple):
    """One sentence of the answer; the tone is shown by colour, the words say it too."""

    tone: Tone
    text: str


_NOTHING_YET = {
    CaseStatus.GATHERING: "Facts are being gathered. Nothing has been changed.",
    CaseStatus.DECIDING: "The facts are being weighed. Nothing has been changed.",
    CaseStatus.CONTAINING: "The response is running; reload this page for its outcome.",
    CaseStatus.MONITORING: "Nothing was changed. Sign-ins are watched.",
    CaseStatus.CLOSED: "The case is closed. Nothing was changed.",
    CaseStatus.CONTAINED: "Nothing was changed.",
}


def who(case: CaseRecord) -> str:
    """Return the account as people know it."""
    account = case.account or {}
    for name in ("display_name", "user_principal_name", "user_id"):
        if account.get(name):
            return str(account[name])[:NAME_LIMIT]
    return "an account that is not known"


def attack_address(case: CaseRecord) -> str | None:
    """Return the address that the attack came from."""
    block = case.blocks.get(BlockName.SIGN_INS)
    found = block.details.get("suspicious_address") if block else None
    first = case.addresses[0] if case.addresses else None
    given = first.get("address") if isinstance(first, dict) else first
    return str(found or given) if found or given else None


def headline(case: CaseRecord) -> str:
    """Return the answer in one sentence."""
    if case.verdict is None:
        return f"Is {who(case)} compromised? Not known yet"
    sure = f"{case.verdict.compromise_confidence_score} confidence"
    if case.account is None:
        return f"{sure} that an account is compromised"
    return f"{sure} that {who(case)} is compromised"


def answer_lines(case: CaseRecord) -> list[Line]:
    """Return what was done and what is needed, the most urgent first."""
    lines = [Line("bad", text) for text in _by_hand(case)]
    if case.account is None:
        lines.append(Line("warn", "The incident names no account: find out whose it is."))
    asked = [line for line in case.plan if line.disposition is Disposition.ASK]
    if case.status is CaseStatus.AWAITING_DECISION:
        names = _names((line.action, line.target) for line in asked)
        lines.append(Line("warn", f"Waiting for a person to decide: {names or 'see the plan'}."))
    lines += _undone(case)
    done = [
        one for one in case.actions if one.status is ActionStatus.SUCCEEDED and one.undone is None
    ]
    if sure := _names((one.action, one.target) for one in done if one.verified is True):
        lines.append(Line("good", f"Done and verified: {sure}."))
    if unsure := _names((one.action, one.target) for one in done if one.verified is None):
        lines.append(Line("warn", f"Done, not verified: {unsure}."))
    if not done and not case.undos:
        lines += _nothing_done(case, failed=bool(_by_hand(case)))
    return lines


def _undone(case: CaseRecord) -> list[Line]:
    """Return what was taken back by whom, and whether an undo is still under way."""
    lines = []
    for one in case.actions:
        if one.undone is not None:
            sure = "verified" if one.undone.verified else "NOT verified"
            name = _names([(one.action, one.target)])
            tone: Tone = "plain" if one.undone.verified else "warn"
            lines.append(Line(tone, f"Taken back by {one.undone.by}, {sure}: {name}."))
    if case.undos and case.undos[-1].finished_at is None:
        lines.append(Line("warn", f"{case.undos[-1].by} is taking actions back; reload this page."))
    return lines


def outcome_words(outcome: ActionOutcome) -> Line:
    """Return how an action ended, in words."""
    if outcome.status is ActionStatus.FAILED:
        return Line("bad", "NOT done: see why" if outcome.elsewhere else "FAILED: do it by hand")
    if outcome.status is ActionStatus.SKIPPED:
        return Line("warn", "Not done")
    if outcome.undone is not None:
        back = f"taken back by {outcome.undone.by} on {when(outcome.undone.at)}"
        return Line(
            "plain", f"Done, then {back}{'' if outcome.undone.verified else ', NOT verified'}"
        )
    if outcome.verified is True:
        return Line("good", "Done and verified")
    if outcome.verified is False:
        return Line("bad", "Accepted, but NOT in force")
    return Line("warn", "Done, not verified")


def _by_hand(case: CaseRecord) -> list[str]:
    not_done = [one for one in case.actions if one.status is ActionStatus.FAILED]
    failed = _names((one.action, one.target) for one in not_done if not one.elsewhere)
    idle = _names(
        (one.action, one.target)
        for one in case.actions
        if one.status is ActionStatus.SUCCEEDED and one.verified is False and not one.undone
    )
    found = []
    if failed:
        found.append(f"FAILED, do it by hand now: {failed}.")
    found += [
        f"NOT done: {_names([(one.action, one.target)])}: {one.detail.rstrip('.')}."
        for one in not_done
        if one.elsewhere
    ]
    if idle:
        found.append(f"Accepted, but NOT in force, check now: {idle}.")
    if did_not_hold(case):
        found.append("The containment did NOT hold: somebody signed in again. Contain by hand now.")
    open_ = {(one.action, one.target) for one in case.actions if can_restore(one)}
    last = case.undos[-1].results if case.undos else []
    stuck = [one for one in last if one.status is UndoStatus.FAILED]
    if left := _names((o.action, o.target) for o in stuck if (o.action, o.target) in open_):
        found.append(f"Taking back FAILED, do it by hand: {left}.")
    if case.status is CaseStatus.FAILED and not found:
        found.append("The response failed: judge and contain by hand now.")
    return found


def _nothing_done(case: CaseRecord, *, failed: bool) -> list[Line]:
    if case.mode is OperatingMode.OBSERVE and case.verdict is not None:
        return [Line("plain", "Observe mode: nothing was changed.")]
    if failed or case.status is CaseStatus.FAILED:
        return []
    return [Line("plain", _NOTHING_YET.get(case.status, "Nothing was changed."))]


def _names(pairs: Iterable[tuple[ActionName, str]]) -> str:
    """Return actions with the address, where one matters, as a list in words."""
    named = []
    for action, target in pairs:
        on = f" {target}" if action is ActionName.BLOCK_IP else ""
        named.append(f"{ACTION_WORDS[action]}{on}")
    return ", ".join(named)
