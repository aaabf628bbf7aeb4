"""Azure Communication Services e-mail of one resource.

Operations: ``emails.send``, ``emails.operations.get``. The target is the operation's id. A mail
that is sent again with the same ``Operation-Id`` is the same operation; a sending runs for one look
and is done at the second; a recipient at ``nowhere.example`` fails.
"""

import uuid
from typing import Any, ClassVar

from lab.simulators.config import SimulatorSettings
from lab.simulators.entra_token import TokenAuthority, TokenError
from lab.simulators.exchange import Answer, Call, Operation, RefusalError
from lab.simulators.specification import Specification
from lab.simulators.vendor import Vendor

AUDIENCES = ["https://communication.azure.com"]
RETRY_AFTER = "0.2"


class CommunicationServices(Vendor):
    """Sendings by operation id; mails that went out, newest last."""

    name: ClassVar[str] = "communication_services"

    def __init__(self, authority: TokenAuthority, settings: SimulatorSettings) -> None:
        self._authority = authority
        self._sender = settings.tourniquet_mail_from
        self._sendings: dict[str, dict[str, Any]] = {}
        self._mails: list[dict[str, Any]] = []
        self.specification = Specification("azure-communication-email.json")

    def operations(self) -> dict[str, Operation]:
        """See the module's docstring."""
        return {
            "Email_Send": Operation("emails.send", self._send),
            "Email_GetSendResult": Operation("emails.operations.get", self._get, "operationId"),
        }

    def authenticate(self, call: Call) -> Answer | None:
        """Bearer token for Communication Services."""
        try:
            self._authority.check(call.headers.get("Authorization"), AUDIENCES)
        except TokenError as error:
            return _error(401, "Denied", f"Denied by the resource provider. {error}")
        return None

    def refuse(self, status: int, message: str) -> Answer:
        """The service's error body."""
        return _error(status, "BadRequest" if status == 400 else "NotFound", message)

    def reset(self) -> None:
        """Nothing was sent."""
        self._sendings.clear()
        self._mails.clear()

    def snapshot(self) -> dict[str, Any]:
        """Mails that went out."""
        return {"communicationServicesMails": self._mails}

    async def _send(self, call: Call) -> Answer:
        body = call.body
        if body["senderAddress"].lower() != self._sender.lower():
            text = "The specified sender domain has not been linked."
            raise RefusalError(_error(400, "DomainNotLinked", text))
        number = call.headers.get("Operation-Id") or str(uuid.uuid4())
        call.target = number
        known = number in self._sendings
        if not known:
            to = [one["address"] for one in body["recipients"]["to"]]
            reached = not any(one.endswith("@nowhere.example") for one in to)
            self._sendings[number] = {"looks": 0, "reached": reached}
            if reached:
                mail = {"to": to, "headers": body.get("headers", {}), **body["content"]}
                self._mails.append(mail)
        where = f"{call.base_url}/emails/operations/{number}?api-version=2025-09-01"
        headers = {"Operation-Location": where, "Retry-After": RETRY_AFTER}
        return Answer(202, {"id": number, "status": "Running"}, headers, effect=not known)

    async def _get(self, call: Call) -> Answer:
        number = call.params["operationId"]
        sending = self._sendings.get(number)
        if sending is None:
            raise RefusalError(_error(404, "NotFound", "The operation was not found."))
        sending["looks"] += 1
        if sending["looks"] < 2:
            body = {"id": number, "status": "Running"}
            return Answer(200, body, {"Retry-After": RETRY_AFTER})
        if sending["reached"]:
            return Answer(200, {"id": number, "status": "Succeeded"})
        error = {"code": "EmailDropped", "message": "The recipients are on the suppression list."}
        return Answer(200, {"id": number, "status": "Failed", "error": error})


def _error(status: int, code: str, message: str) -> Answer:
    return Answer(status, {"error": {"code": code, "message": message}})
