"""The ledger: one line for every request a vendor got, in order, secrets masked."""

from datetime import UTC, datetime
from typing import Any

_SECRET_NAMES = frozenset(
    {
        "password", "client_secret", "client_assertion", "authorization", "token",
        "access_token", "secret", "api_key", "apikey", "key", "x-apikey",
    }
)  # fmt: skip
MASK = "***"


def masked(value: Any) -> Any:
    """Return ``value`` with the content of every secret-named key replaced by ``***``."""
    if isinstance(value, dict):
        return {
            key: MASK
            if isinstance(key, str) and key.lower() in _SECRET_NAMES and isinstance(item, str)
            else masked(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [masked(item) for item in value]
    return value


class Ledger:
    """Lines ``{seq, at, vendor, operation, method, path, target, body, status, effect}``.

    Optional keys: ``violation`` (rule broken), ``fault`` (kind played), ``query`` (URL query),
    ``detail`` (what the effect was). ``status`` 0 means that no answer was sent.
    """

    def __init__(self) -> None:
        self._lines: list[dict[str, Any]] = []

    def write(
        self,
        vendor: str,
        operation: str,
        *,
        method: str,
        path: str,
        target: str,
        body: Any,
        status: int,
        effect: bool,
        **extra: Any,
    ) -> None:
        """Append one line; ``extra`` values that are empty are left out."""
        self._lines.append(
            {
                "seq": len(self._lines) + 1,
                "at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
                "vendor": vendor,
                "operation": operation,
                "method": method,
                "path": path,
                "target": target,
                "body": masked(body),
                "status": status,
                "effect": effect,
                **{key: masked(value) for key, value in extra.items() if value},
            }
        )

    def lines(self, after: int = 0) -> list[dict[str, Any]]:
        """The lines whose ``seq`` is greater than ``after``, oldest first."""
        return self._lines[after:]

    def reset(self) -> None:
        """Forget everything; numbering starts again at 1."""
        self._lines.clear()
