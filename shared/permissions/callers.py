"""Who may call each route: one table, for the page and for the test that tries every cell."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Way(StrEnum):
    """What a caller shows; the words are the page's."""

    FUNCTION_KEY = "function key"
    AUTOMATION_KEY = "automation key"
    REPORT_LINK = "report link"
    DECISION_LINK = "decision link"
    REPORT_SESSION = "browser that opened the report link"
    DECISION_SESSION = "browser that opened the decision link"
    UNDO_SESSION = "browser that decided by the link"
    APPROVER = "approver, signed in"
    APPROVER_AND_LINK = "approver, signed in, with the decision link"
    READER_AND_LINK = "anybody signed in, with the report link"
    APPROVER_AND_KEY = "approver, signed in, with a function key"
    BOTH_KEYS = "automation key that is a function key, too"
    SLACK = "Slack's signature"


class When(StrEnum):
    """Where a way opens a route: everywhere, or only where people do not sign in."""

    ALWAYS = "yes"
    NO_SIGN_IN = "where nobody signs in"


@dataclass(frozen=True)
class Door:
    """One route, and what opens it; what is not named does not."""

    ways: Mapping[Way, When] = field(default_factory=dict)
    anybody: bool = False
    """Needs nothing, and then says next to nothing."""


_KEY = dict.fromkeys((Way.FUNCTION_KEY, Way.APPROVER_AND_KEY, Way.BOTH_KEYS), When.ALWAYS)
_KEY_AND_NAME = _KEY | {Way.FUNCTION_KEY: When.NO_SIGN_IN}
"""Where people sign in the key needs one of them, too, or has to be the automation key."""
_PERSON = _KEY_AND_NAME | {Way.BOTH_KEYS: When.NO_SIGN_IN}
"""Where people sign in it takes one of them; elsewhere the key cannot tell a program from one."""
_PROGRAM = dict.fromkeys((Way.AUTOMATION_KEY, Way.BOTH_KEYS), When.ALWAYS)
_BY_NAME = _PROGRAM | dict.fromkeys(
    (Way.APPROVER, Way.APPROVER_AND_LINK, Way.APPROVER_AND_KEY), When.ALWAYS
)
_READ = _BY_NAME | dict.fromkeys(
    (
        *(Way.REPORT_LINK, Way.REPORT_SESSION, Way.DECISION_SESSION, Way.UNDO_SESSION),
        Way.READER_AND_LINK,
    ),
    When.ALWAYS,
)
_DECIDE = _PROGRAM | {
    Way.APPROVER_AND_LINK: When.ALWAYS,
    Way.DECISION_LINK: When.NO_SIGN_IN,
    Way.DECISION_SESSION: When.NO_SIGN_IN,
}
_SIGNED_IN_TO_HANDLE = dict.fromkeys(
    (Way.REPORT_LINK, Way.REPORT_SESSION, Way.DECISION_SESSION, Way.UNDO_SESSION), When.NO_SIGN_IN
)
_GIVE_BACK = _BY_NAME | {Way.UNDO_SESSION: When.NO_SIGN_IN}

DOORS: dict[str, Door] = {
    "POST /api/incidents": Door(_KEY),
    "POST /api/cases": Door(_KEY),
    "GET /api/cases": Door(_KEY),
    "GET /api/cases/{case_id}": Door(_KEY),
    "GET /api/cases/{case_id}/report": Door(_READ),
    "GET /api/cases/{case_id}/evidence": Door(_READ),
    "GET /api/cases/{case_id}/decision": Door(_DECIDE),
    "POST /api/cases/{case_id}/decision": Door(_DECIDE),
    "POST /api/cases/{case_id}/acknowledge": Door(_KEY_AND_NAME),
    "POST /api/cases/{case_id}/close": Door(_KEY_AND_NAME),
    "POST /api/cases/{case_id}/handling": Door(_READ | _SIGNED_IN_TO_HANDLE),
    "POST /api/cases/{case_id}/undo": Door(_GIVE_BACK),
    "POST /api/cases/{case_id}/access-pass": Door(_BY_NAME),
    "POST /api/cases/{case_id}/blocks": Door(_GIVE_BACK),
    "GET /api/block-list": Door(_KEY),
    "POST /api/breaker/reset": Door(_PERSON),
    "POST /api/slack/interactions": Door({Way.SLACK: When.ALWAYS}),
    "GET /api/health": Door(anybody=True),
}
