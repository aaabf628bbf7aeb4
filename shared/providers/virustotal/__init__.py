"""VirusTotal behind the ``Reputation`` port."""

from shared.providers.virustotal.reputation import VirusTotal

__all__ = ["VirusTotal"]
