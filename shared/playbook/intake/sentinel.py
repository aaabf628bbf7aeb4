"""Reading the body of the Logic Apps trigger "Microsoft Sentinel incident".

Required fields and their types are those of Microsoft's schema of the trigger; everything else is
read as far as it can be, and what could not be read is said in the case.
"""

import re
from datetime import datetime

from shared.models.case import Account, Incident
from shared.playbook.addresses import normalise_address, why_never_block
from shared.playbook.intake.alerts import (
    AlertFacts,
    address_in_details,
    login_time_in_details,
    open_alerts,
    read_alerts,
    read_techniques,
    relevant_alerts,
)
from shared.playbook.intake.directory import directory_of_alerts
from shared.playbook.intake.entities import EntityAccount, read_entities
from shared.playbook.intake.fields import (
    FieldError,
    InvalidBody,
    as_list,
    as_object,
    clean_text,
    identifier,
    one_line,
    pick,
    time_of,
)
from shared.playbook.intake.merging import merge_accounts

TITLE_LIMIT = 256
"""Characters kept of a title; the whole incident is kept as evidence."""
DETAILS_LIMIT = 4_000
"""Characters kept of a description, which is also the start of ``initial_alert_details``."""
MAX_ENTITIES = 10_000
"""Entities of an incident, and those of its alerts with them, as they come; more is refused."""
MAX_ALERTS = 1_000
"""Far above Sentinel's own limit of 150 alerts in an incident."""
ID_LIMIT = 1_000
NOTED_ADDRESSES = 10

_ARM_ID = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.OperationalInsights"
    r"/workspaces/[^/]+/providers/Microsoft\.SecurityInsights/Incidents/[^/\s]+",
    re.IGNORECASE,
)
_SEVERITIES = ("High", "Medium", "Low", "Informational")
_STATUSES = ("New", "Active", "Closed")
_INCIDENT = "object.properties."


