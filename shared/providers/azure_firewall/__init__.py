"""Azure Firewall behind the ``Firewall`` port."""

from shared.providers.azure_firewall.firewall import AzureFirewall

__all__ = ["AzureFirewall"]
