"""What of an incident changes for a ticket, and what stays as analysts have it."""

import re
from typing import Any

from shared.models.base import Json
from shared.models.message import Ticket

SEVERITIES = ("Informational", "Low", "Medium", "High")
WRITABLE = (
    "title",
    "description",
    "severity",
    "status",
    "classification",
    "classificationReason",
    "classificationComment",
    "owner",
    "labels",
    "firstActivityTimeUtc",
    "lastActivityTimeUtc",
)
"""What a replacement holds; the rest of an incident is read-only."""
CLASSIFIED = ("classification", "classificationReason", "classificationComment")
CASE = re.compile(r"case-[0-9a-f]{24}", re.ASCII)
"""The label of a case."""
ENDED = "-closed"
"""Behind a case's id, the label of a case that is closed."""
PERSON = re.compile(r"[^\s@()<>]+@[^\s@()<>]+\.[^\s@()<>]+")


def changed_properties(properties: Json, ticket: Ticket) -> Json | None:
    """Return the properties to write; ``None`` when the incident is up to date.

    A case that is closed leaves an incident open that another case is at work on, by its labels.
    """
    old = {name: _sendable(properties[name]) for name in WRITABLE if properties.get(name)}
    new = dict(old)
    new["labels"] = labels = _labels(old.get("labels", []), ticket)
    if _rank(ticket.severity) > _rank(old.get("severity")):
        new["severity"] = ticket.severity
    if not _is_owned(old.get("owner")) and (owner := _owner(ticket.owner)):
        new["owner"] = owner
    closed = old.get("status") == "Closed"
    if ticket.closing is not None and not closed and not _has_others(labels, ticket):
        new |= {
            "status": "Closed",
            "classification": ticket.closing.classification,
            "classificationComment": ticket.closing.comment,
        }
        if ticket.closing.reason:
            new["classificationReason"] = ticket.closing.reason
    elif (closed and ticket.open_again) or old.get("status") == "New":
        new = {name: value for name, value in new.items() if name not in CLASSIFIED}
        new["status"] = "Active"
    same = new | {"labels": new["labels"] or None} == old | {"labels": old.get("labels")}
    return None if same else new


def _sendable(value: Any) -> Any:
    """Leave out what Sentinel tells and does not take back: empty values, the kind of a label."""
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if item is not None}
        return {key: item for key, item in kept.items() if key != "labelType"}
    if isinstance(value, list):
        return [_sendable(item) for item in value]
    return value


def _labels(there: list[Json], ticket: Ticket) -> list[Json]:
    """Return the labels with ours, among them whether the case is closed."""
    ended = f"{ticket.correlation_id}{ENDED}"
    wanted = [*ticket.labels, *([ended] if ticket.closing is not None else [])]
    kept = [one for one in there if not (ticket.open_again and _name(one) == ended.casefold())]
    known = {_name(one) for one in kept}
    return [*kept, *({"labelName": one} for one in wanted if one.casefold() not in known)]


def _name(label: Json) -> str:
    return str(label.get("labelName", "")).casefold()


def _has_others(labels: list[Json], ticket: Ticket) -> bool:
    """Return whether another case is named that is not closed."""
    names = {_name(one) for one in labels}
    cases = {one for one in names if CASE.fullmatch(one)} - {ticket.correlation_id.casefold()}
    return any(f"{one}{ENDED}" not in names for one in cases)


def _rank(severity: object) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1


def _is_owned(owner: Json | None) -> bool:
    names = ("objectId", "email", "userPrincipalName", "assignedTo")
    return any((owner or {}).get(name) for name in names)


def _owner(name: str) -> Json | None:
    """Return the owner that a name stands for; only one with a mail address can be found again."""
    found = PERSON.search(name)
    if found is None:
        return None
    address = found.group()
    return {"userPrincipalName": address, "email": address, "assignedTo": address}
