"""Incidents that join an open case: what is kept of each, and what the case is judged by anew."""

from collections.abc import Sequence
from datetime import datetime

from shared.models.base import Json, format_utc
from shared.models.case import CaseRequest

MOST_ADDRESSES = 20
"""Addresses of joined incidents that are looked at with the leading one's."""
_WEIGHT = {"High": 0, "Medium": 1, "Low": 2, "Informational": 3}


def waiting_name(case: CaseRequest) -> str:
    """Return the name under which an incident waits: names in order, the heaviest first."""
    return f"{_WEIGHT[case.incident.severity]}-{case.case_id}"


def evidence_name(case_id: str) -> str:
    """Return where a joined incident is kept as received, within the case that it joined."""
    return f"joined/{case_id}.json"


def waiting_incident(case: CaseRequest, at: datetime) -> Json:
    """Return what waits: the case that the incident would have been, and when it came."""
    return {"case": case.to_json(), "at": format_utc(at)}


def brief(waiting: Json) -> Json:
    """Return what the record keeps of a joined incident."""
    case = CaseRequest.model_validate(waiting["case"])
    incident = case.incident
    return {
        "case_id": case.case_id,
        "incident_id": incident.incident_id,
        "number": incident.number,
        "title": incident.title,
        "severity": incident.severity,
        "alert_type": case.alert_type,
        "at": waiting["at"],
        "evidence": evidence_name(case.case_id),
    }


def joined_request(open_case: CaseRequest, joined: Sequence[CaseRequest]) -> CaseRequest:
    """Return the request by which an open case is judged anew, as the joined incidents tell it.

    The heaviest and then latest incident leads: its times and its title are asked about. The
    addresses of all are looked at, the leading one's first. Who the account is, the mode and the
    waiting times stay the open case's.
    """
    ranked = sorted(joined, key=lambda one: one.now, reverse=True)
    lead, *others = sorted(ranked, key=lambda one: _WEIGHT[one.incident.severity])
    every = [address for one in (lead, *others, open_case) for address in one.addresses]
    return lead.model_copy(
        update={
            "case_id": open_case.case_id,
            "run": open_case.run,
            "mode": open_case.mode,
            "timing": open_case.timing,
            "account": open_case.account,
            "addresses": list(dict.fromkeys(every))[:MOST_ADDRESSES],
            "now": max(one.now for one in (lead, *others)),
        }
    )
