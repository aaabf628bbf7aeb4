"""What the Chronicle API says about events and entities."""

from typing import Any

from pydantic import Field

from shared.models.base import VendorModel


class Event(VendorModel):
    """One event of a search."""

    udm: dict[str, Any] = Field(default_factory=dict)

    @property
    def time(self) -> str | None:
        """When it happened, as Google writes it."""
        metadata = self.udm.get("metadata")
        time = metadata.get("eventTimestamp") if isinstance(metadata, dict) else None
        return time if isinstance(time, str) else None


class Events(VendorModel):
    """Answer of the search."""

    events: list[Event] = Field(default_factory=list)
    more: bool = Field(default=False, alias="moreDataAvailable")


class Metric(VendorModel):
    """When an entity was seen."""

    first_seen: str | None = Field(default=None, alias="firstSeen")
    last_seen: str | None = Field(default=None, alias="lastSeen")


class Entity(VendorModel):
    """An entity of the context graph."""

    name: str
    metadata: dict[str, Any] = Field(default_factory=dict)
    metric: Metric = Metric()

    @property
    def is_user(self) -> bool:
        """Whether it is a user."""
        return self.metadata.get("entityType") == "USER"

    @property
    def id(self) -> str:
        """What a summary is asked for by."""
        return self.name.rpartition("/")[2]


class EntitySummary(VendorModel):
    """Entities that are one."""

    entities: list[Entity] = Field(default_factory=list, alias="entity")


class FoundEntities(VendorModel):
    """Answer of the question for entities."""

    summaries: list[EntitySummary] = Field(default_factory=list, alias="entitySummaries")


class AlertCount(VendorModel):
    """How often a rule alerted."""

    rule: str = ""
    count: int = 0


class Summary(VendorModel):
    """Answer of the question for one entity."""

    alert_counts: list[AlertCount] = Field(default_factory=list, alias="alertCounts")
