"""What an intruder left behind to come back: what is taken away, and what people are asked to do.

Pure choosing. Only what was certainly added since the compromise began is chosen; what may have
been becomes a precise task for a person, and what is older stays.
"""

from collections.abc import Sequence

from pydantic import Field

from shared.models.base import Json, Model
from shared.models.outcome import ActionStatus

READ_BACK = "; read back: "
"""What stands between what was done and what the provider says about it now."""


class Chosen(Model):
    """One thing to take away."""

    id: str
    label: str
    """What a person recognises it by, and why it was chosen."""
    item: Json
    """The thing itself, as its model writes it."""


class Selection(Model):
    """What to take away, and what is left to a person."""

    chosen: list[Chosen] = Field(default_factory=list)
    tasks: list[str] = Field(default_factory=list)
    """Sentences: what is not touched although it may be the intruder's, and what to do."""
    nothing: str = ""
    """What to say when there is nothing to do."""

    @property
    def ids(self) -> set[str]:
        """Ids of what was chosen."""
        return {one.id for one in self.chosen}


def describe(
    verb: str, selection: Selection, done: Sequence[Chosen], left: dict[str, str]
) -> tuple[ActionStatus, str]:
    """Return status and detail of an action on several things; half done is failed.

    Args:
        verb: what was done to each, for example ``removed``.
        selection: what was to be done.
        done: what was done, by us or by an earlier try of ours.
        left: ids of what was not done, and why.
    """
    # What is still open comes first: whoever shortens the line must not cut that off.
    parts = []
    if left:
        labels = {one.id: one.label for one in selection.chosen}
        refused = ", ".join(f"{labels[key]} ({why})" for key, why in left.items())
        parts.append(f"NOT {verb}: {refused}")
    if selection.tasks:
        parts.append(f"left to a person: {'; '.join(selection.tasks)}")
    if done:
        parts.append(f"{verb}: {', '.join(one.label for one in done)}")
    if not parts:
        parts.append(selection.nothing or "there was nothing to do")
    status = ActionStatus.FAILED if left or selection.tasks else ActionStatus.SUCCEEDED
    return status, "; ".join(parts)


def what_is_open(detail: str) -> list[str]:
    """Return the parts of a failed outcome's detail that somebody has to act on, one by one."""
    done = ("removed: ", "disabled: ", "revoked: ")
    parts = [part for part in detail.split("; ") if part and not part.startswith(done)]
    return parts or ["no reason given"]


def read_back(detail: str, still: Sequence[str], new: Sequence[str]) -> tuple[bool, str]:
    """Return ``verified`` and the detail after looking again.

    Args:
        detail: the outcome's, with or without what an earlier look said.
        still: labels of what was taken away and is there.
        new: labels of what has come since and would be taken away too.
    """
    said = detail.partition(READ_BACK)[0]
    parts = [f"still there: {', '.join(still)}"] if still else []
    parts += [f"new since: {', '.join(new)}"] if new else []
    return not parts, said + READ_BACK + ("; ".join(parts) or "so it is")
