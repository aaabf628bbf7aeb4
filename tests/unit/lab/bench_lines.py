"""A case's lines of the ledger, as the bench reads them."""

from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ALL = {"*": 0.2}
STATE = "accountEnabled,signInSessionsValidFromDateTime"


def line(
    seq: int,
    seconds: float,
    call: str,
    *,
    effect: bool = False,
    select: str = "id,displayName,signInSessionsValidFromDateTime",
) -> dict[str, Any]:
    vendor, operation = call.split()
    at = START + timedelta(seconds=seconds)
    return {
        "seq": seq,
        "at": at.isoformat(),
        "vendor": vendor,
        "operation": operation,
        "effect": effect,
        "query": {"$select": select},
    }


LINES = [
    line(1, 0.3, "entra users.get"),
    line(2, 0.3, "virustotal ip_addresses.get"),
    line(3, 0.4, "log_analytics query"),
    line(4, 0.6, "entra transitiveMemberOf"),
    line(5, 0.6, "entra riskyUsers.get"),
    line(6, 0.7, "log_analytics query"),
    line(7, 1.0, "entra users.get", select=STATE),
    line(8, 1.2, "servicenow incident.post", effect=True),
    line(9, 1.3, "entra users.get", select=STATE),
    line(10, 1.5, "entra users.patch", effect=True),
    # Evidence is preserved meanwhile: not on the way to containment.
    line(11, 1.6, "entra users.get"),
    line(12, 1.8, "entra users.get", select=STATE),
    line(13, 2.4, "slack chat.postMessage", effect=True),
]

RULES = [
    line(14, 2.0, "entra messageRules.list"),
    # Beside it, so not one more in the chain.
    line(15, 2.02, "entra mailFolders.get"),
    line(16, 2.3, "entra messageRules.patch", effect=True),
    line(17, 2.6, "entra messageRules.list"),
]
