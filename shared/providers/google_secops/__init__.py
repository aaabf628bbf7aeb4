"""Google SecOps (Chronicle): its API, for the SIEM and for the cases of its SOAR."""

from shared.providers.google_secops.api import GoogleSecOpsApi

__all__ = ["GoogleSecOpsApi"]
