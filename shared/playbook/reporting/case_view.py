"""A case record as its readers need it: who, from where, how sure, what was done, what is missing.

Everything that came from logs or people is made one line and bounded here, so that the texts built
on it (ticket, messages, next steps) cannot be broken by it.
"""

import re
from collections.abc import Sequence

from shared.models.base import Json, format_utc
from shared.models.block import Block, BlockName, BlockStatus
from shared.models.case import AlertType, CaseRecord
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import Disposition, PlannedAction
from shared.playbook.intake.fields import one_line

VALUE_LIMIT = 300
"""Characters of one value in a text for people; the record has it whole."""
LINE_LIMIT = 600
MISSING_LIMIT = 1_200
"""Characters about one troubled block: the names of all logs that could not be exported fit."""
MOST_JOINED_SHOWN = 5

ALERT_WORDS = {
    AlertType.BRUTE_FORCE_SUCCESS: "brute force followed by a success",
    AlertType.PASSWORD_SPRAY: "password spray",
    AlertType.IMPOSSIBLE_TRAVEL: "impossible travel",
    AlertType.MFA_FATIGUE: "MFA fatigue",
    AlertType.TOKEN_THEFT: "token theft",
    AlertType.PHISHING: "phishing",
    AlertType.COMPROMISED_ACCOUNT: "possibly compromised account",
}
BLOCK_WORDS = {
    BlockName.USER: ("User enrichment", "look the user up in the directory by hand"),
    BlockName.ADDRESS: ("Address reputation", "check the address by hand"),
    BlockName.SIGN_INS: ("Sign-in analysis", "review the sign-in logs by hand"),
    BlockName.ACTIVITY: ("Activity analysis", "run the missing hunts by hand"),
    BlockName.SCORING: ("Scoring", "judge the evidence by hand"),
    BlockName.CONTAINMENT: ("Account containment", "contain the account by hand"),
    BlockName.FIREWALL: ("Firewall block", "block the address by hand if it warrants it"),
    BlockName.EVIDENCE: ("Evidence preservation", "collect the missing logs by hand"),
    BlockName.NOTIFICATION: ("Ticket and notification", "make sure that the team knows"),
}


