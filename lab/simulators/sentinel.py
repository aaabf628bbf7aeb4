"""Microsoft Sentinel incidents through Azure Resource Manager.

Operations: ``incidents.list``, ``incidents.get``, ``incidents.put``, ``incidents.entities``,
``incidents.alerts``, ``incidents.comments.list``, ``incidents.comments.put``,
``incidents.tasks.list``, ``incidents.tasks.put``. The target is the incident's name.

Every incident that is sent exists: whoever posts one to the app need not tell the simulator. The
first request about an unknown but well-formed id, of any subscription, resource group and
workspace, finds a plain New incident there. ``PUT /_lab/incidents`` (Logic App trigger bodies)
makes incidents with title, entities and alerts. A malformed id is 400 or 404; a fault with status
404 plays an incident that is gone.

An incident's PUT is a full replace; comments and tasks are idempotent by the GUID the caller chose.
"""

import copy
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import unquote

from lab.simulators.arm import ArmVendor, arm_error
from lab.simulators.entra_token import TokenAuthority
from lab.simulators.exchange import Answer, Call, Operation, RefusalError
from lab.simulators.specification import Specification

# Sentinel's documented service limits.
MAX_COMMENT_CHARACTERS = 30_000
MAX_COMMENTS = 100
MAX_TASKS = 40

_REASONS: dict[str | None, tuple[str | None, ...]] = {
    "TruePositive": ("SuspiciousActivity",),
    "BenignPositive": ("SuspiciousButExpected",),
    "FalsePositive": ("IncorrectAlertLogic", "InaccurateData"),
    "Undetermined": (None,),
}
"""Which reason goes with which classification; without one there is none."""

_ID_SEGMENTS = 12
"""An incident's resource id: twelve path segments, ``subscriptions`` to the incident's name."""

_KEPT = (
    "createdTimeUtc", "incidentNumber", "additionalData", "relatedAnalyticRuleIds", "incidentUrl",
    "providerName", "providerIncidentId",
)  # fmt: skip
_BESIDE = ("alerts", "bookmarks", "relatedEntities", "comments", "tasks")


@dataclass(slots=True)
class StoredIncident:
    """An incident and what hangs on it."""

    document: dict[str, Any]
    entities: list[dict[str, Any]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    comments: dict[str, dict[str, Any]] = field(default_factory=dict)
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)


class Sentinel(ArmVendor):
    """One workspace's incidents, by name (any case)."""

    name: ClassVar[str] = "sentinel"

    def __init__(self, authority: TokenAuthority) -> None:
        super().__init__(authority, Specification("sentinel.json", ignore_case=True))
        self._incidents: dict[str, StoredIncident] = {}

    def operations(self) -> dict[str, Operation]:
        """See the module's list."""
        name, served = "incidentId", self._operations_served()
        return {key: Operation(label, handler, name) for key, (label, handler) in served.items()}

    def _operations_served(self) -> dict[str, tuple[str, Any]]:
        return {
            "Incidents_List": ("incidents.list", self._list),
            "Incidents_Get": ("incidents.get", self._get),
            "Incidents_CreateOrUpdate": ("incidents.put", self._put),
            "Incidents_ListEntities": ("incidents.entities", self._entities),
            "Incidents_ListAlerts": ("incidents.alerts", self._alerts),
            "IncidentComments_List": ("incidents.comments.list", self._comments),
            "IncidentComments_CreateOrUpdate": ("incidents.comments.put", self._put_comment),
            "IncidentTasks_List": ("incidents.tasks.list", self._tasks),
            "IncidentTasks_CreateOrUpdate": ("incidents.tasks.put", self._put_task),
        }

    def reset(self) -> None:
        """No incidents."""
        self._incidents.clear()

    def load(self, triggers: list[dict[str, Any]]) -> None:
        """Make the incidents of Logic App trigger bodies exist; others stay."""
        for trigger in triggers:
            document = copy.deepcopy(trigger["object"])
            properties = document["properties"]
            beside = {name: properties.pop(name, None) or [] for name in _BESIDE}
            properties.setdefault("createdTimeUtc", _now())
            properties.setdefault("lastModifiedTimeUtc", _now())
            document.setdefault("etag", f'"{uuid.uuid4()}"')
            document.setdefault("type", "Microsoft.SecurityInsights/Incidents")
            self._incidents[document["name"].lower()] = StoredIncident(
                document, entities=beside["relatedEntities"], alerts=beside["alerts"]
            )

    def snapshot(self) -> dict[str, Any]:
        """Incidents with their comments and tasks."""
        return {
            "incidents": [
                {
                    **stored.document,
                    "comments": list(stored.comments.values()),
                    "tasks": list(stored.tasks.values()),
                }
                for stored in self._incidents.values()
            ]
        }

    def _stored(self, call: Call) -> StoredIncident:
        name = call.params["incidentId"]
        return self._incidents.setdefault(
            name.lower(), _plain_incident(call, name, len(self._incidents) + 1)
        )

    async def _list(self, call: Call) -> Answer:
        return Answer(200, {"value": [stored.document for stored in self._incidents.values()]})

    async def _get(self, call: Call) -> Answer:
        return Answer(200, self._stored(call).document)

    async def _put(self, call: Call) -> Answer:
        name = call.params["incidentId"]
        stored = self._incidents.get(name.lower())
        given = call.body.get("properties", {})
        _check_incident(call, stored)
        old = stored.document["properties"] if stored else {"createdTimeUtc": _now()}
        read_only = {key: old[key] for key in _KEPT if key in old}
        read_only.setdefault("incidentNumber", len(self._incidents) + 1)
        writable = {k: v for k, v in given.items() if k not in (*_KEPT, "lastModifiedTimeUtc")}
        new = {**copy.deepcopy(writable), **read_only}
        effect = {k: v for k, v in old.items() if k != "lastModifiedTimeUtc"} != new
        new["lastModifiedTimeUtc"] = _now() if effect else old.get("lastModifiedTimeUtc", _now())
        document = {
            "id": stored.document["id"] if stored else call.path,
            "name": name,
            "type": "Microsoft.SecurityInsights/Incidents",
            "etag": f'"{uuid.uuid4()}"' if effect or not stored else stored.document["etag"],
            "properties": new,
        }
        if stored:
            stored.document = document
        else:
            self._incidents[name.lower()] = StoredIncident(document)
        return Answer(200 if stored else 201, document, effect=effect)

    async def _entities(self, call: Call) -> Answer:
        entities = self._stored(call).entities
        kinds = Counter(entity["kind"] for entity in entities)
        meta = [{"entityKind": kind, "count": count} for kind, count in kinds.items()]
        return Answer(200, {"entities": entities, "metaData": meta})

    async def _alerts(self, call: Call) -> Answer:
        return Answer(200, {"value": self._stored(call).alerts})

    async def _comments(self, call: Call) -> Answer:
        return Answer(200, {"value": list(self._stored(call).comments.values())})

    async def _put_comment(self, call: Call) -> Answer:
        stored, name = self._stored(call), call.params["incidentCommentId"]
        message = call.body.get("properties", {}).get("message", "")
        if not message or len(message) > MAX_COMMENT_CHARACTERS:
            text = f"Comment message must have 1 to {MAX_COMMENT_CHARACTERS} characters."
            raise RefusalError(arm_error(400, "BadRequest", text))
        if name not in stored.comments and len(stored.comments) >= MAX_COMMENTS:
            text = f"An incident has at most {MAX_COMMENTS} comments."
            raise RefusalError(arm_error(400, "BadRequest", text))
        author = {"name": "tourniquet", "objectId": str(uuid.uuid5(uuid.NAMESPACE_DNS, "app"))}
        return _upsert(call, stored.comments, name, {"message": message, "author": author})

    async def _tasks(self, call: Call) -> Answer:
        return Answer(200, {"value": list(self._stored(call).tasks.values())})

    async def _put_task(self, call: Call) -> Answer:
        stored, name = self._stored(call), call.params["incidentTaskId"]
        if name not in stored.tasks and len(stored.tasks) >= MAX_TASKS:
            text = f"An incident has at most {MAX_TASKS} tasks."
            raise RefusalError(arm_error(400, "BadRequest", text))
        return _upsert(call, stored.tasks, name, call.body["properties"])


