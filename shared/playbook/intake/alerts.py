"""Alerts of a Sentinel incident: their entities, and what the rule's author put beside them.

Custom details arrive as ``additionalData["Custom Details"]`` (REST) or inside
``ExtendedProperties`` (SecurityAlert table), usually as JSON text within JSON.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.playbook.addresses import is_public, normalise_address
from shared.playbook.intake.entities import Entities, EntityAccount, read_entities
from shared.playbook.intake.fields import as_list, as_object, identifier, one_line, pick, time_of

MAX_DETAILS = 200
"""Details kept of one alert; Sentinel allows 20 custom details with 20 values each."""
MAX_TECHNIQUES = 50
MAX_SOURCE = 20_000
"""Characters read of a rule's query; Sentinel allows 10,000."""

_CONTAINERS = frozenset({"additionaldata", "extendedproperties", "customdetails"})
_ADDRESS_NAMES = (
    "successfulloginip",
    "successfulloginipaddress",
    "successfulsigninip",
    "successfulip",
    "successip",
    "successipaddress",
    "loginip",
    "signinip",
    "attackerip",
    "attackeripaddress",
    "sourceip",
    "sourceipaddress",
    "clientip",
    "clientipaddress",
    "ipaddress",
    "ip",
)
_TIME_NAMES = (
    "successfullogintime",
    "successfulsignintime",
    "successfullogontime",
    "successfultime",
    "successtime",
    "logintime",
    "signintime",
    "logontime",
)


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """One alert, reduced to what the playbook uses."""

    identifier: str | None
    name: str
    techniques: tuple[str, ...]
    entities: Entities
    details: dict[str, list[str]]
    """Values by name in lower case without punctuation: ``SuccessIP`` -> ``successip``."""
    source: str = ""
    """Vendor and product that raised it, and the query of a rule: whose log it is about."""

    def names(self, account: EntityAccount) -> bool:
        """Whether an entity or a detail of the alert names the account."""
        wanted = account.identifiers() or frozenset({account.identity})
        if any(
            wanted & (other.identifiers() | {other.identity}) for other in self.entities.accounts
        ):
            return True
        return any(value.lower() in wanted for values in self.details.values() for value in values)


def read_alerts(items: Iterable[object]) -> list[AlertFacts]:
    """Read alerts in REST shape, or as rows of the SecurityAlert table."""
    return [_read_alert(alert) for item in items if (alert := as_object(item))]


def relevant_alerts(
    account: EntityAccount | None, alerts: list[AlertFacts], accounts: list[EntityAccount]
) -> list[AlertFacts]:
    """Return the alerts that are about the account, or that are about nobody in particular.

    In an incident of many accounts, the login time of one must not become another's.
    """
    if account is None or len(accounts) <= 1:
        return alerts
    naming = [alert for alert in alerts if alert.names(account)]
    if naming:
        return naming
    return [alert for alert in alerts if not any(alert.names(other) for other in accounts)]


def address_in_details(alerts: Iterable[AlertFacts]) -> str | None:
    """Return the public address that the rule's author named as the attacker's, best name first."""
    for text in _values(alerts, _ADDRESS_NAMES):
        address = normalise_address(text)
        if address and is_public(address):
            return address
    return None


def login_time_in_details(alerts: Iterable[AlertFacts]) -> datetime | None:
    """Return the time of the successful login that the rule's author named, best name first."""
    for text in _values(alerts, _TIME_NAMES):
        if moment := time_of(text):
            return moment
    return None


def read_techniques(value: object) -> tuple[str, ...]:
    """Return MITRE ATT&CK technique ids from a list or comma separated text, in upper case."""
    items = value.split(",") if isinstance(value, str) and "[" not in value else as_list(value)
    texts = [text.upper() for item in items or [] if (text := identifier(item))]
    return tuple(dict.fromkeys(text for text in texts if text[:1] == "T"))[:MAX_TECHNIQUES]


def _values(alerts: Iterable[AlertFacts], names: tuple[str, ...]) -> Iterable[str]:
    alerts = list(alerts)
    for name in names:
        for alert in alerts:
            yield from alert.details.get(name, [])


def _read_alert(alert: dict[str, object]) -> AlertFacts:
    properties = as_object(pick(alert, "properties")) or alert
    extra = as_object(pick(properties, "additionalData"))
    entities = as_list(pick(properties, "entities", "relatedEntities")) or []
    techniques = [
        technique
        for source in (properties, extra)
        for name in ("techniques", "subTechniques")
        for technique in read_techniques(pick(source, name))
    ]
    details: dict[str, list[str]] = {}
    _collect(properties, details, depth=0)
    name = pick(properties, "alertDisplayName", "displayName", "alertName", "friendlyName")
    return AlertFacts(
        identifier=identifier(pick(properties, "systemAlertId") or pick(alert, "name", "id")),
        name=one_line(name, 200),
        techniques=tuple(dict.fromkeys(techniques)),
        entities=read_entities(entities),
        details=details,
        source=_source(properties, extra),
    )


def _source(properties: dict[str, object], extra: dict[str, object]) -> str:
    more = as_object(pick(properties, "extendedProperties"))
    found = [
        *(pick(properties, name) for name in ("vendorName", "productName", "providerName")),
        *(
            pick(one, name)
            for one in (extra, more)
            for name in ("query", "dataSources", "data sources")
        ),
    ]
    return " ".join(text[:MAX_SOURCE] for text in found if isinstance(text, str))


def _collect(source: dict[str, object], found: dict[str, list[str]], *, depth: int) -> None:
    """Collect the values inside the containers of details, at most three containers deep."""
    for key, value in source.items():
        name = "".join(char for char in key.lower() if char.isalnum())
        if name in _CONTAINERS and depth < 3:
            _collect(as_object(value), found, depth=depth + 1)
        elif depth and len(found) < MAX_DETAILS:
            items = as_list(value)
            texts = [identifier(item) for item in (items if items is not None else [value])[:20]]
            found.setdefault(name, []).extend(text for text in texts if text)
