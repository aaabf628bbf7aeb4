"""What the app still does with a dependency down: docs/degraded-modes.md and its tests.

The case is always the same: a brute force that succeeded, judged High, in mode ``automatic``.
"""

from dataclasses import dataclass
from itertools import combinations

from shared.models.block import BlockName

ITSELF, ASKED, FAILED, NOT_PROPOSED = "by itself", "asked", "failed, told", "not proposed"
ADDRESS_RANK = (ITSELF, FAILED, ASKED, NOT_PROPOSED)
"""Of two, the later one holds for a pair."""
TICKET, SLACK, TEAMS, MAIL, PAGE = "ticket", "Slack", "Teams", "mail", "PagerDuty"
TOLD_ORDER = (TICKET, SLACK, TEAMS, MAIL, PAGE)
EVERYBODY = frozenset(TOLD_ORDER)

USER, SIGN_INS, HUNTS = BlockName.USER, BlockName.SIGN_INS, BlockName.ACTIVITY
REPUTATION, SCORING, FIREWALL = BlockName.ADDRESS, BlockName.SCORING, BlockName.FIREWALL
EVIDENCE, TOLD = BlockName.EVIDENCE, BlockName.NOTIFICATION


@dataclass(frozen=True)
class Row:
    """One dependency, or a pair."""

    title: str
    note: str
    """What else to know, for people."""
    account: str = ITSELF
    address: str = ITSELF
    away: frozenset[str] = frozenset()
    """Who takes nothing from us."""
    record: bool = True
    """Whether the case can be read."""
    partial: frozenset[BlockName] = frozenset()
    """Blocks of the record that say what is missing."""

    @property
    def pages(self) -> bool:
        """Whether somebody is woken: a High verdict waits, or an emergency's mail fails.

        It is Medium at most where no block is proposed.
        """
        emergency = not self.record or TICKET in self.away
        return (self.record and self.address == ASKED) or (emergency and MAIL in self.away)

    @property
    def told(self) -> frozenset[str]:
        """Who is told. Without a record the emergency goes by mail, or by the other channels."""
        heard = EVERYBODY - self.away - (frozenset() if self.pages else {PAGE})
        emergency = frozenset({MAIL}) & heard or heard - {TICKET}
        return heard if self.record else emergency

    def markdown(self) -> str:
        """Return the row of the page."""
        blocks = ", ".join(f"`{one}`" for one in BlockName if one in self.partial) or "nothing"
        partial = blocks if self.record else "no record yet"
        told = ", ".join(one for one in TOLD_ORDER if one in self.told) or "nobody"
        cells = (self.title, self.account, self.address, told, partial, self.note)
        return f"| {' | '.join(cells)} |"


