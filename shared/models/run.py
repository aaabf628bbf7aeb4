"""A run of a case: one life of its orchestration, from its start to its end.

A case id is made from the incident, so that the same incident finds the same case. When the engine
has lost or purged the case and the incident is sent again, the case runs a second time under the
same id, while the case store still holds what the first run claimed there. An answer, an action or
an undo that was claimed by one run is not another's: the run is in every claim's name, in every
answer and in every link that answers.
"""

from datetime import UTC, datetime

from shared.models.base import to_utc


def name_run(started: datetime) -> str:
    """Return the name of the run that started then, such as ``20261122T113500123Z``.

    Names sort as the runs began. They are safe in the names of blobs and instances.
    """
    at = to_utc(started)
    return f"{at:%Y%m%dT%H%M%S}{at.microsecond // 1000:03d}Z"


def run_started(run: str) -> datetime:
    """Return when a run began, by its name.

    Raises:
        ValueError: it is not the name of a run.
    """
    return datetime.strptime(run, "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC)


def in_run(run: str, why: str) -> str:
    """Return why something is done, as this run says it: no run takes another's for its own."""
    return f"{why}, run {run}" if run else why


def claim_name(run: str, what: str) -> str:
    """Return the name under which a run claims something in the case store."""
    return f"{run}-{what}"
