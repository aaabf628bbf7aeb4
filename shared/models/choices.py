"""The runbook's choices, each with its consequence in words (seed 000 step 5)."""

from collections.abc import Collection
from typing import NamedTuple

from shared.models.asked import Asked
from shared.models.block import BlockName
from shared.models.case import CaseRecord
from shared.models.message import AskedAction, Question
from shared.models.plan import ActionName, Disposition, PlannedAction

ACTION_WORDS: dict[ActionName, str] = {
    ActionName.FORCE_PASSWORD_RESET: "Reset password",
    ActionName.REVOKE_SESSIONS: "Terminate sessions",
    ActionName.DISABLE_ACCOUNT: "Disable account",
    ActionName.BLOCK_IP: "Block address",
    ActionName.CONFIRM_COMPROMISED: "Confirm compromised",
    ActionName.REMOVE_AUTHENTICATION_METHODS: "Remove sign-in methods",
    ActionName.DISABLE_INBOX_RULES: "Disable inbox rules",
    ActionName.REVOKE_OAUTH_GRANTS: "Revoke app consents",
    ActionName.SCAN_DEVICE: "Scan device",
    ActionName.ISOLATE_DEVICE: "Isolate device",
    ActionName.MONITOR_ONLY: "Monitor only",
    ActionName.NO_ACTION: "No action",
}
"""Every action as people say it; the record and the ticket use the names themselves."""


class Choice(NamedTuple):
    """One choice of the decision page."""

    action: ActionName
    consequence: str
    alone: bool = False

    @property
    def label(self) -> str:
        """The action as people say it."""
        return ACTION_WORDS[self.action]


CHOICES: tuple[Choice, ...] = (
    Choice(
        ActionName.FORCE_PASSWORD_RESET,
        "The old password stops working at once. The person sets a new one through self-service "
        "reset or the help desk.",
    ),
    Choice(
        ActionName.REVOKE_SESSIONS,
        "Every application asks to sign in again. Tokens already issued can live on for up to "
        "an hour.",
    ),
    Choice(
        ActionName.DISABLE_ACCOUNT,
        "The person cannot sign in at all until somebody enables the account. Can be undone.",
    ),
    Choice(
        ActionName.BLOCK_IP,
        "The firewall drops traffic from the address. Others behind it are hit too. Lifted by "
        "itself when it expires.",
    ),
    Choice(
        ActionName.CONFIRM_COMPROMISED,
        "Identity Protection sets the account's risk to high, which ends sessions in Exchange, "
        "SharePoint and Teams.",
    ),
    Choice(
        ActionName.REMOVE_AUTHENTICATION_METHODS,
        "Phones, apps and keys registered since the compromise began stop working. The person "
        "registers anew what was theirs.",
    ),
    Choice(
        ActionName.DISABLE_INBOX_RULES,
        "Rules that forward, redirect, delete or hide mail are switched off, whoever made them. "
        "Can be undone.",
    ),
    Choice(
        ActionName.REVOKE_OAUTH_GRANTS,
        "Applications that the account consented to since the compromise began lose their access. "
        "Can be undone.",
    ),
    Choice(
        ActionName.SCAN_DEVICE,
        "Defender scans the devices that the person used lately. Nobody there is disturbed.",
    ),
    Choice(
        ActionName.ISOLATE_DEVICE,
        "The devices that the person used lately reach nothing but Defender until somebody "
        "releases them. Servers and shared devices are left out. Can be undone.",
    ),
    Choice(
        ActionName.MONITOR_ONLY,
        "The account is left as it is. The case stays open and its sign-ins are watched.",
        alone=True,
    ),
    Choice(
        ActionName.NO_ACTION,
        "The account is left as it is: this was the person, or does not matter.",
        alone=True,
    ),
)


RUNBOOK = frozenset(
    {
        ActionName.FORCE_PASSWORD_RESET,
        ActionName.REVOKE_SESSIONS,
        ActionName.DISABLE_ACCOUNT,
        ActionName.BLOCK_IP,
    }
)
"""The runbook's own choices (seed 000 step 5)."""


