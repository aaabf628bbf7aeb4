"""What every vendor simulator offers the gateway and the lab API."""

import base64
import hmac
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from lab.simulators.exchange import Answer, Call, Operation
from lab.simulators.specification import Specification


class Vendor(ABC):
    """One vendor: its name in the ledger, its specification, its operations, its state."""

    name: ClassVar[str]
    specification: Specification

    @abstractmethod
    def operations(self) -> dict[str, Operation]:
        """Return what serves each operation id of the specification."""

    @abstractmethod
    def authenticate(self, call: Call) -> Answer | None:
        """Return the vendor's refusal if the credential is missing, wrong or expired."""

    @abstractmethod
    def refuse(self, status: int, message: str) -> Answer:
        """Return the vendor's error for a request that breaks its specification."""

    def fail(self, status: int, message: str) -> Answer:
        """Return the vendor's error body for a status that a fault asks for."""
        code = {429: "TooManyRequests", 503: "ServiceUnavailable"}.get(status, "InternalError")
        return Answer(status, {"error": {"code": code, "message": message}})

    def unmatched(self, call: Call) -> Operation | None:
        """Serve a path that the specification leaves out, such as an operation to poll."""
        return None

    def prepare(self, call: Call) -> str | None:
        """Bring a body into the form the specification describes; return what is wrong with it."""
        return None

    def extra_violation(self, call: Call) -> str | None:
        """Return a rule broken that the specification cannot express."""
        return None

    def reset(self) -> None:  # noqa: B027 - a vendor without state has nothing to forget
        """Forget all state."""

    def snapshot(self) -> dict[str, Any]:
        """Return the state for ``GET /_lab/tenant``."""
        return {}


def same(given: str | None, wanted: str) -> bool:
    """Compare credentials in constant time."""
    return hmac.compare_digest((given or "").encode(), wanted.encode())


def basic_credentials(authorization: str) -> tuple[str, str] | None:
    """Return user name and password of a Basic ``Authorization`` header."""
    kind, _, encoded = authorization.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return user, password
