"""A Teams channel behind a Workflows webhook.

Operation: ``webhook.post``. The body is checked against the webhook's form, the card against the
schema of Adaptive Cards 1.5, and the whole against the size that Teams takes. The signature in the
address is the credential.
"""

from functools import cached_property
from typing import Any, ClassVar

import jsonschema_rs

from lab.simulators.config import SimulatorSettings
from lab.simulators.exchange import Answer, Call, Operation
from lab.simulators.specification import Specification, first_error, load
from lab.simulators.vendor import Vendor, same

MOST_BYTES = 28 * 1024
"""https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors, size limits."""


class Teams(Vendor):
    """One channel with one webhook."""

    name: ClassVar[str] = "teams"

    def __init__(self, settings: SimulatorSettings) -> None:
        self._signature = settings.lab_teams_signature
        self._messages: list[dict[str, Any]] = []
        self.specification = Specification(
            "teams.json", bodies={"invoke": "workflow-message.schema.json"}
        )

    @cached_property
    def _card(self) -> jsonschema_rs.Validator:
        return jsonschema_rs.validator_for(load("adaptive-card-1.5.schema.json"))

    def operations(self) -> dict[str, Operation]:
        """See the module's docstring."""
        return {"invoke": Operation("webhook.post", self._post, "workflow")}

    def authenticate(self, call: Call) -> Answer | None:
        """Return 401 when the address has another signature."""
        if same(call.query.get("sig"), self._signature):
            return None
        error = {"code": "DirectApiAuthorizationRequired", "message": "The signature is wrong."}
        return Answer(401, {"error": error})

    def refuse(self, status: int, message: str) -> Answer:
        """Return the error of the workflow engine."""
        return Answer(status, {"error": {"code": "TriggerInputSchemaMismatch", "message": message}})

    def extra_violation(self, call: Call) -> str | None:
        """Check size and card."""
        if len(call.raw) > MOST_BYTES:
            return f"message of {len(call.raw)} bytes is too large"
        cards = (item["content"] for item in call.body["attachments"])
        return next(
            (wrong for card in cards if (wrong := first_error(self._card, card, "card"))), None
        )

    def reset(self) -> None:
        """No messages."""
        self._messages.clear()

    def snapshot(self) -> dict[str, Any]:
        """Return the channel's cards."""
        return {"teams": list(self._messages)}

    async def _post(self, call: Call) -> Answer:
        self._messages += [item["content"] for item in call.body["attachments"]]
        return Answer(202, effect=True)
