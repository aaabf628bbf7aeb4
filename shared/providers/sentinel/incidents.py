"""What every call about an incident of Sentinel has in common."""

import re
from urllib.parse import quote

from shared.errors import NotSupported

VENDOR = "sentinel"
API_VERSION = "2025-09-01"
_INCIDENT_ID = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.OperationalInsights"
    r"/workspaces/[^/]+/providers/Microsoft\.SecurityInsights/incidents/[^/]+",
    re.IGNORECASE,
)


def incident_path(incident_id: str) -> str:
    """Return the path of an incident below Resource Manager's address.

    Raises:
        NotSupported: the id is not a Sentinel incident's ARM id.
    """
    if not _INCIDENT_ID.fullmatch(incident_id):
        raise NotSupported("the case did not come from a Sentinel incident", vendor=VENDOR)
    return quote(incident_id, safe="/")
