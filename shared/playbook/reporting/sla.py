"""The SLA as code: the targets of seed 004 section 10, measured from a case's own times."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.models.base import Json, format_utc, parse_utc
from shared.models.plan import Disposition
from shared.models.sla import Measure, SlaTargets
from shared.playbook.planning.plan import NOTHING_TO_DO

STALE = timedelta(hours=1)
"""An incident older than this on arrival was replayed or delivered late by somebody else: its
clock starts when we received it, and the delay is stated beside it."""
TITLES = {
    Measure.NOTIFICATION: "detection to notification",
    Measure.CONTAINMENT: "notification to containment",
    Measure.REVIEW: "notification to review",
    Measure.REMEDIATION: "full remediation",
    Measure.REMEDIATION_AGAIN: "remediation after it did not hold",
}
_TIMES = ("detected_at", "received_at", "notified_at", "contained_at", "reviewed_at", "closed_at")
_LISTS = ("closings", "reopenings")
_KEPT = (*_TIMES, *_LISTS, "reviewed_by", "closed_by", "targets", "escalations")
"""What a record's ``sla`` is measured from; the rest of it is computed."""


def clock_start(detected_at: datetime, received_at: datetime) -> datetime:
    """Return when the clock of a case starts: at its detection, unless that is long past."""
    stale = received_at - detected_at > STALE
    return received_at if stale else min(detected_at, received_at)


def compute_sla(
    *,
    detected_at: datetime,
    received_at: datetime,
    notified_at: datetime | None = None,
    contained_at: datetime | None = None,
    reviewed_at: datetime | None = None,
    closings: Sequence[datetime] = (),
    reopenings: Sequence[datetime] = (),
    targets: SlaTargets | None = None,
    now: datetime | None = None,
    containment_due: bool = True,
) -> Json:
    """Return when the clock started, and for every target what became of it.

    ``measures`` is a list of ``{"name", "title", "target_seconds", "seconds", "due_at", "met"}``:
    ``met`` is true or false once the end is known, false when ``now`` has passed the due time
    without it, else ``None``. Durations are in seconds. ``containment_due`` is false when nothing
    was to be contained by itself: then only a containment that happened counts. ``closings`` and
    ``reopenings``: when people closed the case, and when its containment turned out not to hold;
    then remediation is measured once more, from that moment.
    """
    goals = targets or SlaTargets()
    delay = received_at - detected_at
    start = clock_start(detected_at, received_at)
    notes = []
    if delay > STALE:
        notes.append(
            f"The incident was {_hours(delay)} old when it arrived (a replay, or a late delivery); "
            "the clock starts at its arrival."
        )
    contain_by = now if containment_due else None
    measures = [
        _measure(Measure.NOTIFICATION, start, notified_at, goals, now),
        _measure(Measure.CONTAINMENT, notified_at, contained_at, goals, contain_by),
        _measure(Measure.REVIEW, notified_at, reviewed_at, goals, now),
    ]
    runs = [start, *sorted(reopenings)]
    for number, (begun, over) in enumerate(zip(runs, [*runs[1:], None], strict=True)):
        name = Measure.REMEDIATION_AGAIN if number else Measure.REMEDIATION
        ends = [at for at in closings if at >= begun and (over is None or at < over)]
        last = now if over is None or now is None else min(now, over)
        measures.append(_measure(name, begun, min(ends, default=None), goals, last))
        if over is not None and not ends:
            notes.append(
                f"The containment did not hold, seen {format_utc(over)}, before the case was "
                "closed: remediation is measured anew from then."
            )
    return {
        "clock_started_at": format_utc(start),
        "intake_delay_seconds": max(0.0, round(delay.total_seconds(), 3)),
        "measures": measures,
        "notes": notes,
    }


def with_measures(
    times: Json, *, now: datetime | None = None, containment_due: bool = True
) -> Json:
    """Return a record's ``sla`` with its measures; applying it again changes nothing.

    ``times`` holds ``detected_at`` and ``received_at``, and the others once they are known, as ISO
    8601 text; ``targets`` as they were at intake.
    """
    given = {name: parse_utc(times[name]) for name in _TIMES if times.get(name)}
    if "received_at" not in given:
        return times
    received = given["received_at"]
    closed = [given["closed_at"]] if "closed_at" in given else []
    measures = compute_sla(
        detected_at=given.get("detected_at", received),
        received_at=received,
        targets=SlaTargets.model_validate(times.get("targets") or {}),
        now=now,
        containment_due=containment_due,
        notified_at=given.get("notified_at"),
        contained_at=given.get("contained_at"),
        reviewed_at=given.get("reviewed_at"),
        closings=[*(parse_utc(one) for one in times.get("closings") or []), *closed],
        reopenings=[parse_utc(one) for one in times.get("reopenings") or []],
    )
    return {key: value for key, value in times.items() if key in _KEPT} | measures


