"""PagerDuty's Events API v2 for one service.

Operation: ``enqueue``; the target is the ``dedup_key``. An event for an open alert is added to it;
an acknowledgement or resolution of an alert that is not open is taken and changes nothing.
"""

import secrets
from typing import Any, ClassVar

from lab.simulators.config import SimulatorSettings
from lab.simulators.exchange import Answer, Call, Operation, RefusalError
from lab.simulators.specification import Specification
from lab.simulators.vendor import Vendor, same

LONGEST_SUMMARY = 1024
MOST_BYTES = 512 * 1024
STATES = {"trigger": "triggered", "acknowledge": "acknowledged", "resolve": "resolved"}


class PagerDuty(Vendor):
    """Alerts by key, in the order they were opened."""

    name: ClassVar[str] = "pagerduty"

    def __init__(self, settings: SimulatorSettings) -> None:
        self._key = settings.tourniquet_pagerduty_routing_key
        self._alerts: list[dict[str, Any]] = []
        self.specification = Specification("pagerduty-events.json")

    def operations(self) -> dict[str, Operation]:
        """See the module's docstring."""
        return {"createV2Event": Operation("enqueue", self._enqueue)}

    def authenticate(self, call: Call) -> Answer | None:
        """Nothing here: the routing key is in the body."""
        return None

    def refuse(self, status: int, message: str) -> Answer:
        """PagerDuty's error body."""
        return _invalid(message, status=status)

    def fail(self, status: int, message: str) -> Answer:
        """PagerDuty's error body."""
        said = "throttle exceeded" if status == 429 else "error"
        return Answer(status, {"status": said, "message": message})

    def extra_violation(self, call: Call) -> str | None:
        """Check what the documentation says and the specification does not."""
        body = call.body
        if len(call.raw) > MOST_BYTES:
            return "the event is larger than 512 KB"
        if body["event_action"] == "trigger":
            if "payload" not in body:
                return "'payload' is missing or blank"
            if len(body["payload"]["summary"]) > LONGEST_SUMMARY:
                return "'payload.summary' is too long"
        elif not body.get("dedup_key"):
            return "'dedup_key' is missing or blank"
        return None

    def reset(self) -> None:
        """No alerts."""
        self._alerts.clear()

    def snapshot(self) -> dict[str, Any]:
        """Alerts as they are now, each with the states that it went through; without the key."""
        return {"pages": self._alerts}

    async def _enqueue(self, call: Call) -> Answer:
        body = call.body
        if not same(str(body.pop("routing_key")), self._key):
            raise RefusalError(_invalid("Invalid routing key"))
        key = body.get("dedup_key") or secrets.token_hex(16)
        call.target = key
        open_one = next((one for one in self._alerts if _is_open(one, key)), None)
        action = body["event_action"]
        effect = True
        if action == "trigger" and open_one is None:
            alert = {"dedup_key": key, "status": STATES[action], "events": [body["payload"]]}
            self._alerts.append(alert | {"history": [STATES[action]]})
        elif open_one is None:
            effect = False
        elif action == "trigger":
            open_one["events"].append(body["payload"])
        else:
            effect = open_one["status"] != STATES[action]
            if effect:
                open_one["status"] = STATES[action]
                open_one["history"].append(STATES[action])
        answer = {"status": "success", "message": "Event processed", "dedup_key": key}
        return Answer(202, answer, effect=effect, detail={"action": action})


def _is_open(alert: dict[str, Any], key: str) -> bool:
    return bool(alert["dedup_key"] == key and alert["status"] != "resolved")


def _invalid(message: str, *, status: int = 400) -> Answer:
    body = {"status": "invalid event", "message": "Event object is invalid", "errors": [message]}
    return Answer(status, body)