class CaseView:
    """Read-only answers about one record, each a short safe text or a list of them."""

    def __init__(self, record: CaseRecord | Json) -> None:
        self.record = (
            record if isinstance(record, CaseRecord) else CaseRecord.model_validate(record)
        )

    def output(self, block: BlockName, name: str) -> object:
        """Return one output of a block, ``None`` when it is unknown."""
        found = self.record.blocks.get(block)
        return found.outputs.get(name) if found is not None else None

    def text(self, value: object) -> str:
        """Return any value as one bounded line; ``unknown`` for nothing."""
        if value is None or value in ("", []):
            return "unknown"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, dict):
            pairs = [(key, item) for key, item in value.items() if item not in (None, "", [])]
            value = ", ".join(f"{key}: {self.text(item)}" for key, item in pairs[:20]) or "unknown"
        elif isinstance(value, list | tuple):
            value = ", ".join(self.text(item) for item in value[:20])
        return one_line(str(value), VALUE_LIMIT)

    @property
    def who(self) -> str:
        """The account as people know it."""
        account = self.record.account or {}
        for name in ("user_principal_name", "display_name", "user_id"):
            if account.get(name):
                return self.text(account[name])
        return "an account that is not known yet"

    @property
    def attack(self) -> str:
        """The kind of attack, in words."""
        return ALERT_WORDS[self.record.alert_type]

    @property
    def address(self) -> str | None:
        """The primary address, or ``None``."""
        first = self.record.addresses[0] if self.record.addresses else None
        text = first.get("address") if isinstance(first, dict) else first
        details = self.record.blocks.get(BlockName.SIGN_INS)
        suspicious = details.details.get("suspicious_address") if details is not None else None
        found = suspicious or text
        return self.text(found) if found else None

    @property
    def place(self) -> str:
        """City and country of the address, as far as known."""
        parts = [self.output(BlockName.ADDRESS, name) for name in ("geo_city", "geo_country")]
        return ", ".join(self.text(part) for part in parts if part)

    @property
    def confidence(self) -> str | None:
        """High, Medium, Low, or ``None`` before the verdict."""
        verdict = self.record.verdict
        return verdict.compromise_confidence_score.value if verdict is not None else None

    @property
    def login_time(self) -> str | None:
        """When the suspicious login succeeded."""
        details = self.output(BlockName.SIGN_INS, "successful_login_details")
        found = details.get("time") if isinstance(details, dict) else None
        return when(self.text(found)) if found else None

    @property
    def kinds(self) -> set[str]:
        """Kinds of the account (``AccountKind`` values) as deciding found them."""
        kinds = (self.record.account or {}).get("kinds") or []
        found = {str(kind) for kind in kinds}
        if self.output(BlockName.USER, "is_admin_role") is True:
            found.add("privileged")
        return found

    @property
    def what_would_change(self) -> list[str]:
        """What single observation would change the verdict."""
        block = self.record.blocks.get(BlockName.SCORING)
        found = block.details.get("what_would_change") if block is not None else None
        return [self.text(line) for line in found or []]

    @property
    def impact(self) -> list[str]:
        """What is at stake with a sensitive account; nothing for an ordinary one."""
        block = self.record.blocks.get(BlockName.SCORING)
        impact = block.details.get("impact") if block is not None else None
        if not isinstance(impact, dict) or impact.get("level") == "ordinary":
            return []
        return [self.text(line) for line in impact.get("why") or []]

    @property
    def techniques(self) -> list[str]:
        """MITRE ATT&CK ids of reasons, findings and incident, sorted."""
        found = set(self.record.incident.get("techniques") or [])
        if self.record.verdict is not None:
            found |= {one.technique for one in self.record.verdict.reasons if one.technique}
        found |= {finding.get("technique") for finding in self.findings}
        return sorted(self.text(one) for one in found if one)

    @property
    def findings(self) -> list[Json]:
        """What the hunts found."""
        found = self.output(BlockName.ACTIVITY, "findings")
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    def outcomes(self, status: ActionStatus) -> list[ActionOutcome]:
        """Return the actions that ended in one way and were not taken back."""
        return [one for one in self.record.actions if one.status is status and not one.undone]

    def planned(self, disposition: Disposition) -> list[PlannedAction]:
        """Return the plan's lines with one disposition."""
        return [line for line in self.record.plan if line.disposition is disposition]

    def troubled_blocks(self) -> list[tuple[BlockName, str]]:
        """Return every block that is partial or failed, as a sentence that says what to do."""
        found = []
        for name in BlockName:
            block = self.record.blocks.get(name)
            if block is None or block.status not in (BlockStatus.PARTIAL, BlockStatus.FAILED):
                continue
            words, task = BLOCK_WORDS[name]
            state = "is partial" if block.status is BlockStatus.PARTIAL else "failed"
            # What to do comes first: it must survive when the notes are too long to be shown.
            line = f"{words} {state}; {task}: {_notes(block)}."
            found.append((name, one_line(line, MISSING_LIMIT)))
        return found

    def reasons(self, most: int) -> list[str]:
        """Return the heaviest reasons as lines with sign, technique and evidence."""
        verdict = self.record.verdict
        if verdict is None:
            return []
        lines = []
        for reason in verdict.reasons[:most]:
            technique = f" [{reason.technique}]" if reason.technique else ""
            line = f"({reason.weight:+.1f}) {reason.title}{technique}: {reason.evidence}"
            lines.append(one_line(line, LINE_LIMIT))
        if len(verdict.reasons) > most:
            lines.append(f"... and {len(verdict.reasons) - most} more reasons in the report")
        return lines

    def joined_lines(self) -> list[str]:
        """Return the latest incidents that joined the case, and how often that happened."""
        shown = self.record.joined[-MOST_JOINED_SHOWN:]
        lines = [
            f"{when(format_utc(one.at))} {self.text(one.title)} ({self.text(one.number)})"
            for one in shown
        ]
        more = len(self.record.joined) - len(shown)
        return [*lines, *([f"... and {more} earlier ones in the case record"] if more else [])]

    def done_lines(self) -> list[str]:
        """Return what happened to every action, failures first."""
        order = {ActionStatus.FAILED: 0, ActionStatus.SUCCEEDED: 1, ActionStatus.SKIPPED: 2}
        ranked: Sequence[ActionOutcome] = sorted(
            self.record.actions, key=lambda one: (order[one.status], one.action, one.target)
        )
        return [one_line(outcome_line(one) + undone_words(one), LINE_LIMIT) for one in ranked]


def outcome_line(outcome: ActionOutcome) -> str:
    """Return one action's outcome as a line."""
    words = {
        ActionStatus.FAILED: "FAILED",
        ActionStatus.SUCCEEDED: "done",
        ActionStatus.SKIPPED: "NOT DONE",
    }[outcome.status]
    if outcome.status is ActionStatus.SUCCEEDED:
        words += {True: " and verified", False: ", but NOT in force", None: ", not verified"}[
            outcome.verified
        ]
    detail = f" ({outcome.detail})" if outcome.detail else ""
    at = when(format_utc(outcome.at))
    return f"{outcome.action} on {outcome.target}: {words} at {at}{detail}"


def undone_words(outcome: ActionOutcome) -> str:
    """Return how an outcome's line goes on when the action was taken back, else nothing."""
    if outcome.undone is None:
        return ""
    sure = "verified" if outcome.undone.verified else "NOT verified"
    at = when(format_utc(outcome.undone.at))
    return f"; taken back by {outcome.undone.by} at {at}, {sure} ({outcome.undone.detail})"


def when(text: str) -> str:
    """Return an ISO 8601 UTC time as people read it: ``2026-11-20 12:04:05Z``."""
    return re.sub(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?Z", r"\1 \2Z", text)


def _notes(block: Block) -> str:
    return "; ".join(note.rstrip(". ") for note in block.notes if note) or "no details"
