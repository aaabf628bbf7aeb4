"""Sign-ins as Microsoft Graph lists them (``auditLogs/signIns``, v1.0 and beta)."""

from shared.models.base import Json
from shared.models.signin import SignIn
from shared.playbook.sign_ins.shapes.entra import read_entra
from shared.playbook.sign_ins.shapes.row import Row


def read_graph(row: Row) -> SignIn | None:
    """Return the sign-in of a Graph ``signIn`` object."""
    interactive = row.truth("isInteractive")
    return read_entra(with_location(row), interactive=interactive is not False)


def with_location(row: Row, more: Json | None = None) -> Row:
    """Return a Graph ``signIn`` with Log Analytics' names, and ``more`` columns.

    Apart from upper and lower case only ``location`` differs: an object here, a country there.
    """
    place = row.value("location")
    names: Json = {
        "location": place if isinstance(place, str) else None,
        "locationdetails": place if isinstance(place, dict) else None,
    }
    return Row(row.columns() | names | (more or {}), row_id=row.row_id)
