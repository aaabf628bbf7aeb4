"""What goes wrong at the vendors: weather for everybody, and troubles of single cases.

Every fault ends, so that what is tried again gets through in the end; only a firewall or a
containment may fail for good, and that has to be told.
"""

from random import Random

from lab.chaos.models import CaseKind, PlannedCase
from shared.models.base import Json

_VENDORS = {
    "entra": 5,
    "log_analytics": 3,
    "azure_firewall": 2,
    "servicenow": 3,
    "slack": 2,
    "email": 2,
    "teams": 1,
    "sentinel": 2,
    "virustotal": 1,
    "abuseipdb": 1,
    "entra_token": 1,
    "*": 1,
}
_HTTP: tuple[Json, ...] = (
    {"kind": "status", "value": 429, "retry_after": 1},
    {"kind": "status", "value": 429},
    {"kind": "status", "value": 503},
    {"kind": "status", "value": 500},
    # An expired or withdrawn token.
    {"kind": "status", "value": 401},
    {"kind": "timeout"},
    {"kind": "reset"},
    {"kind": "malformed"},
    {"kind": "latency", "value": 1.5},
)
_SMTP: tuple[Json, ...] = (
    {"kind": "status", "value": 451},
    {"kind": "status", "value": 554},
    {"kind": "timeout"},
    {"kind": "reset"},
    {"kind": "malformed"},
)
_LOST: tuple[Json, ...] = (
    {"kind": "status", "value": 500},
    {"kind": "timeout"},
    {"kind": "reset"},
    {"kind": "malformed"},
)
"""Answers that leave open whether the effect happened."""
_AIMED_LATENCY = 2.5
"""Seconds for which a call that a worker is to die in is held."""


def weather(random: Random, count: int, lasts: float) -> list[Json]:
    """Return so many faults that strike anybody for a while, within ``lasts`` seconds."""
    found = []
    for _ in range(count):
        vendor = random.choices(list(_VENDORS), list(_VENDORS.values()))[0]
        kind = random.choice(_SMTP if vendor == "email" else _HTTP)
        after = kind["kind"] in ("reset", "malformed", "timeout") and random.random() < 0.5
        found.append(
            {
                **kind,
                "vendor": vendor,
                "when": "after" if after else "before",
                "rate": random.choice((0.2, 0.5, 1.0)),
                "seed": random.randrange(10**6),
                "starts_in": round(random.uniform(0, lasts * 0.9), 2),
                "lasts": round(random.uniform(2, 12), 2),
            }
        )
    return found


def case_faults(random: Random, case: PlannedCase) -> list[Json]:
    """Return faults that strike one case's requests only."""
    if case.aimed_kill is not None:
        return [
            {
                "vendor": case.aimed_kill.vendor,
                "operation": case.aimed_kill.operation,
                "kind": "latency",
                "value": _AIMED_LATENCY,
                "when": case.aimed_kill.when,
                "times": 1,
                "about": [_mark(case, case.aimed_kill.vendor)],
            }
        ]
    if random.random() >= 0.7:
        return []
    if random.random() < 0.2 and case.kind is CaseKind.ATTACKED:
        # For good: the action fails, and somebody has to hear of it.
        operation = random.choice(("users.patch", "revokeSignInSessions"))
        kind = random.choice(({"kind": "status", "value": 503}, {"kind": "reset"}))
        return [{**kind, "vendor": "entra", "operation": operation, "about": [case.object_id]}]
    vendor, operation = random.choice(
        (
            ("entra", "users.patch"),
            ("entra", "revokeSignInSessions"),
            ("entra", "users.get"),
            ("entra", "messageRules.patch"),
            ("servicenow", "incident.post"),
            ("servicenow", "incident.patch"),
            ("sentinel", "incidents.comments.put"),
            ("log_analytics", "*"),
        )
    )
    after = operation not in ("users.get", "*") and random.random() < 0.6
    return [
        {
            **random.choice(_LOST if after else _HTTP),
            "vendor": vendor,
            "operation": operation,
            "when": "after" if after else "before",
            "times": random.randint(1, 3),
            "about": [_mark(case, vendor)],
        }
    ]


def _mark(case: PlannedCase, vendor: str) -> str:
    """What this vendor's requests about a case contain."""
    match vendor:
        case "entra":
            return case.object_id
        case "sentinel":
            return case.incident
        case _:
            return case.name
