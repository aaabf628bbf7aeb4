"""Rows of the Log Analytics tables, from a query or from a CSV export of one.

The tables disagree on column types (``Status``, ``DeviceDetail`` and ``LocationDetails`` are
dynamic in one, text in the other) and exports add ``[UTC]``, ``_dynamic`` and ``_string`` to names.
"""

from shared.models.signin import SignIn
from shared.playbook.sign_ins.shapes.entra import read_entra
from shared.playbook.sign_ins.shapes.row import Row


def read_signin_logs(row: Row) -> SignIn | None:
    """Return the sign-in of a ``SigninLogs`` row (a person was there)."""
    return read_entra(row, interactive=True)


def read_non_interactive(row: Row) -> SignIn | None:
    """Return the sign-in of an ``AADNonInteractiveUserSignInLogs`` row (a client on its own)."""
    return read_entra(row, interactive=False)
