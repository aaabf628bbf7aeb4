"""A stand-in for the Azure CLI: a few resources by their address, and what was sent."""

import re
from collections.abc import Callable
from typing import Any

from tools.provision.cloud import Denied, Json, Missing

PRINCIPAL = "11111111-2222-3333-4444-555555555555"
ENVIRONMENT = {
    "AZURE_ENV_NAME": "test",
    "AZURE_LOCATION": "westeurope",
    "AZURE_SUBSCRIPTION_ID": "00000000-0000-0000-0000-000000000001",
    "AZURE_TENANT_ID": "00000000-0000-0000-0000-000000000002",
    "AZURE_RESOURCE_GROUP": "rg-test",
    "TOURNIQUET_VAULT_NAME": "kv-test",
    "TOURNIQUET_APP_NAME": "func-test",
    "TOURNIQUET_APP_URL": "https://func-test.example",
    "TOURNIQUET_EVIDENCE_ACCOUNT": "stcasetest",
    "TOURNIQUET_IDENTITY_PRINCIPAL_ID": PRINCIPAL,
    "TOURNIQUET_MODE": "observe",
    "TOURNIQUET_DEFENDER_ENABLED": "",
    "TOURNIQUET_NAMED_LOCATION_ID": "",
    "DIRECTORY_ROLE": "user",
}


class FakeCloud:
    """Answers what it was told to; everything else is missing.

    ``things`` maps a pattern of addresses to an answer, or to an error that is raised. What is
    posted to a collection is listed in it from then on.
    """

    def __init__(self, things: dict[str, Any] | None = None, **values: str) -> None:
        self.things: dict[str, Any] = things or {}
        self.values = {**ENVIRONMENT, **values}
        self.sent: list[tuple[str, str, Json]] = []
        self.commands: list[tuple[str, ...]] = []
        self.answers: dict[str, Callable[[Json], Json]] = {}
        self.denied: str = ""
        self.accounts: list[Json] = [
            {"id": ENVIRONMENT["AZURE_SUBSCRIPTION_ID"], "tenantId": "t", "isDefault": True}
        ]

    def get(self, url: str) -> Json:
        for pattern, answer in self.things.items():
            if re.search(pattern, url):
                if isinstance(answer, Exception):
                    raise answer
                found: Json = answer
                return found
        raise Missing(url)

    def send(self, method: str, url: str, body: Json | None = None) -> Json:
        if self.denied and re.search(self.denied, url):
            raise Denied(f"Forbidden: {url}")
        self.sent.append((method, url, body or {}))
        return {"id": f"id-{len(self.sent)}", "appId": f"app-{len(self.sent)}"}

    def command(self, *arguments: str) -> Any:
        self.commands.append(arguments)
        if arguments[0] == "account":
            return self.accounts
        return {"registrationState": "NotRegistered"}

    def remember(self, name: str, value: str) -> None:
        self.values[name] = value

    def value(self, name: str) -> str:
        return self.values.get(name, "")

    def knows(self, name: str) -> bool:
        return name in self.values
