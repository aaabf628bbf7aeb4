"""PagerDuty behind the ``Notifier`` port."""

from shared.providers.pagerduty.events import PagerDuty

__all__ = ["PagerDuty"]