ROWS = {
    "tokens": Row(
        "Entra ID, which issues no tokens (Graph, Log Analytics, Sentinel, Blob, Azure Firewall, "
        "Conditional Access, Defender and mail by Graph or Communication Services at once)",
        "Slack and Teams get the whole summary and ask a person, who has to act by hand; the rest "
        "is tried again. Needs no token: Slack, Teams, PagerDuty, ServiceNow, Jira, Okta, "
        "reputation, PAN-OS, SMTP. But without a record there is no ticket and no page. A token "
        "that is there is good until it ends; `infra/` has the task hub entered by identity, too: "
        "when its tokens end, its row below holds",
        account=ASKED,
        address=ASKED,
        away=frozenset({MAIL}),
        record=False,
    ),
    "graph": Row(
        "Entra ID (Microsoft Graph)",
        "What kind of account it is cannot be known, so nothing is done without a person",
        account=ASKED,
        address=ASKED,
        partial=frozenset({USER, REPUTATION, HUNTS, SCORING, EVIDENCE}),
    ),
    "sentinel": Row(
        "Microsoft Sentinel and Log Analytics",
        "The alert alone makes it Medium; analysts review the sign-ins by hand. The incident gets "
        "no comment; logs are exported later, if they come back within the watch",
        account=ASKED,
        address=NOT_PROPOSED,
        partial=frozenset({SIGN_INS, HUNTS, SCORING, EVIDENCE, TOLD}),
    ),
    "google_secops": Row(
        "Google SecOps, in Sentinel's place",
        "As Sentinel",
        account=ASKED,
        address=NOT_PROPOSED,
        partial=frozenset({SIGN_INS, HUNTS, SCORING, EVIDENCE, TOLD}),
    ),
    "blob": Row(
        "Blob storage of cases and evidence",
        "Contained from the engine's own memory. The emergency message has the whole summary, and "
        "goes out by the other channels if mail is down, too. Record, ticket and evidence are "
        "tried again",
        record=False,
    ),
    "key_vault": Row(
        "Key Vault, when the app starts without its secrets",
        "Whatever needs a secret refuses us: ticketing, Slack, Teams, PagerDuty, reputation, "
        "Okta. Entra ID, logs, storage and Graph mail need none: mail is all that tells, so with "
        "mail down as well nobody is told. Links are not signed and keys not accepted. An app "
        "that runs keeps its secrets",
        account=ASKED,
        address=ASKED,
        away=frozenset({TICKET, SLACK, TEAMS, PAGE}),
        partial=frozenset({USER, REPUTATION, SCORING, TOLD}),
    ),
    "itsm": Row(
        "Ticketing (ServiceNow, Jira, ...)",
        "The emergency mail has the whole summary; the ticket is tried until it exists",
        away=frozenset({TICKET}),
        partial=frozenset({TOLD}),
    ),
    "slack": Row(
        "Slack",
        "Decisions by the page that the other messages link to",
        away=frozenset({SLACK}),
        partial=frozenset({TOLD}),
    ),
    "teams": Row("Teams", "As Slack", away=frozenset({TEAMS}), partial=frozenset({TOLD})),
    "pagerduty": Row(
        "PagerDuty, when it is configured",
        "It wakes, and this case needs nobody's waking. Of one that waits for a person the "
        "others tell and nobody is woken: `analyst_notification_status` says so, the block is "
        "complete",
        away=frozenset({PAGE}),
    ),
    "mail": Row(
        "Mail",
        "An emergency goes out by every other channel",
        away=frozenset({MAIL}),
        partial=frozenset({TOLD}),
    ),
    "firewall": Row(
        "A firewall",
        "Tried for about ten minutes, and by the others at once; then people block by hand, and "
        "the app aligns it when it is back",
        address=FAILED,
        partial=frozenset({FIREWALL}),
    ),
    "okta": Row(
        "Okta, when it is configured",
        "The account may be there, too, and be another's: a person says so",
        account=ASKED,
        address=ASKED,
        partial=frozenset({USER}),
    ),
    "defender": Row(
        "Defender for Endpoint",
        "No device is scanned or isolated; the case says which to look at",
    ),
    "reputation": Row(
        "Every reputation service",
        "Unknown is not good: the address is blocked only by a person. One service of several is "
        "enough",
        address=ASKED,
        partial=frozenset({REPUTATION, SCORING}),
    ),
}

UNLIKE_THEIR_PARTS = dict.fromkeys([("graph", "reputation"), ("graph", "key_vault")], NOT_PROPOSED)
"""With so little known of account and address, the verdict is Medium at most."""


def together(first: str, second: str) -> Row:
    """Return what is left with both down: of each column what is less."""
    one, two = ROWS[first], ROWS[second]
    address = max(one.address, two.address, key=ADDRESS_RANK.index)
    partial = one.partial | two.partial
    return Row(
        title=f"{one.title} and {two.title}",
        note="",
        account=max(one.account, two.account, key=(ITSELF, ASKED).index),
        address=UNLIKE_THEIR_PARTS.get((first, second), address),
        away=one.away | two.away,
        record=one.record and two.record,
        partial=partial if address == FAILED else partial - {FIREWALL},
    )


EVERY_PAIR = list(combinations(ROWS, 2))
WITH_BLOB = {"graph", "sentinel", "key_vault", "itsm", "slack", "mail", "firewall", "reputation"}
"""A case without a record takes ten times as long: its pairs that differ from another's."""


def _is_played(first: str, second: str) -> bool:
    pair = {first, second}
    if "tokens" in pair:
        return pair == {"tokens", "key_vault"}
    if "blob" in pair:
        return bool(pair & WITH_BLOB)
    return pair != {"sentinel", "google_secops"}


PAIRS = {pair: together(*pair) for pair in EVERY_PAIR if _is_played(*pair)}