def _plain_incident(call: Call, name: str, number: int) -> StoredIncident:
    """An incident of which nothing but the id in the request is known."""
    now = _now()
    document = {
        "id": unquote("/".join(call.path.split("/")[: _ID_SEGMENTS + 1])),
        "name": name,
        "type": "Microsoft.SecurityInsights/Incidents",
        "etag": f'"{uuid.uuid4()}"',
        "properties": {
            "title": f"Incident {name}",
            "severity": "Medium",
            "status": "New",
            "incidentNumber": number,
            "createdTimeUtc": now,
            "lastModifiedTimeUtc": now,
        },
    }
    return StoredIncident(document)


def _check_incident(call: Call, stored: StoredIncident | None) -> None:
    if "properties" not in call.body:
        raise RefusalError(arm_error(400, "BadRequest", "properties are required."))
    wanted = call.body.get("etag") or call.headers.get("If-Match")
    if stored and wanted and wanted.strip('"') != stored.document["etag"].strip('"'):
        message = f"Newer instance of Incident '{stored.document['name']}' exists (Etag mismatch)."
        raise RefusalError(arm_error(409, "Conflict", message))
    properties = call.body["properties"]
    if properties.get("status") == "Closed" and not properties.get("classification"):
        message = "Closing an incident needs a classification."
        raise RefusalError(arm_error(400, "BadRequest", message))
    reason = properties.get("classificationReason")
    if reason not in _REASONS.get(properties.get("classification"), (None,)):
        message = "The classification reason does not fit the classification."
        raise RefusalError(arm_error(400, "BadRequest", message))


def _upsert(
    call: Call, items: dict[str, dict[str, Any]], name: str, properties: dict[str, Any]
) -> Answer:
    """Create or replace a comment or task; the same content again changes nothing."""
    before = items.get(name)
    old = before["properties"] if before else {}
    kept = {k: v for k, v in properties.items() if not k.endswith("TimeUtc")}
    effect = any(old.get(key) != value for key, value in kept.items())
    if effect:
        items[name] = {
            "id": call.path,
            "name": name,
            "type": f"Microsoft.SecurityInsights/Incidents/{call.path.split('/')[-2]}",
            "etag": f'"{uuid.uuid4()}"',
            "properties": {
                **kept,
                "createdTimeUtc": old.get("createdTimeUtc", _now()),
                "lastModifiedTimeUtc": _now(),
            },
        }
    detail = {call.path.split("/")[-2]: name}
    return Answer(200 if before else 201, items[name], effect=effect, detail=detail)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
