"""Microsoft Sentinel: its logs (``SignInLog``, queries) and its incidents (``Siem``).

Permissions (Azure RBAC): Log Analytics Reader on the workspace, Microsoft Sentinel Responder for
incidents and comments.
"""

from shared.providers.sentinel.siem import Sentinel
from shared.providers.sentinel.sign_in_log import SentinelLogs

__all__ = ["Sentinel", "SentinelLogs"]
