"""Jira Cloud behind the ``Ticketing`` port."""

from shared.providers.jira.issues import Jira

__all__ = ["Jira"]
