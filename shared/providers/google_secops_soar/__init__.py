"""The cases of Google SecOps' SOAR behind the ``Ticketing`` port."""

from shared.providers.google_secops_soar.cases import GoogleSecOpsCases

__all__ = ["GoogleSecOpsCases"]
