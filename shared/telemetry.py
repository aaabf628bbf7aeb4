"""What the app writes to its log, and what it does not; what it measures of itself."""

import json
import logging
from dataclasses import dataclass

from shared.models.base import Json

type Attributes = dict[str, str | bool | int | float]
"""Dimensions of a measurement: few values each, and never personal data."""

_measurements = logging.getLogger("tourniquet.measurements")

_CHATTY = ("azure", "httpx", "msal", "urllib3", "aiosmtplib")
"""Vendors' libraries log every request with its address and headers at INFO: that is personal data,
and by far most of what Application Insights would charge for."""


def configure_logging() -> None:
    """Let vendors' libraries log warnings only; our loggers stay as the host sets them."""
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("azure.functions").setLevel(logging.INFO)


@dataclass(frozen=True)
class Measurement:
    """One measured value, as an OpenTelemetry histogram of the same name would record it."""

    name: str
    """``tourniquet.<what>``."""
    value: float
    unit: str
    """UCUM, for example ``s``; ``1`` for a count."""
    attributes: Attributes


def measure(one: Measurement) -> None:
    """Emit a measurement: one line of JSON on the logger ``tourniquet.measurements``."""
    line: Json = {"name": one.name, "value": one.value, "unit": one.unit, **one.attributes}
    _measurements.info("%s", json.dumps(line, sort_keys=True))


def sla_measurement(record: Json, finished: Json) -> Measurement:
    """Return how long a service level of a case took, in seconds, and whether it was met.

    Args:
        record: the case record; only its kind, severity and verdict are used.
        finished: one of its ``sla.measures`` whose end is known.
    """
    return Measurement(
        name="tourniquet.sla.duration",
        value=float(finished["seconds"]),
        unit="s",
        attributes=_about(record) | {"measure": finished["name"], "met": bool(finished["met"])},
    )


def sla_escalation(record: Json, escalated: Json) -> Measurement:
    """Return that somebody was warned or called about a case (``sla.escalations``)."""
    about: Attributes = {name: str(escalated[name]) for name in ("tier", "kind", "about")}
    return Measurement("tourniquet.sla.escalations", 1.0, "1", _about(record) | about)


def _about(record: Json) -> Attributes:
    verdict = record.get("verdict") or {}
    return {
        "case_kind": str(record["alert_type"]),
        "mode": str(record["mode"]),
        "severity": str(record["incident"].get("severity") or "unknown"),
        "verdict": str(verdict.get("compromise_confidence_score") or "none"),
    }
