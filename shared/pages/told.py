"""What became of the messages, by channel, as the report shows it."""

from typing import NamedTuple

from shared.models.block import BlockName
from shared.models.case import CaseRecord
from shared.pages.text import when

TONES = {"sent": "good", "failed": "bad strong", "not_sent": "warn strong"}


class Told(NamedTuple):
    """One channel."""

    channel: str
    status: str
    tone: str
    """Classes of the style sheet."""
    detail: str
    """When, what it told, where the message is, and why it was not taken."""


def told(case: CaseRecord) -> list[Told]:
    """Return every channel that was to be told, in the order in which they were."""
    block = case.blocks.get(BlockName.NOTIFICATION)
    states = block.outputs.get("analyst_notification_status") if block is not None else None
    if not isinstance(states, dict):
        return []
    return [_told(str(name), state) for name, state in states.items() if isinstance(state, dict)]


def _told(channel: str, state: dict[str, object]) -> Told:
    status = str(state.get("status"))
    phase = str(state.get("phase") or "").replace("_", " ")
    parts = [when(str(state["at"])) if state.get("at") else "", phase]
    parts += [str(state.get("reference") or ""), str(state.get("reason") or "")]
    detail = ", ".join(part for part in parts if part)
    return Told(channel, status.replace("_", " "), TONES.get(status, "soft"), detail)
