"""The seven steps of a response as a reader follows them, read from the case record."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from shared.models.base import Json
from shared.models.block import BlockName, BlockStatus
from shared.models.case import CaseStatus
from shared.models.plan import Disposition
from shared.playbook.reporting.told import SENT

GATHERING_BLOCKS = {
    BlockName.USER: "account",
    BlockName.ADDRESS: "address",
    BlockName.SIGN_INS: "sign-ins",
    BlockName.ACTIVITY: "activity",
}


class State(StrEnum):
    """Where a step stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    NOT_NEEDED = "not needed"
    TROUBLE = "trouble"


@dataclass(frozen=True)
class Step:
    """One step: its name, where it stands, and what there is to say about it."""

    name: str
    state: State
    detail: str = ""


def read_steps(record: Json) -> list[Step]:
    """Return the seven steps, in order, as the record has them."""
    return [Step(name, *read(record)) for name, read in _READERS]


def _gather(record: Json) -> tuple[State, str]:
    if record["status"] == CaseStatus.GATHERING:
        return State.RUNNING, "account, address, sign-ins, activity"
    said = {
        title: record["blocks"].get(name, {}).get("status", "missing")
        for name, title in GATHERING_BLOCKS.items()
    }
    odd = [f"{title} {status}" for title, status in said.items() if status != BlockStatus.COMPLETE]
    if odd:
        return State.TROUBLE, ", ".join(odd)
    return State.DONE, ", ".join(said)


def _decide(record: Json) -> tuple[State, str]:
    verdict = record["verdict"]
    if not verdict:
        waiting = record["status"] == CaseStatus.GATHERING
        return (State.WAITING if waiting else State.RUNNING), ""
    confidence, score = verdict["compromise_confidence_score"], verdict["score"]
    return State.DONE, f"{confidence} confidence, {score} of 100"


def _open(record: Json) -> tuple[State, str]:
    if not _told(record, ""):
        return (State.RUNNING if record["verdict"] else State.WAITING), ""
    outputs = record["blocks"][BlockName.NOTIFICATION]["outputs"]
    ticket = outputs.get("incident_ticket_id")
    channels = outputs.get("analyst_notification_status") or {}
    sent = [name for name, status in channels.items() if status["status"] == SENT]
    detail = ", ".join([f"ticket {ticket}" if ticket else "no ticket", *sent])
    return (State.DONE if ticket else State.TROUBLE), detail


def _ask(record: Json) -> tuple[State, str]:
    asked = [item["action"] for item in record["plan"] if item["disposition"] == Disposition.ASK]
    if decision := record["decision"]:
        return State.DONE, f"{', '.join(decision['actions'])} (by {decision['decided_by']})"
    if asked:
        return State.RUNNING, f"waiting for a person: {', '.join(asked)}?"
    return (State.NOT_NEEDED if record["verdict"] else State.WAITING), ""


def _contain(record: Json) -> tuple[State, str]:
    actions = record["actions"]
    if not actions and _ran(record, BlockName.CONTAINMENT):
        return State.NOT_NEEDED, "nothing to contain"
    if not actions:
        return (State.RUNNING if _is_acting(record) else State.WAITING), ""
    bad = [item["action"] for item in actions if item["status"] == "failed"]
    if bad:
        return State.TROUBLE, f"failed: {', '.join(bad)}"
    done = [item["action"] for item in actions if item["status"] == "succeeded"]
    if not _ran(record, BlockName.CONTAINMENT) or not _ran(record, BlockName.FIREWALL):
        return State.RUNNING, ", ".join(done)
    unread = [item["action"] for item in actions if item["verified"] is not True]
    verified = "" if not done else ", verified" if not unread else ", not all verified"
    return State.DONE, (", ".join(done) or "by hand") + verified


def _preserve(record: Json) -> tuple[State, str]:
    block = record["blocks"].get(BlockName.EVIDENCE, {})
    if not _ran(record, BlockName.EVIDENCE):
        return (State.RUNNING if record["verdict"] else State.WAITING), ""
    kept = len(block.get("details", {}).get("items", []))
    good = block["status"] == BlockStatus.COMPLETE
    return (State.DONE if good else State.TROUBLE), f"{kept} exports with their hashes"


def _hand_over(record: Json) -> tuple[State, str]:
    if _told(record, "completed"):
        return State.DONE, "ticket completed, analysts told the outcome"
    return (State.RUNNING if _ran(record, BlockName.EVIDENCE) else State.WAITING), ""


def _told(record: Json, phase: str) -> bool:
    start = f"analysts told ({phase}"
    return any(entry["event"].startswith(start) for entry in record["timeline"])


def _ran(record: Json, name: BlockName) -> bool:
    block = record["blocks"].get(name, {})
    return bool(block) and "not run yet" not in block.get("notes", [])


def _is_acting(record: Json) -> bool:
    automatic = any(item["disposition"] == Disposition.AUTOMATIC for item in record["plan"])
    return automatic or record["status"] == CaseStatus.CONTAINING


_READERS: tuple[tuple[str, Callable[[Json], tuple[State, str]]], ...] = (
    ("gather", _gather),
    ("decide", _decide),
    ("open", _open),
    ("ask", _ask),
    ("contain", _contain),
    ("preserve", _preserve),
    ("hand over", _hand_over),
)
