"""How large the history of an ordinary High case is: ``python -m tests.replay.count``.

The case of ``tests.support.degraded`` with nothing down: the real activities on vendors in memory,
on the durable engine, up to its hand-over. No lab, and no seconds: the same on every machine, but
for a few events, as answers that come at the same instant share a turn.
"""

import logging
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from durabletask.internal import orchestrator_service_pb2 as pb

from shared.models.sla import SlaTargets
from tests.support.degraded import House, serve_houses, start
from tests.support.durable_backend import PATIENCE_SECONDS, Engine, durable_engine

_PAUSE_SECONDS = 0.3
_LONG = 1e7
"""Longer than the case takes, by the engine's clock, which is years ahead of the case's."""
TIMING = {
    "recheck_minutes": _LONG,
    "watch_hours": _LONG / 60,
    "block_hours": 24,
    "sla": SlaTargets(
        notification_seconds=_LONG,
        containment_seconds=_LONG,
        review_seconds=_LONG,
        remediation_seconds=_LONG,
        warn_share=0.8,
    ).to_json(),
}


@dataclass
class Counted:
    """Events and bytes of an instance by what they are."""

    events: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)

    def add(self, history: Sequence[pb.HistoryEvent]) -> None:
        """Count the events of a history."""
        names: dict[int, str] = {}
        for event in history:
            kind = event.WhichOneof("eventType") or ""
            if kind == "taskScheduled":
                names[event.eventId] = event.taskScheduled.name
            ended = event.taskCompleted.taskScheduledId if kind == "taskCompleted" else None
            name = names.get(event.eventId if ended is None else ended, "")
            what = f"{kind} {name}".strip() if kind.startswith("task") else kind
            self.events[what] += 1
            self.bytes[what] += event.ByteSize()


def count_case(engine: Engine, number: int = 1) -> dict[str, Counted]:
    """Play the case and return its instances, by what their ids add to the case's."""
    case = start(engine, House(number), TIMING)
    limit = time.monotonic() + PATIENCE_SECONDS
    before, found = -1, _count(engine, case.run.case_id)
    # What is told beside the hand-over goes on for a moment.
    while not case.handed_over or _sum(found, "events") != before:
        assert time.monotonic() < limit, "not handed over"
        before = _sum(found, "events") if case.handed_over else -1
        time.sleep(_PAUSE_SECONDS)
        found = _count(engine, case.run.case_id)
    assert case.record["status"] == "contained"
    return found


def _count(engine: Engine, case_id: str) -> dict[str, Counted]:
    found: dict[str, Counted] = {}
    for name, instance in list(engine.backend._instances.items()):
        if name.startswith(case_id):
            counted = found.setdefault(name.removeprefix(case_id) or "respond", Counted())
            counted.add(list(instance.history))
    return found


def _sum(found: dict[str, Counted], what: str) -> int:
    return sum(getattr(one, what).total() for one in found.values())


def table(found: dict[str, Counted]) -> str:
    """Return what is in each instance, and of the case in all, the largest first."""
    lines = [f"{_sum(found, 'events'):5} {_sum(found, 'bytes'):7}  all"]
    for name, one in found.items():
        lines.append(f"{one.events.total():5} {one.bytes.total():7}  {name}")
        lines += [
            f"{one.events[what]:5} {size:7}    {what}" for what, size in one.bytes.most_common()
        ]
    return "\n".join(lines)


def automatic(folder: Path) -> dict[str, str]:
    """Return the environment in which the app contains by itself; its policy goes to a folder."""
    policy = folder / "policy.yaml"
    policy.write_text("limits: {automatic_per_hour: 1000}\n", encoding="utf-8")
    return {"TOURNIQUET_MODE": "automatic", "TOURNIQUET_POLICY_FILE": str(policy)}


def main() -> int:
    """Count one case and print its events and bytes."""
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder, durable_engine() as engine:
        os.environ |= automatic(Path(folder)) | {"AZURE_FUNCTIONS_DURABLE_STRICT_TYPING": "1"}
        serve_houses()
        sys.stdout.write(f"events  bytes\n{table(count_case(engine))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
