"""The page that answers whoever takes or closes a case."""

from shared.models.base import Json
from shared.models.case import CaseRecord
from shared.pages.rendering import render_case


def render_handled(record: Json, *, title: str, detail: str, good: bool) -> str:
    """Return the page that says what was recorded, or why nothing was.

    Raises:
        pydantic.ValidationError: ``record`` is not a case record.
    """
    case = CaseRecord.model_validate(record)
    return render_case("handled.html.j2", case, title=title, detail=detail, good=good)
