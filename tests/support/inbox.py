"""Incidents that wait to join a case: what the activities of joining see and answer."""

import threading
from typing import Any

from shared.models.base import Json
from shared.models.case import CaseRequest
from shared.playbook.intake.joining import brief, waiting_incident
from tests.support.scripts import case_payload


class Inbox:
    """What waits to join a case, as the activities see it; a look's result is claimed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Json] = []
        self._looks: dict[int, Json] = {}
        self.given_free = threading.Event()
        self.taken_back: list[Json] = []
        """What people took back in the case meanwhile."""

    def put(self, number: int, **changes: Any) -> Json:
        """Let an incident wait; return the event that wakes the case."""
        incident_id = f"/subscriptions/0/incidents/{number}"
        payload = case_payload(
            case_id=f"case-{number:024x}",
            incident={"source": "sentinel", "incident_id": incident_id, "title": f"No. {number}"},
            **changes,
        )
        case = CaseRequest.model_validate(payload)
        with self._lock:
            self._waiting.append(waiting_incident(case, case.now))
        return {"incident": case.case_id}

    def take(self, payload: Json) -> Json:
        """Stand for ``take_joined``."""
        with self._lock:
            if payload["look"] not in self._looks:
                taken, self._waiting = self._waiting, []
                self._looks[payload["look"]] = {
                    "count": len(taken),
                    "incidents": [brief(one) for one in taken[:20]],
                    "cases": [one["case"] for one in taken[:5]],
                }
            return self._looks[payload["look"]] | {
                "more": bool(self._waiting),
                "taken_back": self.taken_back,
            }

    def release(self, _payload: Json) -> Json:
        """Stand for ``release_account``."""
        self.given_free.set()
        with self._lock:
            return {"waiting": bool(self._waiting)}

    @property
    def taken(self) -> int:
        """How many were taken."""
        return sum(look["count"] for look in self._looks.values())

    @property
    def looks(self) -> int:
        """How often something or nothing was taken."""
        return len(self._looks)

    def scripts(self) -> dict[str, Any]:
        """The activities that this stands for."""
        return {"take_joined": self.take, "release_account": self.release}
