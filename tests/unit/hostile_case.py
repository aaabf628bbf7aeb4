"""A case with a hostile value in every field a sender can reach, and what no text may hold."""

import json
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Any

from shared.models.base import Json
from shared.models.case import CaseRecord, CaseRequest
from shared.models.message import Notification
from shared.playbook.reporting.channels import message_for
from shared.playbook.reporting.record import initial_record
from tests.support.hostile import hostile_values, reachable, with_text
from tests.support.scripts import DECISION, case_payload
from tests.unit.playbook.records import AT, action, planned, record

VALUES = hostile_values()
HARMLESS = "word"
PHASES = ("decision_needed", "emergency", "campaign")
"""Between them they have every part of a message: a question, the whole case, other cases."""
WEB = re.compile(r"https://(portal\.azure\.com|soc\.example)/")


def whole() -> Json:
    """Return a record with something in every list."""
    first = initial_record(CaseRequest.model_validate(case_payload()))
    undone = {"at": AT, "by": "x", "comment": "x", "verified": True, "detail": "x"}
    results = [{"action": "BlockIP", "target": "x", "status": "failed", "detail": "x"}]
    evidence = {"name": "x", "rows": 1, "size": 2, "sha256": "0" * 64, "url": "x", "source": "x"}
    made = first | {key: value for key, value in record().items() if key != "blocks"}
    made["blocks"] |= record()["blocks"]
    made["blocks"]["Evidence_Preservation"]["details"] = {"items": [evidence]}
    made["blocks"]["Incident_Creation_Notification"] |= {
        "status": "partial",
        "notes": ["x"],
        "outputs": {"incident_ticket_id": "x", "analyst_notification_status": {"slack": "x"}},
        "details": {"ticket_url": "x", "tickets": [{"system": "x", "ticket_id": "x", "url": "x"}]},
    }
    made |= lists(undone, results)
    made["account"] = {
        "user_principal_name": "x",
        "display_name": "x",
        "kinds": ["ordinary"],
        "roles": ["x"],
        "mail_addresses": ["x"],
        "eligible_roles": ["x"],
        "directory": "entra",
        "also_in": [{"directory": "okta", "user_principal_name": "x"}],
    }
    rows = [{"TimeGenerated": AT, "UserAgent": "x", "Rule": "x"}]
    made["blocks"]["Account_Activity_Analysis"]["outputs"]["findings"][0] |= {"rows": rows}
    return CaseRecord.model_validate(made).to_json()


def lists(undone: Json, results: list[Json]) -> Json:
    """Return the record's lists, each with something in it."""
    return {
        "actions": [
            action("BlockIP", "failed", detail="x"),
            action("DisableAccount", undo={"account_enabled": True}, undone=undone, detail="x"),
        ],
        "plan": [planned("RevokeSessions", kind, "x") for kind in ("ask", "never", "automatic")],
        "timeline": [{"at": AT, "event": "x"}],
        "undos": [{"number": 1, "at": AT, "by": "x", "comment": "x", "results": results}],
        "recheck": {"at": AT, "held": False, "detail": "x"},
        "asked": {"at": AT, "answer_by": AT, "two_persons": True, "first_answer": DECISION},
        "next_steps": ["x"],
        "campaign_count": 1,
        "campaign": [
            {
                "case_id": "case-" + "1" * 24,
                "account": "x",
                "address": "x",
                "opened_at": AT,
                "confidence": "High",
            }
        ],
        "joined": [
            {
                "case_id": "x",
                "incident_id": "x",
                "title": "x",
                "severity": "High",
                "alert_type": "phishing",
                "at": AT,
                "evidence": "x",
            }
        ],
    }


WHOLE = whole()
PLACES = reachable(WHOLE)


@cache
def with_value(text: str) -> Json:
    return with_text(WHOLE, PLACES, text)


def texts(value: Any) -> Iterator[str]:
    """Yield every text in what is sent, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)


def unsafe_letters(text: str) -> set[str]:
    """Return what moves, hides or breaks text: controls, direction, what shows nothing."""
    return {
        f"U+{ord(one):04X}"
        for one in text
        if (unicodedata.category(one) in ("Cc", "Cs") and one not in "\n\t")
        or unicodedata.bidirectional(one) in ("RLO", "LRO", "RLE", "LRE", "PDF")
        or unicodedata.bidirectional(one) in ("RLI", "LRI", "FSI", "PDI")
        or one in "\u061c\u200b\u200e\u200f\u2028\u2029\u2060\u2063\ufeff\u00ad\u180e"
        or 0xE0000 <= ord(one) <= 0xE007F
    }


def check_texts(sent: Any) -> None:
    """Check all text of a message: it can be sent, and reads as it was written."""
    for text in texts(sent):
        assert not unsafe_letters(text), unsafe_letters(text)
        text.encode("utf-8")
    assert "62710561" not in json.dumps(sent), "nothing is evaluated"


@cache
def message(text: str, phase: str) -> Notification:
    found = with_value(text)
    if phase == "decision_needed":
        found = found | {"status": "awaiting_decision", "decision": None}
    return message_for(found, phase, why=text)
