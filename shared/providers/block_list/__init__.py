"""The hosted block list behind the ``Firewall`` port: firewalls of any make poll it."""

from shared.providers.block_list.hosted import HostedBlockList

__all__ = ["HostedBlockList"]
