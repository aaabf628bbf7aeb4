"""Microsoft Defender for Endpoint behind the ``Endpoint`` port."""

from shared.providers.defender.endpoint import Defender

__all__ = ["Defender"]
