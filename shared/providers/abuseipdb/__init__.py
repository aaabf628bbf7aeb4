"""AbuseIPDB behind the ``Reputation`` port."""

from shared.providers.abuseipdb.reputation import AbuseIPDB

__all__ = ["AbuseIPDB"]
