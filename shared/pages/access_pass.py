"""The page that shows a Temporary Access Pass, once."""

from shared.models.access_pass import AccessPass
from shared.models.base import Json
from shared.models.case import CaseRecord
from shared.models.plan import ActionName
from shared.models.undoing import in_force
from shared.pages import render_case
from shared.pages.text import without_query


def render_access_pass(record: Json, made: AccessPass, *, hand_over: str) -> str:
    """Return the page with the pass, until when it is good and how it is handed over.

    Raises:
        pydantic.ValidationError: ``record`` is not a case record.
    """
    case = CaseRecord.model_validate(record)
    disabled = any(one.action is ActionName.DISABLE_ACCOUNT for one in in_force(case))
    return render_case(
        "access_pass.html.j2",
        case,
        value=made.value.get_secret_value(),
        until=made.valid_until,
        hand_over=hand_over,
        disabled=disabled,
        report=without_query(case.links.get("report", "")),
    )
