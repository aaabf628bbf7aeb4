"""What the app measures of itself: every metric, dimension and value that may leave it.

The lists are closed, so that no dimension can carry personal data: what is not listed is sent as
``other``. The workbook and the alert rules of ``infra/`` ask for these names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.models.block import BlockName, BlockStatus
from shared.models.case import AlertType, CaseStatus, OperatingMode
from shared.models.outcome import ActionStatus
from shared.models.plan import ActionName
from shared.models.sla import Measure, Tier
from shared.models.verdict import Confidence

type Attributes = dict[str, str | bool]
"""Dimensions of a measurement."""

OTHER = "other"
"""In place of a value that is not listed."""


class Metric(StrEnum):
    """Names of what is measured."""

    CASE_FINISHED = "tourniquet.case.finished"
    CONTAINMENT_FAILED = "tourniquet.containment.failed"
    ACTION_FINISHED = "tourniquet.action.finished"
    BLOCK_DURATION = "tourniquet.block.duration"
    PROVIDER_DURATION = "tourniquet.provider.duration"
    SLA_DURATION = "tourniquet.sla.duration"
    SLA_ESCALATIONS = "tourniquet.sla.escalations"
    BREAKER_CHANGES = "tourniquet.breaker.changes"


class Outcome(StrEnum):
    """How a call to a vendor ended, after its retries: by the type of our error."""

    OK = "ok"
    RETRYABLE = "retryable"
    THROTTLED = "throttled"
    PERMISSION_DENIED = "permission_denied"
    NOT_FOUND = "not_found"
    NOT_SUPPORTED = "not_supported"
    NOT_CONFIGURED = "not_configured"
    CONFLICT = "conflict"
    PERMANENT = "permanent"
    UNEXPECTED = "unexpected"


VENDORS = frozenset(
    {
        *("entra", "entra_token", "okta", "conditional_access", "defender"),
        *("log_analytics", "sentinel", "google_secops", "google_secops_soar", "google_token"),
        *("azure_firewall", "panos", "block_list"),
        *("abuseipdb", "greynoise", "virustotal", "geoip"),
        *("servicenow", "jira", "slack", "teams", "pagerduty"),
        *("email", "graph_mail", "communication_services", "blob"),
    }
)
CALLED_ABOUT = frozenset(
    {
        *(str(one) for one in Measure),
        "decision",
        *("containment_failed", "did_not_hold", "sensitive_account", "lateral_movement"),
        *("persistence", "exfiltration", "destruction", "widespread"),
    }
)
"""A measure, an open question, or a criterion by which people are called."""

_BOOLEAN = frozenset({"true", "false"})
DIMENSIONS: Mapping[str, frozenset[str]] = {
    "case_kind": frozenset(AlertType),
    "mode": frozenset(OperatingMode),
    "severity": frozenset({"High", "Medium", "Low", "Informational", "unknown"}),
    "verdict": frozenset({*Confidence, "none"}),
    "status": frozenset({*BlockStatus, *CaseStatus, *ActionStatus}),
    "action": frozenset(ActionName),
    "block": frozenset(BlockName),
    "vendor": VENDORS,
    "outcome": frozenset(Outcome),
    "repeat": frozenset({"always", "if_not_processed", "never"}),
    "measure": frozenset(Measure),
    "met": _BOOLEAN,
    "tier": frozenset(Tier),
    "call": frozenset({"warning", "missed", "criterion", "unanswered"}),
    "about": CALLED_ABOUT,
    "change": frozenset({"tripped", "reset"}),
}
"""Every dimension with every value it may have."""

_CASE = ("case_kind", "mode", "severity", "verdict")


@dataclass(frozen=True)
class Instrument:
    """How a metric is recorded: a histogram of seconds, or a counter."""

    unit: str
    """UCUM: ``s``, or ``1`` for a count."""
    description: str
    dimensions: tuple[str, ...]


INSTRUMENTS: Mapping[Metric, Instrument] = {
    Metric.CASE_FINISHED: Instrument(
        "1", "Cases that came to rest; one that is judged anew counts again.", (*_CASE, "status")
    ),
    Metric.CONTAINMENT_FAILED: Instrument(
        "1", "Cases in which something decided could not be done, or did not hold.", _CASE
    ),
    Metric.ACTION_FINISHED: Instrument(
        "1",
        "Actions against an account, address or device.",
        ("case_kind", "mode", "action", "status"),
    ),
    Metric.BLOCK_DURATION: Instrument(
        "s", "How long a block of the playbook took.", ("case_kind", "mode", "block", "status")
    ),
    Metric.PROVIDER_DURATION: Instrument(
        "s", "How long a vendor's call took with its retries.", ("vendor", "outcome", "repeat")
    ),
    Metric.SLA_DURATION: Instrument(
        "s", "How long a service level of a case took.", (*_CASE, "measure", "met")
    ),
    Metric.SLA_ESCALATIONS: Instrument(
        "1", "Warnings and escalations about cases.", (*_CASE, "tier", "call", "about")
    ),
    Metric.BREAKER_CHANGES: Instrument(
        "1",
        "How often the breaker paused automatic containment, or people resumed it.",
        ("change",),
    ),
}


@dataclass(frozen=True)
class Measurement:
    """One measured value; its unit is the instrument's."""

    name: Metric
    value: float
    attributes: Attributes


def closed(one: Measurement) -> Attributes:
    """Return the dimensions as they may leave the app: the metric's own, with listed values."""
    known = INSTRUMENTS[one.name].dimensions
    return {key: _closed(key, one.attributes[key]) for key in known if key in one.attributes}


def _closed(key: str, value: str | bool) -> str | bool:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    # Criteria that hold together are told of together.
    parts = text.split("+") if key == "about" else [text]
    if not all(part in DIMENSIONS[key] for part in parts):
        return OTHER
    return value if isinstance(value, bool) else text
