"""Graph's tight limits, when a tenant asks for them: how many requests of a family pass.

Microsoft Learn, "Microsoft Graph service-specific throttling limits": Identity Protection one
request a second for the tenant, without ``Retry-After``; reports five in ten seconds.
"""

import time
from collections import deque

_FAMILIES = {
    "riskyUsers.get": "identity protection",
    "confirmCompromised": "identity protection",
    "dismiss": "identity protection",
    "userRegistrationDetails": "reports",
    "signIns.list": "reports",
    "directoryAudits.list": "reports",
}
"""Operation to what is counted together."""
_LIMITS = {"identity protection": (1, 1.0), "reports": (5, 10.0)}


class Limits:
    """Counts in sliding windows; ``on`` is the tenant's wish."""

    def __init__(self) -> None:
        self.on = False
        self.refused = 0
        self._passed: dict[str, deque[float]] = {
            name: deque(maxlen=calls) for name, (calls, _) in _LIMITS.items()
        }

    def refuse(self, operation: str) -> float | None:
        """Count a request; return after how many seconds to come back if it is one too many."""
        family = _FAMILIES.get(operation)
        if not self.on or family is None:
            return None
        calls, seconds = _LIMITS[family]
        passed, now = self._passed[family], time.monotonic()
        if len(passed) == calls and now - passed[0] < seconds:
            self.refused += 1
            return seconds - (now - passed[0])
        passed.append(now)
        return None
