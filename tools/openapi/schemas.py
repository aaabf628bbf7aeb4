"""Schemas of what no model of the app describes: forms, answers, and what Sentinel sends."""

from typing import Any

type Schema = dict[str, Any]

SECURITY: Schema = {
    "functionKey": {"type": "apiKey", "in": "header", "name": "x-functions-key"},
    "functionKeyInQuery": {"type": "apiKey", "in": "query", "name": "code"},
    "automationKey": {
        "type": "apiKey",
        "in": "header",
        "name": "x-functions-key",
        "description": "`TOURNIQUET_AUTOMATION_KEY`, for programs",
    },
    "signedLink": {"type": "apiKey", "in": "query", "name": "token"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "tourniquet-decision",
        "description": "What a browser gets for a link that it opened; one cookie for each purpose",
    },
    "easyAuth": {
        "type": "apiKey",
        "in": "cookie",
        "name": "AppServiceAuthSession",
        "description": "A person signed in by App Service, whom the policy names as an approver",
    },
    "slackSignature": {"type": "apiKey", "in": "header", "name": "X-Slack-Signature"},
}

_TEXT: Schema = {"type": "string"}
_NAMED: Schema = {"type": "string", "minLength": 1, "maxLength": 320}
_TIME: Schema = {"type": "string", "format": "date-time"}
_ENTITY: Schema = {
    "type": "object",
    "properties": {
        "kind": {"type": "string", "examples": ["Account", "Ip", "Host"]},
        "properties": {
            "type": "object",
            "properties": {
                "accountName": _TEXT,
                "upnSuffix": _TEXT,
                "aadUserId": _TEXT,
                "sid": _TEXT,
                "address": _TEXT,
            },
        },
    },
}
_ALERT: Schema = {
    "type": "object",
    "properties": {
        "properties": {
            "type": "object",
            "properties": {
                "alertDisplayName": _TEXT,
                "additionalData": {"type": "object"},
                "Entities": {"type": ["array", "string"], "items": {"type": "object"}},
            },
        }
    },
}
_INCIDENT: Schema = {
    "type": "object",
    "required": ["title", "severity", "incidentNumber"],
    "properties": {
        "title": _TEXT,
        "description": _TEXT,
        "severity": {"enum": ["High", "Medium", "Low", "Informational"]},
        "status": {"enum": ["New", "Active", "Closed"]},
        "incidentNumber": {"type": "integer", "minimum": 0},
        "createdTimeUtc": _TIME,
        "firstActivityTimeUtc": _TIME,
        "lastActivityTimeUtc": _TIME,
        "relatedEntities": {"type": "array", "items": _ENTITY},
        "alerts": {"type": "array", "items": _ALERT},
    },
}
_ARM_ID = (
    r"^/subscriptions/[0-9a-f-]{36}/resourceGroups/[a-z]{1,20}/providers"
    r"/Microsoft\.OperationalInsights/workspaces/[a-z]{1,20}/providers"
    r"/Microsoft\.SecurityInsights/Incidents/[0-9a-f-]{36}$"
)


def _object(*required: str, **properties: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": properties}


def _form(**properties: Schema) -> Schema:
    return {"type": "object", "properties": {"csrf": _TEXT, "comment": _TEXT} | properties}


SCHEMAS: dict[str, Schema] = {
    "SentinelTrigger": _object(
        "object",
        objectSchemaType={"const": "Incident"},
        objectEventType={"enum": ["Create", "Update"]},
        object=_object(
            *("id", "name", "properties"),
            id={"type": "string", "pattern": _ARM_ID},
            name=_NAMED,
            properties=_INCIDENT,
        ),
    ),
    "ManualCase": _object(
        *("user_id", "case_id", "alert_group_identifiers"),
        user_id=_NAMED,
        case_id=_NAMED,
        alert_group_identifiers={"type": ["array", "string"], "items": _TEXT, "maxItems": 100},
        initial_alert_details=_TEXT,
        successful_login_ip={"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}], "type": "string"},
        successful_login_time=_TIME,
        alert_type=_TEXT,
    ),
    "DecisionForm": _form(actions=_TEXT, instead=_TEXT, question=_TEXT),
    "HandlingForm": _form(do={"enum": ["acknowledge", "close"]}),
    "UndoForm": _form(undo=_TEXT),
    "PassForm": _form(form=_TEXT, checked={"enum": ["yes"]}, minutes=_TEXT),
    "SlackForm": _object(
        "payload",
        payload={
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/Interaction"},
        },
    ),
    "Started": _object(
        "cases",
        cases={
            "type": "array",
            "minItems": 1,
            "items": _object(
                *("case_id", "status_url", "created"),
                case_id={"type": "string", "pattern": "^case-[0-9a-f]{24}$"},
                status_url=_TEXT,
                created={"type": "boolean"},
                joined={"type": "boolean"},
            ),
        },
    ),
    "Accepted": _object("case_id", case_id=_TEXT, accepted={"const": True}),
    "ResetAccepted": _object("accepted", accepted={"const": True}, by=_TEXT),
    "IssuedPass": _object(
        *("case_id", "access_pass", "valid_until"),
        case_id=_TEXT,
        access_pass=_TEXT,
        valid_until=_TIME,
    ),
    "CaseRecord": _object("case_id", "status", case_id=_TEXT, status=_TEXT)
    | {"description": "See docs/case.md"},
    "EvidenceCheck": _object("sound", sound={"type": "boolean"}),
    "Health": _object(
        "status",
        status={"enum": ["ok", "degraded"]},
        dependencies={
            "type": "object",
            "additionalProperties": _object(
                "state", state={"enum": ["working", "failing"]}, error=_TEXT
            ),
        },
    )
    | {"description": "All but the status is for who has the automation key, and for approvers"},
    "Nothing": {"type": "object", "maxProperties": 0},
    "BlockList": {"type": "string", "description": "One address a line"},
    "Page": {"type": "string"},
    "Problem": _object(
        *("type", "title", "status"),
        type=_TEXT,
        title=_TEXT,
        status={"type": "integer"},
        detail=_TEXT,
        errors={"type": "array", "items": _object("field", "reason", field=_TEXT, reason=_TEXT)},
    ),
}
