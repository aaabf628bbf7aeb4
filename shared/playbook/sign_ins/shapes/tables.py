"""The rows of several sign-in tables as the attempts that they tell of."""

from collections.abc import Mapping, Sequence

from shared.models.base import Json
from shared.models.signin import SignIn
from shared.playbook.sign_ins.collapse import collapse
from shared.playbook.sign_ins.shapes import Shape, try_read
from shared.playbook.sign_ins.shapes.okta_sessions import with_session_factors
from shared.playbook.sign_ins.shapes.row import Row

_OKTA = frozenset({Shape.OKTA, Shape.OKTA_COLUMNS, Shape.OKTA_V2})


def read_tables(
    tables: Mapping[str, Sequence[Json]],
) -> tuple[list[SignIn], dict[str, int]]:
    """Return the attempts, oldest first, and for each table how many rows could not be read.

    Args:
        tables: name of a table (a value of ``Shape``) to its rows, in any order.
    """
    events: list[SignIn] = []
    unreadable: dict[str, int] = {}
    for name, rows in tables.items():
        read = [try_read(Shape(name), Row(columns)) for columns in rows]
        found = [event for event in read if event is not None]
        events += with_session_factors(found) if Shape(name) in _OKTA else found
        unreadable[name] = read.count(None)
    return collapse(events), unreadable
