"""Turns a planned round into a tenant and incidents: each account is a scenario's, renamed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lab.bench.accounts import empty_like, merge, reworded
from lab.chaos.models import CaseKind, PlannedCase, Round
from lab.chaos.plan import NEVER_BLOCKED
from lab.scenarios.expander import expand
from lab.scenarios.loader import load_scenario
from lab.scenarios.merge import make_id
from lab.scenarios.models import Common
from shared.models.base import Json
from shared.models.case import OperatingMode
from shared.playbook.intake import parse_sentinel_incident

_DANA = ("dana.rivers", "Dana Rivers", "6a1c5f0e-3c51-4f0b-9f1e-0d6f5f0b7a11")
_NOOR = ("noor.admin", "Noor Haddad (admin)", "c3e8a9d2-7b40-4d1e-a1c5-5e6f70819a33")
_RUTH = ("ruth.okafor", "Ruth Okafor", "07cae316-9f84-4152-a509-92a3b4c5de77")
_EMERGENCY = ("emergency.access", "Emergency access", "d4f7b0e3-6c51-4e2f-b2d6-6f708192ab44")
_CASTS = {
    CaseKind.ATTACKED: ("brute-force-success", _DANA, "203.0.113.66"),
    CaseKind.UNSURE: ("needs-approval", _DANA, "198.51.100.131"),
    CaseKind.PUSHED: ("mfa-fatigue", _DANA, "203.0.113.180"),
    CaseKind.VIP: ("vip-account", _RUTH, "203.0.113.66"),
    CaseKind.PRIVILEGED: ("privileged-account", _NOOR, "203.0.113.66"),
    CaseKind.BREAK_GLASS: ("break-glass-account", _EMERGENCY, "203.0.113.66"),
}
"""Kind to scenario, the account's name, display name and object id there, and the attacker's."""
SECOND_TITLE = "Sign-in from an address with a bad reputation"


@dataclass(frozen=True)
class Town:
    """Bodies of ``PUT /_lab/tenant`` and of the incidents, by case number."""

    tenant: Json
    incidents: dict[int, Json]
    further: dict[int, Json]


def make_town(planned: Round, common: Common) -> Town:
    """Make the tenant of a round as of now."""
    now = datetime.now(UTC)
    tenant: Json = {}
    seen: set[str] = set()
    incidents, further = {}, {}
    for case in planned.cases:
        scenario, (name, display, object_id), address = _CASTS[case.kind]
        skewed = now + timedelta(seconds=case.clock_skew)
        play = expand(load_scenario(scenario), common, skewed)
        words = {
            name: case.name,
            display: f"User {case.number:05}",
            object_id: case.object_id,
            address: case.address,
            str(play.incident["object"]["name"]): case.incident,
        }
        tenant = tenant or empty_like(play.tenant)
        merge(tenant, reworded(play.tenant, words), seen)
        incidents[case.number] = reworded(play.incident, words)
        if case.further is not None:
            further[case.number] = _second(incidents[case.number], case)
    tenant["now"] = now.isoformat().replace("+00:00", "Z")
    tenant["directory"]["clockSkewSeconds"] = planned.directory_skew
    return Town(tenant, incidents, further)


def policy(cases: list[PlannedCase]) -> Json:
    """Return the policy of a run, over the lab's: who is special, and what is never blocked."""
    named = {
        kind: [case.user_principal_name for case in cases if case.kind is kind]
        for kind in (CaseKind.VIP, CaseKind.BREAK_GLASS)
    }
    return {
        "accounts": {"vip": named[CaseKind.VIP], "break_glass": named[CaseKind.BREAK_GLASS]},
        "never_block": {"addresses": [str(NEVER_BLOCKED)]},
        "limits": {"automatic_per_hour": 1000, "privileged_per_hour": 1000},
    }


def case_id(incident: Json) -> str:
    """Return the case that an incident opens."""
    now = datetime.now(UTC)
    [case] = parse_sentinel_incident(incident, mode=OperatingMode.AUTOMATIC, received_at=now)
    return case.case_id


def _second(incident: Json, case: PlannedCase) -> Json:
    """Another rule saw the same: an incident of its own about the same account."""
    properties = incident["object"]["properties"]
    words = {
        str(incident["object"]["name"]): case.second_incident,
        str(properties["title"]): SECOND_TITLE,
    }
    alert = make_id(case.second_incident, "alert")
    words |= {str(one["name"]): alert for one in properties["alerts"]}
    return reworded(incident, words)
