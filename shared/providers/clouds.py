"""For whom a token is meant: Microsoft's services in the public and the national clouds.

The audience names the service itself; the address in the settings may be another way to it (a
private endpoint, a gateway). An unknown host therefore means the public cloud's service.

Source: Microsoft Entra documentation on national clouds, azure-core's cloud settings.
"""

from urllib.parse import urlsplit

GRAPH = "https://graph.microsoft.com"
RESOURCE_MANAGER = "https://management.azure.com"
LOG_ANALYTICS = "https://api.loganalytics.io"
DEFENDER = "https://api.securitycenter.microsoft.com"
"""Its addresses are api.security.microsoft.com and those of regions; the audience is this one."""

_NATIONAL_HOSTS = {
    GRAPH: ("graph.microsoft.us", "dod-graph.microsoft.us", "microsoftgraph.chinacloudapi.cn"),
    RESOURCE_MANAGER: ("management.usgovcloudapi.net", "management.chinacloudapi.cn"),
    LOG_ANALYTICS: ("api.loganalytics.us", "api.loganalytics.azure.cn"),
    DEFENDER: ("api-gcc.securitycenter.microsoft.us", "api-gov.securitycenter.microsoft.us"),
}


def audience(service: str, url: str) -> str:
    """Return the audience of ``service`` (one of this module's) when it is reached at ``url``."""
    host = urlsplit(url).hostname or ""
    return f"https://{host}" if host in _NATIONAL_HOSTS[service] else service


def scope(service: str, url: str) -> str:
    """Return the OAuth scope to ask for: the audience's ``.default``."""
    return f"{audience(service, url)}/.default"
