"""Base classes and common types of every contract in the house.

Two rules live here. Our own models refuse unknown fields, so that a typo is an error. All times
are timezone-aware UTC and travel as ISO 8601 with a trailing ``Z``.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, PlainSerializer

type Json = dict[str, Any]
"""A plain JSON object: the only thing that crosses a durable boundary."""


def to_utc(value: datetime) -> datetime:
    """Return the same instant in UTC; a time without a zone is taken as UTC."""
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value.astimezone(UTC)


def format_utc(value: datetime) -> str:
    """Format an instant as ISO 8601 UTC with ``Z`` and milliseconds, for example in a record."""
    return to_utc(value).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_utc(value: str | datetime) -> datetime:
    """Parse an ISO 8601 time as Azure writes it (up to 7 decimals, with or without ``Z``).

    Raises:
        ValueError: if the text is not an ISO 8601 time.
    """
    return to_utc(value if isinstance(value, datetime) else datetime.fromisoformat(value))


def _before(value: Any) -> Any:
    return parse_utc(value) if isinstance(value, str | datetime) else value


UtcDatetime = Annotated[
    AwareDatetime,
    BeforeValidator(_before),
    PlainSerializer(format_utc, return_type=str, when_used="json"),
]
"""A UTC instant: accepts ISO 8601 text or datetime, is written as ``2026-11-20T12:09:00.000Z``."""


class Model(BaseModel):
    """Base of our own contracts: immutable, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def to_json(self) -> Json:
        """Return the plain JSON object that may cross a durable boundary."""
        return self.model_dump(mode="json")


class VendorModel(BaseModel):
    """Base of what vendors answer: immutable, unknown fields ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)
