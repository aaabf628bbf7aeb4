"""Palo Alto Networks PAN-OS behind the ``Firewall`` port."""

from shared.providers.panos.tags import PanOs

__all__ = ["PanOs"]
