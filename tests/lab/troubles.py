"""What goes wrong for whom: each failure of the seed's blocks, with each kind of fault."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.lab.victims import Victim

type Fault = dict[str, Any]

KINDS: dict[str, Fault] = {
    "timeout": {"kind": "timeout"},
    "429": {"kind": "status", "value": 429},
    "429-retry-after": {"kind": "status", "value": 429, "retry_after": 1},
    "500": {"kind": "status", "value": 500},
    "malformed": {"kind": "malformed"},
    "reset": {"kind": "reset"},
}
"""The slowest first, so that it does not end last."""
_SMTP_CODES = {429: 451, 500: 554}
"""Mail servers have other codes for "later" and "no"."""


class Faults:
    """Faults of one kind that strike one victim's requests only."""

    def __init__(self, victim: Victim, kind: str, **options: Any) -> None:
        self._victim = victim
        self._fault = KINDS[kind] | options

    def entra(self, operation: str) -> Fault:
        return self._about("entra", operation, self._victim.object_id)

    def virustotal(self) -> Fault:
        return self._about("virustotal", "*", self._victim.address)

    def abuseipdb(self) -> Fault:
        return self._about("abuseipdb", "*", self._victim.address)

    def logs(self, *words: str) -> Fault:
        """Queries about the victim, or those of them that contain the words."""
        return self._about("log_analytics", "*", self._victim.user_principal_name, *words)

    def firewall(self) -> Fault:
        """Changes of the IP group that carry the victim's attacker."""
        return self._about("azure_firewall", "ipGroups.put", self._victim.address)

    def tickets(self) -> list[Fault]:
        """Every request about the victim's ticket: by case id to find, by name to create."""
        texts = (self._victim.case_id, self._victim.user_principal_name)
        return [self._about("servicenow", "*", text) for text in texts]

    def new_ticket(self) -> Fault:
        return self._about("servicenow", "incident.post", self._victim.case_id)

    def comments(self) -> Fault:
        return self._about("sentinel", "incidents.comments.put", self._victim.incident_name)

    def slack(self) -> Fault:
        return self._about("slack", "*", self._victim.user_principal_name)

    def email(self) -> Fault:
        fault = self._about("email", "send", self._victim.user_principal_name)
        if fault["kind"] == "status":
            fault["value"] = _SMTP_CODES[fault["value"]]
        return fault

    def _about(self, vendor: str, operation: str, *texts: str) -> Fault:
        return self._fault | {"vendor": vendor, "operation": operation, "about": list(texts)}


def enrichment_and_slack(victim: Victim, kind: str) -> list[Fault]:
    """The directory, one of the two reputation sources and Slack do not answer."""
    faults = Faults(victim, kind)
    return [faults.entra("users.get"), faults.virustotal(), faults.slack()]


def logs(victim: Victim, kind: str) -> list[Fault]:
    """Log Analytics answers nothing about the account."""
    return [Faults(victim, kind).logs()]


def tickets_and_late_mail(victim: Victim, kind: str) -> list[Fault]:
    """ServiceNow is down, and the first emergency mail fails."""
    faults = Faults(victim, kind)
    emergency = Faults(victim, kind, times=1).email()
    emergency["about"] = [*emergency["about"], "NO TICKET"]
    return [*faults.tickets(), emergency]


def tickets_and_comments(victim: Victim, kind: str) -> list[Fault]:
    """ServiceNow is down, and so are comments on the incident; both for good."""
    faults = Faults(victim, kind)
    return [*faults.tickets(), faults.comments()]


def containment_and_reputation(victim: Victim, kind: str) -> list[Fault]:
    """Nothing can be done to the account, no reputation is known, one log is not exported."""
    faults = Faults(victim, kind)
    return [
        faults.entra("users.patch"),
        faults.entra("revokeSignInSessions"),
        faults.virustotal(),
        faults.abuseipdb(),
        faults.logs("CommonSecurityLog | where", "| where SourceIP in (addresses) or"),
    ]


def sessions(victim: Victim, kind: str) -> list[Fault]:
    """One of the two identity actions cannot be done."""
    return [Faults(victim, kind).entra("revokeSignInSessions")]


def firewall_and_mail(victim: Victim, kind: str) -> list[Fault]:
    """The address cannot be blocked, and the mail server is down."""
    faults = Faults(victim, kind)
    return [faults.firewall(), faults.email()]


def every_effect_once(victim: Victim, kind: str) -> list[Fault]:
    """Each effect fails once before it happens."""
    return _every_effect(Faults(victim, kind, times=1))


def every_answer_once(victim: Victim, kind: str) -> list[Fault]:
    """Each effect happens, and its answer is lost once."""
    return _every_effect(Faults(victim, kind, times=1, when="after"))


def _every_effect(faults: Faults) -> list[Fault]:
    return [
        faults.entra("users.patch"),
        faults.entra("revokeSignInSessions"),
        faults.firewall(),
        faults.new_ticket(),
    ]


EVERY_KIND = tuple(KINDS)
LOST_ANSWERS = ("timeout", "500", "malformed", "reset")
"""Kinds that leave open whether the effect happened; 429 says that it did not."""


@dataclass(frozen=True)
class Trouble:
    """What goes wrong, and whether the attacker's address may be blocked."""

    faults: Callable[[Victim, str], list[Fault]]
    blockable: bool = False
    kinds: tuple[str, ...] = EVERY_KIND


TROUBLES = {
    "firewall": Trouble(firewall_and_mail, blockable=True),
    "containment": Trouble(containment_and_reputation, blockable=True),
    "logs": Trouble(logs),
    "enrichment": Trouble(enrichment_and_slack),
    "before": Trouble(every_effect_once, blockable=True),
    "after": Trouble(every_answer_once, blockable=True, kinds=LOST_ANSWERS),
    "sessions": Trouble(sessions, kinds=("500",)),
    "tickets": Trouble(tickets_and_comments),
    "emergency": Trouble(tickets_and_late_mail, kinds=("500",)),
}
"""The slowest first."""
