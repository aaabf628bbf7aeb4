"""Comments on an incident of Sentinel, within its limits.

A comment has at most 30,000 characters, and an incident at most 100 comments
(learn.microsoft.com/azure/sentinel/sentinel-service-limits). A comment's id is ours to choose: the
first half is of the case, the second of the case's phase, so that the same phase replaces its
comment, and a full incident shows which comments are the case's.
"""

import hashlib
from uuid import UUID

from pydantic import Field

from shared.errors import PermanentError
from shared.models.base import VendorModel
from shared.providers.http import VendorClient
from shared.providers.sentinel.incidents import API_VERSION, VENDOR, incident_path

LONGEST_COMMENT = 30_000
"""Characters; Sentinel's service limit for one comment."""
MOST_COMMENTS = 100
CUT_NOTE = "\n\n_(cut here: Sentinel allows 30,000 characters in a comment)_"
FULL_NOTE = (
    "_(Replaces an earlier comment of this case: Sentinel allows 100 comments on an incident.)_\n\n"
)
HALF = 16
"""Hexadecimal digits of half an id."""
_OPERATION = "incidents.comments.put"


class CommentProperties(VendorModel):
    """When a comment was written."""

    createdTimeUtc: str = ""  # noqa: N815 - Sentinel's name


class Comment(VendorModel):
    """A comment that is there."""

    name: str
    properties: CommentProperties


class Comments(VendorModel):
    """One page of an incident's comments."""

    value: list[Comment] = Field(default_factory=list)
    nextLink: str | None = None  # noqa: N815 - Azure's name


async def write_comment(arm: VendorClient, incident_id: str, *, key: str, text: str) -> None:
    """Add a comment, or replace the one with the same ``key`` (``<case>:<phase>``).

    When the incident has no room for another, the newest comment of the case is replaced.

    Raises:
        NotSupported: the id is not a Sentinel incident's ARM id.
        PermanentError: there is no room, and no comment of the case.
        TourniquetError: see ``shared.errors``.
    """
    target = f"{incident_path(incident_id)}/comments"
    own = comment_id(incident_id, key)
    try:
        await _put(arm, target, own, text)
    except PermanentError as error:
        if error.status != 400:
            raise
        there = await _list(arm, target)
        if len(there) < MOST_COMMENTS:
            raise
        ours = [one for one in there if _half(one.name) == _half(own)]
        if not ours:
            why = f"the incident has its {MOST_COMMENTS} comments already, none of them ours"
            raise PermanentError(why, vendor=VENDOR, operation=_OPERATION) from error
        newest = max(ours, key=lambda one: one.properties.createdTimeUtc)
        await _put(arm, target, newest.name, FULL_NOTE + text)


def comment_id(incident_id: str, key: str) -> str:
    """Return the id of a comment: the same for the same incident, case and phase."""
    group = key.rpartition(":")[0]
    halves = (f"{incident_id.lower()}/{part}".encode() for part in (group, key))
    return str(UUID(hex="".join(hashlib.sha256(one).hexdigest()[:HALF] for one in halves)))


def _half(name: str) -> str:
    return name.replace("-", "").lower()[:HALF]


async def _put(arm: VendorClient, target: str, name: str, text: str) -> None:
    message = text
    if len(message) > LONGEST_COMMENT:
        message = message[: LONGEST_COMMENT - len(CUT_NOTE)] + CUT_NOTE
    await arm.request(
        "incidents.comments.put",
        "PUT",
        f"{target}/{name}",
        params={"api-version": API_VERSION},
        json={"properties": {"message": message}},
        ok=(200, 201),
    )


async def _list(arm: VendorClient, target: str) -> list[Comment]:
    operation = "incidents.comments.list"
    found: list[Comment] = []
    address: str | None = target
    params: dict[str, str | int] | None = {"api-version": API_VERSION}
    while address and len(found) < MOST_COMMENTS:
        answer = await arm.request(operation, "GET", address, params=params)
        page = arm.parse(Comments, answer.body, operation=operation)
        found += page.value
        address, params = page.nextLink, None
    return found
