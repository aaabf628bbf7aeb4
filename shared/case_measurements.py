"""What is measured of a case: by comparing its record before and after it was written.

Only the writer whose record was stored measures, so each thing is counted once; what happened is
lost with a worker that dies between writing and measuring.
"""

from collections.abc import Iterator
from datetime import datetime

from shared.models.base import Json, parse_utc
from shared.models.case import CaseStatus
from shared.models.measurement import Attributes, Measurement, Metric

AT_REST = frozenset(
    {CaseStatus.CONTAINED, CaseStatus.MONITORING, CaseStatus.FAILED, CaseStatus.CLOSED}
)
"""Statuses in which nothing is being done or asked."""


def case_measurements(before: Json, after: Json) -> Iterator[Measurement]:
    """Yield what has just ended of a case, other than its service levels."""
    about, place = _about(after), _place(after)
    was, status = before["status"], after["status"]
    if status in AT_REST and was not in AT_REST:
        yield Measurement(Metric.CASE_FINISHED, 1.0, about | {"status": status})
    if status == CaseStatus.FAILED and was != CaseStatus.FAILED:
        yield Measurement(Metric.CONTAINMENT_FAILED, 1.0, about)
    for name, block in (after.get("blocks") or {}).items():
        known = (before.get("blocks") or {}).get(name) or {}
        if block.get("finished_at") and block["finished_at"] != known.get("finished_at"):
            of_block: Attributes = place | {"block": name, "status": block["status"]}
            yield Measurement(Metric.BLOCK_DURATION, _seconds(block), of_block)
    done = {_key(one): one["status"] for one in before.get("actions") or []}
    for one in after.get("actions") or []:
        if done.get(_key(one)) != one["status"]:
            of_action: Attributes = place | {"action": one["action"], "status": one["status"]}
            yield Measurement(Metric.ACTION_FINISHED, 1.0, of_action)


def sla_measurement(record: Json, finished: Json) -> Measurement:
    """Return how long a service level of a case took, in seconds, and whether it was met.

    Args:
        record: the case record; only its kind, mode, severity and verdict are used.
        finished: one of its ``sla.measures`` whose end is known.
    """
    of_level: Attributes = {"measure": finished["name"], "met": bool(finished["met"])}
    return Measurement(Metric.SLA_DURATION, float(finished["seconds"]), _about(record) | of_level)


def sla_escalation(record: Json, escalated: Json) -> Measurement:
    """Return that somebody was warned or called about a case (``sla.escalations``)."""
    about: Attributes = {"tier": str(escalated["tier"]), "about": str(escalated["about"])}
    about["call"] = str(escalated["kind"])
    return Measurement(Metric.SLA_ESCALATIONS, 1.0, _about(record) | about)


def _place(record: Json) -> Attributes:
    return {"case_kind": str(record["alert_type"]), "mode": str(record["mode"])}


def _about(record: Json) -> Attributes:
    verdict = record.get("verdict") or {}
    return _place(record) | {
        "severity": str(record["incident"].get("severity") or "unknown"),
        "verdict": str(verdict.get("compromise_confidence_score") or "none"),
    }


def _key(action: Json) -> tuple[str, str]:
    return action["action"], action["target"]


def _seconds(block: Json) -> float:
    """Return how long a block took; 0 where its start is not known."""
    begun, ended = (_time(block.get(name)) for name in ("started_at", "finished_at"))
    return max(0.0, (ended - begun).total_seconds()) if begun and ended else 0.0


def _time(value: str | None) -> datetime | None:
    return parse_utc(value) if value else None
