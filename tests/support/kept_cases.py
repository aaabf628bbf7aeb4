"""Finished cases as the lab left them, with hosts renamed: ``tests/data/cases``.

``brute-force`` is the scenario of that name in automatic mode. ``manual`` was opened by a ``POST``
to ``/api/cases`` in approve mode over the tenant of ``mailbox-takeover``; Ana Lyst signed in and
decided, then it was re-checked, and acknowledged and closed by function key.
"""

import json
from pathlib import Path

from shared.models.base import Json
from shared.playbook.reporting.next_steps import hand_over, next_steps

FOLDER = Path(__file__).parent.parent / "data" / "cases"


def kept_case(name: str) -> Json:
    """Return a record; what is computed when it is stored is computed anew."""
    record: Json = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    steps = [step.to_json() for step in hand_over(record)]
    return record | {"hand_over": steps, "next_steps": next_steps(record)}
