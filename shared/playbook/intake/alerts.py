"""Alerts of a Sentinel incident: their entities, and what the rule's author put beside them.

Custom details arrive as ``additionalData["Custom Details"]`` (REST) or inside
``ExtendedProperties`` (SecurityAlert table), usually as JSON text within JSON.
"""

import re
from collections.abc import Callable, Iterable
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

_OKTA = re.compile(r"\bokta(sso|v2)?(?![a-z])", re.IGNORECASE)
"""The product, its tables and its parser; not a name such as Oktavia."""
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
    named: frozenset[str]
    """What its entities and details name, in lower case: accounts among them."""
    addresses: dict[str, str]
    """By name of a detail, as in ``_ADDRESS_NAMES``, the first public address in it."""
    login_times: dict[str, datetime]
    """By name of a detail, as in ``_TIME_NAMES``, the first time in it."""
    is_of_okta: bool = False
    """Whether vendor, product or a rule's query says that it is about Okta's log."""

    def names(self, account: EntityAccount) -> bool:
        """Whether an entity or a detail of the alert names the account."""
        return not self.named.isdisjoint(_wanted(account))


@dataclass(frozen=True, slots=True)
class OpenedAlert:
    """An alert of which only the entities have been found, so that they can be counted first."""

    alert: dict[str, object]
    properties: dict[str, object]
    entities: list[object]


def open_alerts(items: Iterable[object]) -> list[OpenedAlert]:
    """Open alerts in REST shape, or as rows of the SecurityAlert table."""
    opened = []
    for item in items:
        if alert := as_object(item):
            properties = as_object(pick(alert, "properties")) or alert
            entities = as_list(pick(properties, "entities", "relatedEntities")) or []
            opened.append(OpenedAlert(alert, properties, entities))
    return opened


def read_alerts(opened: Iterable[OpenedAlert]) -> list[AlertFacts]:
    """Read what the playbook uses of opened alerts."""
    return [_read_alert(one) for one in opened]


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
    everybody = frozenset().union(*map(_wanted, accounts))
    return [alert for alert in alerts if alert.named.isdisjoint(everybody)]


def address_in_details(alerts: Iterable[AlertFacts]) -> str | None:
    """Return the public address that the rule's author named as the attacker's, best name first."""
    alerts = list(alerts)
    found = (alert.addresses.get(name) for name in _ADDRESS_NAMES for alert in alerts)
    return next((address for address in found if address), None)


def login_time_in_details(alerts: Iterable[AlertFacts]) -> datetime | None:
    """Return the time of the successful login that the rule's author named, best name first."""
    alerts = list(alerts)
    found = (alert.login_times.get(name) for name in _TIME_NAMES for alert in alerts)
    return next((moment for moment in found if moment), None)


def read_techniques(value: object) -> tuple[str, ...]:
    """Return MITRE ATT&CK technique ids from a list or comma separated text, in upper case."""
    items = value.split(",") if isinstance(value, str) and "[" not in value else as_list(value)
    texts = [text.upper() for item in items or [] if (text := identifier(item))]
    return tuple(dict.fromkeys(text for text in texts if text[:1] == "T"))[:MAX_TECHNIQUES]


def names_okta(text: str) -> bool:
    """Return whether a text names Okta's product, its tables or its parser."""
    return _OKTA.search(text) is not None


def _wanted(account: EntityAccount) -> frozenset[str]:
    return account.identifiers() or frozenset({account.identity})


def _named(entities: Entities, details: dict[str, list[str]]) -> frozenset[str]:
    by_entities = (one.identifiers() | {one.identity} for one in entities.accounts)
    by_details = (value.lower() for values in details.values() for value in values)
    return frozenset(by_details).union(*by_entities)


def _first_of[T](
    details: dict[str, list[str]], names: Iterable[str], read: Callable[[str], T | None]
) -> dict[str, T]:
    """Return, by name, the first value that can be read."""
    found = {name: next(filter(None, map(read, details.get(name, ()))), None) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _public_address(text: str) -> str | None:
    address = normalise_address(text)
    return address if address and is_public(address) else None


def _read_alert(opened: OpenedAlert) -> AlertFacts:
    alert, properties = opened.alert, opened.properties
    extra = as_object(pick(properties, "additionalData"))
    techniques = [
        technique
        for source in (properties, extra)
        for name in ("techniques", "subTechniques")
        for technique in read_techniques(pick(source, name))
    ]
    details: dict[str, list[str]] = {}
    _collect(properties, details, depth=0)
    name = pick(properties, "alertDisplayName", "displayName", "alertName", "friendlyName")
    known = read_entities(opened.entities)
    return AlertFacts(
        identifier=identifier(pick(properties, "systemAlertId") or pick(alert, "name", "id")),
        name=one_line(name, 200),
        techniques=tuple(dict.fromkeys(techniques)),
        entities=known,
        named=_named(known, details),
        addresses=_first_of(details, _ADDRESS_NAMES, _public_address),
        login_times=_first_of(details, _TIME_NAMES, time_of),
        is_of_okta=names_okta(_source(properties, extra)),
    )


def _source(properties: dict[str, object], extra: dict[str, object]) -> str:
    """Return vendor and product that raised it, and a rule's query: whose log it is about."""
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
