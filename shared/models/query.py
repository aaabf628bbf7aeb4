"""Answers of stores that are asked questions: the SIEM and the case store."""

from typing import Literal

from pydantic import Field

from shared.models.base import Json, Model

type QueryLanguage = Literal["kql", "udm"]
"""Kusto's of Sentinel, or that of the UDM search of Google SecOps."""


class QueryResult(Model):
    """Rows of a query, and whether the SIEM said that some are missing."""

    rows: list[Json] = Field(default_factory=list)
    partial: bool = False
    detail: str = ""
    """Why it is partial, in the SIEM's words."""


class CasePage(Model):
    """A page of case summaries, newest first within the page."""

    cases: list[Json] = Field(default_factory=list)
    """Each: ``case_id``, ``status``, ``confidence``, ``account``, ``title``, ``updated_at``."""
    next_token: str | None = None
