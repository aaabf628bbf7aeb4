"""What travels between the gateway and a vendor simulator: a call, an answer, a refusal."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Call:
    """One request, already taken apart.

    ``path`` is below the vendor's prefix; ``params`` are its path parameters by the
    specification's names; ``body`` is the parsed JSON document or form, ``None`` without one.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    base_url: str
    raw: bytes = b""
    body: Any = None
    params: dict[str, str] = field(default_factory=dict)
    target: str = ""


@dataclass(slots=True)
class Answer:
    """What the vendor answers.

    ``effect`` is true only if the vendor's state changed; ``violation`` says, for the ledger
    only, which rule of the vendor's specification the request broke; ``detail`` is kept beside
    the ledger line.
    """

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    effect: bool = False
    violation: str | None = None
    detail: Any = None
    content_type: str = "application/json"
    """With any other, ``body`` is text and is sent as it is."""


type Handler = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a vendor: its name in the ledger and in faults, and what serves it.

    ``target`` is the path or query parameter that names what is acted upon; a handler may put a
    better one in ``Call.target``.
    """

    name: str
    handler: Handler
    target: str = ""


class RefusalError(Exception):
    """Raised by a handler to answer with a vendor error and change nothing."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"refused with {answer.status}")
        self.answer = answer
