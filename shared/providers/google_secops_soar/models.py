"""What the Chronicle API says about cases."""

import re
from typing import Any

from pydantic import Field

from shared.models.base import VendorModel

_CASE = re.compile(
    r"(?:projects/[^/]+/locations/[^/]+/instances/[^/]+/cases/)?(?P<number>\d{1,18})"
)
PRIORITIES = ("PRIORITY_LOW", "PRIORITY_MEDIUM", "PRIORITY_HIGH", "PRIORITY_CRITICAL")
"""Of a case, from the lowest that we set; there are lower ones."""


class Case(VendorModel):
    """One case."""

    name: str = Field(min_length=1)
    """The resource name, which ends with the number of the case."""
    display_name: str = Field(default="", alias="displayName")
    priority: str = ""
    status: str = ""
    stage: str = ""
    assignee: str | None = None

    @property
    def number(self) -> str:
        """The number by which people call the case."""
        return self.name.rpartition("/")[2]

    @property
    def is_closed(self) -> bool:
        """Whether the case is closed."""
        return self.status == "CLOSED"

    def is_below(self, priority: str) -> bool:
        """Return whether the case's priority is lower than this one."""
        if self.priority not in PRIORITIES:
            return True
        return PRIORITIES.index(self.priority) < PRIORITIES.index(priority)


class FoundCase(VendorModel):
    """One result of the search."""

    id: int
    tags: list[str] = Field(default_factory=list)


class FoundCases(VendorModel):
    """Answer of the search."""

    results: list[FoundCase] = Field(default_factory=list)


class Comment(VendorModel):
    """A comment on the case's wall."""

    name: str = ""
    """The resource name, which ends with a number that grows."""
    comment: str = ""

    @property
    def number(self) -> int:
        """Its number; 0 when it has none."""
        number = self.name.rpartition("/")[2]
        return int(number) if number.isdecimal() else 0


class Comments(VendorModel):
    """A page of comments."""

    comments: list[Comment] = Field(default_factory=list, alias="caseComments")
    next_page: str = Field(default="", alias="nextPageToken")


class Alerts(VendorModel):
    """A page of a case's alerts."""

    alerts: list[dict[str, Any]] = Field(default_factory=list, alias="caseAlerts")
    total: int | None = Field(default=None, alias="totalSize")


def case_number(incident_id: str) -> str | None:
    """Return the number of the case that an incident's id is: the number, or its resource name."""
    match = _CASE.fullmatch(incident_id)
    return match["number"] if match else None


def number_in(body: object) -> str | None:
    """Return the number of a case that was just made, if the answer names one.

    The reference names the type of the answer, not its fields; the SOAR's older API answers with
    the bare number.
    """
    if isinstance(body, bool):
        return None
    if isinstance(body, int):
        return str(body)
    if isinstance(body, str):
        return body if body.isdecimal() else None
    if isinstance(body, dict):
        return next((one for key in _KEYS if (one := number_in(body.get(key)))), None)
    return None


_KEYS = ("caseId", "id", "payload")