def containment_is_due(record: Json) -> bool:
    """Return whether the playbook contains by itself in this case (seed 004: at High confidence).

    What a person is asked first is not automatic containment: its time is the person's.
    """
    return any(
        line["disposition"] == Disposition.AUTOMATIC and line["action"] not in NOTHING_TO_DO
        for line in record.get("plan") or []
    )


def finished(before: Json, after: Json) -> list[Json]:
    """Return the measures of ``after`` whose end ``before`` did not know, each of them once.

    Both are ``sla`` of one record with its measures.
    """
    known = {_key(one) for one in before.get("measures") or [] if one["seconds"] is not None}
    ended = [one for one in after.get("measures") or [] if one["seconds"] is not None]
    return [one for one in ended if _key(one) not in known]


def called_since(before: Json, after: Json) -> list[Json]:
    """Return the warnings and escalations of ``after`` that ``before`` did not have."""
    known = {_call_key(one) for one in before.get("escalations") or []}
    return [one for one in after.get("escalations") or [] if _call_key(one) not in known]


def _call_key(call: Json) -> tuple[str, ...]:
    return (call["tier"], call["kind"], call["about"], call["at"])


def _key(measure: Json) -> tuple[str, str | None]:
    again = measure["name"] == Measure.REMEDIATION_AGAIN
    return measure["name"], measure["due_at"] if again else None


def merge_sla(old: Json | None, new: Json) -> Json:
    """Return a record's ``sla`` with a patch merged in; the same patch twice changes nothing more.

    First times stay: a question put again, or an incident that joins, moves no clock. The latest
    closing counts as ``closed_at``; ``closings`` has all of them. An entry of ``escalations`` is
    completed by a later one of the same tier and kind about the same.
    """
    merged = dict(old or {})
    for key, value in new.items():
        if value is None:
            continue
        if key in ("notified_at", "contained_at", "reviewed_at"):
            known = merged.get(key)
            if known is None or parse_utc(value) < parse_utc(known):
                merged[key] = value
                if key == "reviewed_at" and "reviewed_by" in new:
                    merged["reviewed_by"] = new["reviewed_by"]
        elif key in _LISTS:
            merged[key] = sorted({*merged.get(key, []), *value})
        elif key == "escalations":
            merged[key] = _merge_escalations(merged.get(key) or [], value)
        elif key != "reviewed_by" or key not in merged:
            merged[key] = value
    if closed := new.get("closed_at"):
        merged["closings"] = sorted({*merged.get("closings", []), closed})
    return merged


def _merge_escalations(old: Sequence[Json], new: Sequence[Json]) -> list[Json]:
    entries: dict[tuple[str, ...], Json] = {}
    for one in (*old, *new):
        key = _call_key(one)
        entries[key] = entries.get(key, {}) | {k: v for k, v in one.items() if v is not None}
    return sorted(entries.values(), key=lambda one: str(one["at"]))


def _measure(
    name: Measure,
    start: datetime | None,
    end: datetime | None,
    targets: SlaTargets,
    now: datetime | None,
) -> Json:
    target = timedelta(seconds=targets.seconds(name))
    due = start + target if start is not None else None
    seconds: float | None = None
    met: bool | None = None
    if start is not None and end is not None:
        # Containment can begin before the message is out; that is early, not negative.
        seconds = max(0.0, round((end - start).total_seconds(), 3))
        met = seconds < target.total_seconds()
    elif due is not None and now is not None and now >= due:
        met = False
    return {
        "name": str(name),
        "title": TITLES[name],
        "target_seconds": int(target.total_seconds()),
        "seconds": seconds,
        "due_at": format_utc(due) if due is not None else None,
        "met": met,
    }


def _hours(delay: timedelta) -> str:
    hours = delay.total_seconds() / 3600
    return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.0f} days"
