"""Which application permissions serve which request, as Microsoft lists them.

``PATCH /users/{id}`` takes one permission for each property that has a narrower one. A permission
to write serves for reading too.
"""

import re
from collections.abc import Collection
from typing import Any

from lab.simulators.specification import load

_PARAMETER = re.compile(r"\{[^}]*\}")
_BY_PROPERTY = {
    "accountEnabled": "User.EnableDisableAccount.All",
    "passwordProfile": "User-PasswordProfile.ReadWrite.All",
}


class RequestPermissions:
    """Says what a request needs and the caller lacks."""

    def __init__(self) -> None:
        self._serving: dict[str, list[str]] = load("microsoft-graph-permissions.json")

    def lacking(
        self, method: str, template: str, body: Any, held: Collection[str]
    ) -> list[str] | None:
        """Return the permissions of which the caller needs one, ``None`` when it has what it needs.

        ``template`` is the path with parameters in braces. A request that Microsoft does not list
        needs nothing.
        """
        serving = self._serving.get(f"{method} {_PARAMETER.sub('{}', template)}")
        if serving is None:
            return None
        if method == "PATCH" and isinstance(body, dict) and set(body) <= set(_BY_PROPERTY):
            narrow = [_BY_PROPERTY[name] for name in body]
            if all(name in held for name in narrow) and narrow:
                return None
            wide = [name for name in serving if name not in _BY_PROPERTY.values()]
            return None if set(wide) & _widened(held) else narrow
        return None if set(serving) & _widened(held) else serving


def _widened(held: Collection[str]) -> set[str]:
    return set(held) | {name.replace(".ReadWrite", ".Read") for name in held}
