"""Entra's diagnostic records as Azure Monitor writes them to an Event Hub or a storage account.

An envelope (``time``, ``category``, ``resultType``, ``callerIpAddress``) around ``properties``,
which holds a Graph ``signIn``. ``Level`` is a number or text, and written ``level`` at times.
"""

from shared.models.signin import SignIn
from shared.playbook.sign_ins.shapes.entra import read_entra
from shared.playbook.sign_ins.shapes.graph import with_location
from shared.playbook.sign_ins.shapes.row import Row

INTERACTIVE_CATEGORY = "signinlogs"
USER_CATEGORIES = frozenset({INTERACTIVE_CATEGORY, "noninteractiveusersigninlogs"})
"""Categories of sign-ins by people; service principals and managed identities have their own."""


def read_event_hub(row: Row) -> SignIn | None:
    """Return the sign-in of a diagnostic record, ``None`` when it is not one of a person."""
    category = (row.text("category") or "").lower()
    if category not in USER_CATEGORIES:
        return None
    properties = Row(row.object("properties"), row_id=row.row_id)
    outer = {
        "TimeGenerated": properties.value("createdDateTime") or row.value("time"),
        "CreatedDateTime": row.value("time"),
        "ResultType": row.value("resultType"),
        "ResultDescription": row.value("resultDescription"),
        "CallerIpAddress": row.value("callerIpAddress"),
        "Location": row.value("location"),
        "CorrelationId": properties.value("correlationId") or row.value("correlationId"),
    }
    event = read_entra(
        with_location(properties, outer), interactive=category == INTERACTIVE_CATEGORY
    )
    if event is None or not row.notes:
        return event
    return event.model_copy(update={"notes": [*row.notes, *event.notes]})