class SentinelIncident:
    """A checked trigger body and what it says.

    Raises:
        InvalidBody: with every field that is missing or wrong.
    """

    def __init__(self, body: dict[str, object]) -> None:
        self._errors: list[FieldError] = []
        self._check_envelope(body)
        holder = self._object(body, "object", "object")
        self._properties = self._object(holder, "properties", "object.properties")
        arm_id = self._text(holder, "id", "object.id")
        if arm_id and (len(arm_id) > ID_LIMIT or not _ARM_ID.fullmatch(arm_id)):
            self._wrong("object.id", "must be the ARM resource id of a Sentinel incident")
        self._text(holder, "name", "object.name")
        title = self._text(self._properties, "title", _INCIDENT + "title")
        severity = self._one_of("severity", _SEVERITIES)
        self._one_of("status", _STATUSES)
        number = self._number()
        self._extra = as_object(pick(self._properties, "additionalData"))
        products = as_list(pick(self._extra, "alertProductNames")) or []
        self._products = [one_line(text, 200) for text in products[:MAX_ALERTS]]
        entities = self._items("relatedEntities", MAX_ENTITIES)
        opened = open_alerts(self._items("alerts", MAX_ALERTS))
        count = len(entities) + sum(len(one.entities) for one in opened)
        if count > MAX_ENTITIES >= len(entities):
            reason = f"have {count} entities with relatedEntities, at most {MAX_ENTITIES} are taken"
            self._wrong(_INCIDENT + "alerts", reason)
        if self._errors:
            raise InvalidBody(self._errors)
        self._entities = read_entities(entities)
        self.alerts: list[AlertFacts] = read_alerts(opened)
        every = [self._entities, *(alert.entities for alert in self.alerts)]
        self.accounts = merge_accounts(account for part in every for account in part.accounts)
        self._unreadable = sum(part.unreadable for part in every)
        self.incident = self._incident(arm_id, title, severity, number)
        self.address_count = len({a for part in every for a in part.addresses})

    def account(self, entity: EntityAccount) -> Account:
        """Return the account of a case, with the directory that the alerts point to."""
        pointed = directory_of_alerts(
            entity,
            relevant_alerts(entity, self.alerts, self.accounts),
            title=self.incident.title,
            products=self._products,
        )
        return entity.to_account().model_copy(update={"directory": pointed})

    def login_time(self, account: EntityAccount | None) -> datetime | None:
        """Return the time of the successful login when a rule's custom details name it."""
        return login_time_in_details(relevant_alerts(account, self.alerts, self.accounts))

    def addresses(self, account: EntityAccount | None) -> tuple[list[str], list[str]]:
        """Return the public addresses, the primary one first, and notes about those left out.

        Primary is the one named in the alert's custom details, then those of the alerts about this
        account, then those of the incident.
        """
        alerts = relevant_alerts(account, self.alerts, self.accounts)
        named = address_in_details(alerts)
        texts = [text for alert in alerts for text in alert.entities.addresses]
        # One account, or nothing said about whose address is whose: the incident's own order.
        sources = [*self._entities.addresses, *texts]
        if len(self.accounts) > 1:
            sources = [*texts, *self._entities.addresses]
        found = [named] if named else []
        notes: dict[str, None] = {}
        for text in dict.fromkeys(sources):
            address = normalise_address(text)
            why = why_never_block(address, ()) if address else "it is not an IP address"
            if address and why is None:
                found.append(address)
            else:
                notes[f"Note: address {one_line(address or text, 60)} was left out: {why}."] = None
        return list(dict.fromkeys(found)), list(notes)

    def details(self, notes: list[str]) -> str:
        """Return ``initial_alert_details``: the description, then a note for what was left out."""
        lines = [self.incident.description]
        lines += [f"Alerts: {names}"] if (names := self._alert_names()) else []
        lines += notes[:NOTED_ADDRESSES]
        if len(notes) > NOTED_ADDRESSES:
            lines.append(f"Note: {len(notes) - NOTED_ADDRESSES} more addresses were left out.")
        if self._unreadable:
            lines.append(
                f"Note: {self._unreadable} entities could not be read; see the incident itself."
            )
        if not self.accounts:
            lines.append("Note: the incident names no account; find out whose account it is.")
        return "\n".join(line for line in lines if line)

    def _alert_names(self) -> str:
        names = dict.fromkeys(alert.name for alert in self.alerts if alert.name)
        return one_line("; ".join(names), 500)

    def _incident(self, arm_id: str, title: str, severity: str, number: int) -> Incident:
        properties, extra = self._properties, self._extra
        techniques = [*read_techniques(pick(extra, "techniques"))]
        techniques += [one for alert in self.alerts for one in alert.techniques]
        tactics = [one_line(item, 100) for item in as_list(pick(extra, "tactics")) or []]
        url = identifier_url(pick(properties, "incidentUrl"))
        groups = [alert.identifier for alert in self.alerts if alert.identifier]
        return Incident.model_validate(
            {
                "source": "sentinel",
                "incident_id": arm_id,
                "number": number,
                "title": one_line(title, TITLE_LIMIT),
                "description": clean_text(pick(properties, "description"), DETAILS_LIMIT),
                "severity": severity,
                "url": url,
                "created_at": time_of(pick(properties, "createdTimeUtc")),
                "first_activity_at": time_of(pick(properties, "firstActivityTimeUtc")),
                "last_activity_at": time_of(pick(properties, "lastActivityTimeUtc")),
                "alert_group_identifiers": list(dict.fromkeys(groups)),
                "tactics": list(dict.fromkeys(text for text in tactics if text))[:50],
                "techniques": list(dict.fromkeys(techniques))[:50],
            }
        )

    def _check_envelope(self, body: dict[str, object]) -> None:
        kind = self._text(body, "objectSchemaType", "objectSchemaType")
        if kind and kind.lower() != "incident":
            self._wrong("objectSchemaType", "must be Incident")
        event = self._text(body, "objectEventType", "objectEventType")
        if event and event.lower() not in ("create", "update"):
            self._wrong("objectEventType", "must be Create or Update")
        self._text(body, "workspaceId", "workspaceId")

    def _wrong(self, path: str, reason: str) -> None:
        self._errors.append(FieldError(field=path, reason=reason))

    def _object(self, source: dict[str, object], name: str, path: str) -> dict[str, object]:
        value = source.get(name)
        found = as_object(value)
        if value is None:
            self._wrong(path, "is required")
        elif not found:
            self._wrong(path, "must be a JSON object that is not empty")
        return found

    def _text(self, source: dict[str, object], name: str, path: str) -> str:
        value = source.get(name)
        if value is None:
            # A missing parent has been named already, but every wrong field is to be named.
            self._wrong(path, "is required")
            return ""
        text = one_line(value, ID_LIMIT * 2)
        if not text:
            self._wrong(path, "must be a text that is not empty")
        return text

    def _one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        value = self._properties.get(name)
        for choice in allowed:
            if isinstance(value, str) and value.strip().lower() == choice.lower():
                return choice
        reason = "is required" if value is None else "must be one of " + ", ".join(allowed)
        self._wrong(_INCIDENT + name, reason)
        return allowed[0]

    def _number(self) -> int:
        value = self._properties.get("incidentNumber")
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 2**53:
            return value
        reason = "is required" if value is None else "must be a whole number from 0 to 2^53"
        self._wrong(_INCIDENT + "incidentNumber", reason)
        return 0

    def _items(self, name: str, most: int) -> list[object]:
        value = self._properties.get(name)
        items = as_list(value) if value not in (None, "") else []
        if items is None:
            self._wrong(_INCIDENT + name, "must be a list")
            return []
        if len(items) > most:
            self._wrong(_INCIDENT + name, f"has {len(items)} entries, at most {most} are taken")
        return items


def identifier_url(value: object) -> str | None:
    """Return an https address that may become a link, or ``None``."""
    text = value.strip() if isinstance(value, str) else ""
    if not text.lower().startswith("https://") or len(text) > 2_000:
        return None
    return text if identifier(text[:300]) and not any(char.isspace() for char in text) else None