class Option(NamedTuple):
    """A choice as it stands in one case."""

    choice: Choice
    target: str
    recommended: bool = False
    """Whether the plan asks for it."""
    closed: str = ""
    """Why it cannot be chosen; empty when it can."""

    @property
    def usual(self) -> bool:
        """Whether the runbook always offers it; the others are for what a case shows."""
        return self.choice.action in RUNBOOK


def why_asked(case: CaseRecord) -> list[str]:
    """Return the guard rails' reasons for asking a person, each once."""
    asked = (line.why for line in case.plan if line.disposition is Disposition.ASK)
    return list(dict.fromkeys(reason for why in asked for reason in why.split("; ")))


def options_for(case: CaseRecord, address: str | None) -> list[Option]:
    """Return the containment choices of a case, the recommended ones first.

    ``address``: the attack's; the question that is open may be about an earlier one.
    """
    address = (case.asked.address if case.asked else None) or address
    lines: dict[ActionName, list[PlannedAction]] = {}
    for line in case.plan:
        lines.setdefault(line.action, []).append(line)
    known = {choice.action: choice for choice in CHOICES}
    offered = [choice for choice in CHOICES if not choice.alone]
    offered += [
        Choice(action, "")
        for action, planned in lines.items()
        if action not in known and any(one.disposition is Disposition.ASK for one in planned)
    ]
    scoring = case.blocks.get(BlockName.SCORING)
    unsupported = scoring.details.get("unsupported_actions") or () if scoring else ()
    if case.asked is not None and case.asked.address and ActionName.BLOCK_IP not in unsupported:
        lines[ActionName.BLOCK_IP] = _of_question(lines.get(ActionName.BLOCK_IP, []), case.asked)
    options = [
        _option(choice, lines.get(choice.action, []), address, unsupported=unsupported)
        for choice in offered
    ]
    return sorted(options, key=lambda option: (not option.recommended, bool(option.closed)))


def question_for(case: CaseRecord, address: str | None, token: str) -> Question:
    """Return the question as a channel can ask it: what can be chosen, and what stands alone."""
    choices = [
        AskedAction(
            action=option.choice.action,
            label=f"{option.choice.label} {option.target}".strip(),
            consequence=option.choice.consequence,
            recommended=option.recommended,
        )
        for option in options_for(case, address)
        if not option.closed
    ]
    alone = [
        AskedAction(action=one.action, label=one.label, consequence=one.consequence)
        for one in CHOICES
        if one.alone
    ]
    return Question(choices=choices, alone=alone, token=token)


def _of_question(planned: list[PlannedAction], asked: Asked) -> list[PlannedAction]:
    """Return what the plan says of blocking the address that a question is about.

    A judgement since then may have a line about another address, of which nobody is asked.
    """
    if any(line.disposition is Disposition.ASK for line in planned):
        return planned
    about = [line for line in planned if line.target == asked.address]
    protected = asked.protected()
    return about or ([protected] if protected else [])


def _option(
    choice: Choice,
    planned: list[PlannedAction],
    address: str | None,
    *,
    unsupported: Collection[str] = (),
) -> Option:
    asked = [line for line in planned if line.disposition is Disposition.ASK]
    is_block = choice.action is ActionName.BLOCK_IP
    if asked:
        targets = ", ".join(line.target for line in asked) if is_block else ""
        return Option(choice, targets, recommended=True)
    if planned:
        line = planned[0]
        automatic = line.disposition is Disposition.AUTOMATIC
        reason = "done without asking" if automatic else f"not possible: {line.why}"
        return Option(choice, line.target if is_block else "", closed=reason)
    if choice.action in unsupported:
        return Option(choice, "", closed="not possible: no provider for it is configured")
    if is_block and not address:
        return Option(choice, "", closed="not possible: the case names no address")
    return Option(choice, (address or "") if is_block else "")
