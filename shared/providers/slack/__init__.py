"""Slack behind the ``Notifier`` port."""

from shared.providers.slack.chat import Slack

__all__ = ["Slack"]
