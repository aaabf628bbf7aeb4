"""The first answer of each question, as the case store has it: what people and the case claim."""

import threading
from typing import Any

from shared.models.base import Json
from shared.models.plan import Decision
from shared.playbook.planning.answers import answer_claim, is_a_persons, why_too_late
from tests.support.durable_backend import Run


class Claims:
    """Stands for the claims of one case's questions."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[str, Json] = {}

    def claim(self, answer: Json) -> Json | None:
        """Return the answer that was first, ``None`` for the first."""
        with self._lock:
            name = answer_claim("", answer["question"])
            found = self._made.get(name)
            self._made.setdefault(name, answer)
            return found

    def answer(self, run: Run, answer: Json, *, arrives: bool = True) -> str | None:
        """Answer as the routes do; return why it is refused. ``arrives``: the event does."""
        mine = Decision.model_validate(answer).to_json()
        first = Decision.model_validate(self.claim(mine) or mine)
        if arrives and is_a_persons(first):
            run.tell("Decision", first.to_json())
        return None if first.to_json() == mine else why_too_late(first)

    def scripts(self) -> dict[str, Any]:
        """The activity that this stands for."""
        return {"claim_decision": self._claim}

    def _claim(self, payload: Json) -> Json:
        return {"decision": self.claim(payload["decision"]) or payload["decision"]}
