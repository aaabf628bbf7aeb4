"""Tickets, notifications and evidence: what leaves the case towards people."""

from typing import Literal

from pydantic import Field

from shared.models.base import Model, UtcDatetime
from shared.models.plan import ActionName


class TicketTask(Model):
    """Open work, for ticketing systems that have tasks."""

    title: str
    """One sentence; the same for the same work."""
    detail: str = ""


class Closing(Model):
    """How a case was closed, in the words that Sentinel has for it."""

    classification: Literal["TruePositive", "BenignPositive", "FalsePositive", "Undetermined"]
    reason: Literal[
        "SuspiciousActivity", "SuspiciousButExpected", "IncorrectAlertLogic", "InaccurateData", ""
    ] = ""
    comment: str = ""


class Ticket(Model):
    """An ITSM ticket; ``correlation_id`` is the case id and makes it idempotent."""

    correlation_id: str
    title: str
    description: str
    """Plain text."""
    severity: Literal["High", "Medium", "Low"]
    work_note: str = ""
    """Added as a comment on update; the description is set on creation only."""
    must_exist: bool = False
    """Only add to a ticket that is there: another writer opens it."""
    labels: list[str] = Field(default_factory=list)
    owner: str = ""
    """Who has the case, as far as a person has taken it; a name that may hold a mail address."""
    tasks: list[TicketTask] | None = None
    """All open work; ``None``: not known in this phase."""
    closing: Closing | None = None
    """Set when a person has closed the case."""
    open_again: bool = False
    """The case is open again, although it may have been closed."""
    incident_id: str = ""
    """What the case came from, by the id that its product gave it."""
    known: dict[str, str] = Field(default_factory=dict)
    """By ticketing system, its own id of this ticket, as an earlier answer gave it."""


NO_TICKETING = "no ticketing system is configured"
"""What opening a ticket answers where nobody wants one."""


class TicketReference(Model):
    """Where the ticket is."""

    ticket_id: str
    """What people call it, for example ``INC0010023``."""
    url: str | None = None
    created: bool = False
    own_id: str | None = None
    """The system's own id, where it is another than what people call it."""
    failed: list[str] = Field(default_factory=list)
    """What the ticket is there without, each with why."""


class AskedAction(Model):
    """One choice of a question, as people say it and as a decision names it."""

    action: ActionName
    label: str
    consequence: str = ""
    recommended: bool = False
    """Chosen already; the person may take it back."""


class Question(Model):
    """What a person is to decide, for channels on which the answer can be given at once."""

    choices: list[AskedAction]
    """Several may be chosen together."""
    alone: list[AskedAction]
    """Each excludes everything else."""
    token: str
    """Proves that whoever answers got the question; signed, expires with the deadline."""


class Notification(Model):
    """One message to analysts. Plain text parts; each provider renders and escapes them itself."""

    case_id: str
    title: str
    summary: str
    facts: list[tuple[str, str]] = Field(default_factory=list)
    """Label and value pairs, in order."""
    lines: list[str] = Field(default_factory=list)
    links: list[tuple[str, str]] = Field(default_factory=list)
    """Label and https URL pairs."""
    urgent: bool = False
    recipients: list[str] = Field(default_factory=list)
    """Overrides the configured recipients where the channel has recipients (e-mail)."""
    place: str | None = None
    """Overrides the configured place where the channel has places (a Slack channel)."""
    question: Question | None = None
    """Set while a decision is awaited; a channel that cannot take answers shows the link only."""
    reference: str | None = None
    """A channel's own id of the earlier message of this case; set: update that message."""
    quiet: bool = False
    """Only bring the message that is there up to date; nobody is told anything."""
    alert: bool = False
    """Somebody has to act now: a channel that changes its message says this aloud, too."""
    subject: str = ""
    """What every mail of the case is called, so that they are one conversation; empty: the title.
    """
    wake: Literal["trigger", "acknowledge", "resolve"] | None = None
    """What becomes of the page of a channel that wakes people; ``None``: nothing."""


class NotificationReceipt(Model):
    """Proof that a channel took the message."""

    channel: str
    reference: str | None = None


class EvidenceItem(Model):
    """One stored piece of evidence."""

    name: str
    url: str
    sha256: str
    size: int
    """Bytes as stored."""
    rows: int | None = None
    source: str
    query: str | None = None
    time_range: tuple[UtcDatetime, UtcDatetime] | None = None
    """First instant and the one after the last."""
    partial: str = ""
    """What is missing of it, in the source's words."""
    collector: str = ""
    """What collected it, and its version."""
    collected_at: UtcDatetime


class BlockState(Model):
    """An address on a firewall."""

    rule_id: str
    """Where the block lives, for example the IP group's resource id."""
    present: bool
    provisioned: bool
    """True once the firewall itself says the change is in force."""
    broken: bool = False
    """The firewall says that its last change did not get through: it has to be made again."""
    already_there: bool = False
    detail: str = ""
