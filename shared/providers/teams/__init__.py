"""Microsoft Teams behind the ``Notifier`` port."""

from shared.providers.teams.webhook import Teams

__all__ = ["Teams"]
