"""What one case cost, read from what its lab wrote down: workers' logs, storage's log, histories.

The lab's durable engine keeps everything in memory. What its two stores in Azure would have been
asked is reckoned from the histories, by how those stores work as documented:

* Azure Storage (learn.microsoft.com, "Azure Storage provider for Durable Functions"): every message
  is put into a queue, got and deleted; every turn of an orchestrator or entity reads its history,
  appends to it and updates the instance; what is larger than 45 KiB goes through a blob.
* Durable Task Scheduler (learn.microsoft.com, "Durable Task Scheduler billing", "What is an
  action?"): a start, an activity and its result, a fired timer, an event, a call of an entity and
  its result, a lock and a child's result are an action each.

Neither the polling of idle queues nor messages that are taken together are in it.
"""

import re
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from lab.bench.results import BlobOperations, HubStorage
from lab.errors import LabError
from shared.models.base import Json

LARGE_BYTES = 45 * 1024
"""Larger payloads are kept in a blob instead of a message or a row."""
LEAST = timedelta(seconds=1)
"""What the shortest execution is billed as."""
_MESSAGES = {
    "executionStarted": 1,
    "taskScheduled": 1,
    "taskCompleted": 1,
    "taskFailed": 1,
    # A timer that nobody waits for any more has its message, too.
    "timerCreated": 1,
    "eventRaised": 1,
    "subOrchestrationInstanceCompleted": 1,
    "subOrchestrationInstanceFailed": 1,
    "entityOperationCalled": 1,
    "entityOperationCompleted": 1,
    "entityOperationSignaled": 1,
    "entityLockRequested": 1,
    "entityLockGranted": 1,
    "entityUnlockSent": 1,
}
_ACTIONS = _MESSAGES | {"entityUnlockSent": 0, "timerCreated": 0, "timerFired": 1}
_PER_MESSAGE = 3
"""Put, get, delete."""
_PER_TURN = 3
"""Read the history, append to it, update the instance."""
_EXECUTING = re.compile(
    r"^(\S+ \S+) .*functions_host\.worker: Executing (\S+) \((\S+)\)$", re.MULTILINE
)
_EXECUTED = re.compile(
    r"functions_host\.worker: Executed \S+ \((\S+), Duration=(\d+)ms\)$", re.MULTILINE
)
_MEASURED = re.compile(r" tourniquet\.measurements: \{")
_BLOB_LINE = re.compile(r'"([A-Z]+) /[^/ ]+/([^/? ]+)(/[^? ]*)?(\?\S*)? HTTP/1\.1" (\d+)')


class Execution(NamedTuple):
    """One run of a function."""

    at: datetime
    function: str
    lasted: timedelta


def executions(log: str, functions: Container[str]) -> list[Execution]:
    """Return when which of the functions was run and for how long, from a worker's log.

    Raises:
        LabError: the log does not say how long one of them took.
    """
    lasted = {key: timedelta(milliseconds=int(spent)) for key, spent in _EXECUTED.findall(log)}
    found = []
    for at, name, key in _EXECUTING.findall(log):
        if name not in functions:
            continue
        if key not in lasted:
            raise LabError(f"the worker's log does not say how long {name} ({key}) took")
        began = datetime.strptime(at, "%Y-%m-%d %H:%M:%S,%f").astimezone()
        found.append(Execution(began, name, lasted[key]))
    return found


def apart_seconds(lasted: Iterable[timedelta]) -> float:
    """Return for how long every execution by itself is billed: its time, and a second at least."""
    return sum(max(LEAST, one).total_seconds() for one in lasted)


def measurements(log: str) -> int:
    """Return how many lines of measurements a worker's log has."""
    return len(_MEASURED.findall(log))


def blob_operations(log: str) -> dict[str, BlobOperations]:
    """Return the requests about blobs by container, from Azurite's access log.

    Containers are made by the deployment, so what is asked about them themselves is left out.
    """
    found: dict[str, Counter[str]] = {}
    for method, container, blob, query, _ in _BLOB_LINE.findall(log):
        kind = _price_class(method, blob, query)
        if kind:
            found.setdefault(container, Counter())[kind] += 1
    return {name: BlobOperations(**counts) for name, counts in sorted(found.items())}


def _price_class(method: str, blob: str, query: str) -> str:
    if not blob:
        return "list" if "comp=list" in query else ""
    if method == "GET":
        return "read"
    if method == "PUT":
        # Azure bills properties, tags, leases and policies as "other", everything else written.
        other = ("comp=lease", "comp=properties", "comp=tags", "comp=immutabilityPolicies")
        return "other" if any(word in query for word in other) else "write"
    return "delete" if method == "DELETE" else "other"


def hub_storage(histories: Iterable[Json]) -> HubStorage:
    """Return what the Azure Storage backend would have been asked for these instances."""
    kinds = _kinds(histories)
    calls = kinds["entityOperationCalled"] + kinds["entityOperationSignaled"]
    locks = kinds["entityLockRequested"] + kinds["entityUnlockSent"]
    turns = kinds["orchestratorStarted"] + calls + locks
    messages = sum(count * kinds[name] for name, count in _MESSAGES.items())
    large = sum(
        len(text.encode()) > LARGE_BYTES
        for one in histories
        for event in one["history"]
        for text in _texts(event)
    )
    return HubStorage(queue=_PER_MESSAGE * messages, table=_PER_TURN * turns, blob=2 * large)


def scheduler_actions(histories: Iterable[Json]) -> int:
    """Return how many actions a Durable Task Scheduler would have dispatched."""
    kinds = _kinds(histories)
    return sum(count * kinds[name] for name, count in _ACTIONS.items())


def busy_seconds(starts: Iterable[datetime], histories: Iterable[Json]) -> float:
    """Return how long one instance that runs all of the case would have been at work.

    A run counts from its start for at least a second, an activity until its result is there.
    """
    spans = [(at, at + LEAST) for at in starts]
    for one in histories:
        began: dict[int, datetime] = {}
        for event in one["history"]:
            at = datetime.fromisoformat(event["timestamp"])
            if "taskScheduled" in event:
                began[event["eventId"]] = at
            for ended in ("taskCompleted", "taskFailed"):
                if ended in event:
                    spans.append((began[event[ended]["taskScheduledId"]], at))
    return _covered(sorted(spans))


def _covered(spans: Sequence[tuple[datetime, datetime]]) -> float:
    total, until = timedelta(), None
    for start, end in spans:
        begins = start if until is None else max(start, until)
        if end > begins:
            total, until = total + (end - begins), end
    return round(total.total_seconds(), 1)


def _kinds(histories: Iterable[Json]) -> Counter[str]:
    return Counter(name for one in histories for event in one["history"] for name in event)


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, str):
        yield value
