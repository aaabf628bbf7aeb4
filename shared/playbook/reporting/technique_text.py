"""The ATT&CK techniques of a case by name and address, for ticket and comment."""

from shared.models.attack import technique_link, technique_name
from shared.playbook.reporting.case_view import CaseView

MOST_TECHNIQUES = 20


def technique_lines(view: CaseView) -> list[str]:
    """Return one line a technique: id, name if the table has it, and where it is explained."""
    lines = []
    for identity in view.techniques[:MOST_TECHNIQUES]:
        parts = (identity, technique_name(identity), technique_link(identity))
        lines.append(" ".join(part for part in parts if part))
    more = len(view.techniques) - len(lines)
    return [*lines, *([f"... and {more} more in the report"] if more > 0 else [])]
